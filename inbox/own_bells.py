"""On one's own account: the code that binds WeCom or WeChat, unbinding, and the phone for notices."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.account import account_page
from inbox.deps import deps_of
from inbox.door import Posted, posted
from records import identities, numbers, practitioners
from records.duty import RUNG_ROLES
from records.phone_numbers import e164

router = APIRouter()


async def rung_post(form: Annotated[Posted, Depends(posted)]) -> Posted:
    """A checked form of somebody who is rung at all."""
    if form.visitor.reader.role not in RUNG_ROLES:
        raise HTTPException(404)
    return form


@router.post("/account/identities/code")
async def make_code(request: Request, form: Annotated[Posted, Depends(posted)]) -> Response:
    """A code to type in WeCom or WeChat; shown once."""
    deps, who = deps_of(request), form.visitor.reader.practitioner_id
    now = deps.clock()
    code = await deps.database.write(
        lambda session: identities.issue_code(session, deps.vault, who, now)
    )
    if code is None:
        return await account_page(request, form.visitor, problem="codes_too_many", status=429)
    return await account_page(request, form.visitor, code=code)


@router.post("/account/identities/unbind")
async def unbind(request: Request, form: Annotated[Posted, Depends(posted)]) -> Response:
    """From now on by password: no browser is trusted any more, and only this one stays signed in."""
    deps, who = deps_of(request), form.visitor.reader.practitioner_id
    now, provider = deps.clock(), form["provider"]

    def write(session: Session) -> None:
        identities.unbind(session, who, provider, now)
        practitioners.end_sessions(session, who, keep=form.visitor.session_id)

    if provider not in identities.PROVIDERS:
        raise HTTPException(404)
    await deps.database.write(write)
    return RedirectResponse("/account?done=identity_gone", 303)


@router.post("/account/number")
async def ask_number(request: Request, form: Annotated[Posted, Depends(rung_post)]) -> Response:
    """A number to be rung at: a code goes there first."""
    deps, who = deps_of(request), form.visitor.reader.practitioner_id
    now, number = deps.clock(), e164(form["number"])
    if number is None:
        return await account_page(request, form.visitor, problem="number_wrong", status=422)
    sent = await deps.database.write(
        lambda session: numbers.send_code(session, deps.vault, who, number, now)
    )
    if not sent:
        return await account_page(request, form.visitor, problem="numbers_too_many", status=429)
    return await account_page(request, form.visitor, asked=number)


@router.post("/account/number/confirm")
async def prove_number(request: Request, form: Annotated[Posted, Depends(rung_post)]) -> Response:
    """The code came back: ring there from now on."""
    deps, who = deps_of(request), form.visitor.reader.practitioner_id
    now, number, code = deps.clock(), e164(form["number"]) or "", form["code"]
    proven = await deps.database.write(
        lambda session: numbers.prove(session, deps.vault, who, number, code, now)
    )
    if not proven:
        return await account_page(
            request, form.visitor, problem="number_code_wrong", asked=number, status=422
        )
    return RedirectResponse("/account?done=number_set", 303)


@router.post("/account/number/drop")
async def drop_number(request: Request, form: Annotated[Posted, Depends(rung_post)]) -> Response:
    """No SMS to this phone any more."""
    deps, who = deps_of(request), form.visitor.reader.practitioner_id
    now = deps.clock()
    await deps.database.write(lambda session: numbers.drop(session, who, now))
    return RedirectResponse("/account?done=number_gone", 303)
