"""Signing in and out, and changing one's password.

Hashing is slow on purpose, so it runs in threads of its own: the database's threads stay free for
the webhooks.
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.deps import InboxDeps, deps_of
from inbox.door import (
    Posted,
    cookie_name,
    device_cookie,
    posted,
    set_cookie,
    signed_in,
    visitor_of,
)
from inbox.form import CSRF_FIELD, DOOR_ROOM, LARGEST_FORM, form_of
from inbox.page import Frame, frame, show
from inbox.typed import PREFIX, carried, local_path, quotes
from inbox.words import word
from records import audit, bells, devices, drafts, identities, practitioners
from records.drafts import Pairs
from records.duty import RUNG_ROLES
from records.identities import Bound
from records.practitioners import Credentials, PasswordError, Ticket, Visitor, same

DOOR_COOKIE = "suifang_door"
_DOOR_SECONDS = 3600
SESSION_SECONDS = int(practitioners.LONGEST_SESSION.total_seconds())

_FLASHES = frozenset({"password", "identity_gone", "number_set", "number_gone"})

router = APIRouter()


@router.get("/sign-in")
async def sign_in_page(request: Request) -> Response:
    """The form; straight through for whoever is signed in already."""
    back = local_path(request.query_params.get("back"))
    if await visitor_of(request):
        return RedirectResponse(back, 303)
    return door_page(request, back=back)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Compare the password outside any transaction, then open a session."""
    deps = deps_of(request)
    fields = await form_of(request, largest=LARGEST_FORM + DOOR_ROOM)
    door = request.cookies.get(DOOR_COOKIE)
    if not door or not same(fields.get(CSRF_FIELD), door):
        raise HTTPException(403)
    login, password = fields.get("login", ""), fields.get("password", "")
    typed = carried(fields)
    back = local_path(fields.get("back"))
    known, problem = await compare(deps, login, password, address_of(request))
    if known is None:
        status = 429 if problem == "too_many" else 401
        return door_page(
            request, back=back, typed=typed, login=login, problem=problem, status=status
        )
    ticket = await _open_by_password(deps, known, password)
    if typed:
        await _keep(deps, known.practitioner_id, back, typed)
    answer = RedirectResponse(back, 303)
    set_cookie(answer, deps, cookie_name(deps), ticket.cookie, age=SESSION_SECONDS)
    answer.delete_cookie(DOOR_COOKIE, path="/sign-in")
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, form: Annotated[Posted, Depends(posted)]) -> Response:
    deps = deps_of(request)
    session_id, device = form.visitor.session_id, request.cookies.get(device_cookie(deps))

    def leave(session: Session) -> None:
        practitioners.sign_out(session, session_id)
        devices.forget_one(session, deps.vault, device)

    await deps.database.write(leave)
    answer = RedirectResponse("/sign-in", 303)
    # Browsers forget a __Host- cookie only when told with the same marks it was set with.
    answer.delete_cookie(
        cookie_name(deps), path="/", secure=not deps.loopback, httponly=True, samesite="lax"
    )
    return answer


@router.get("/account")
async def account(request: Request, visitor: Annotated[Visitor, Depends(signed_in)]) -> Response:
    """Who is signed in, and the form for a new password."""
    code = request.query_params.get("done", "")
    return await account_page(request, visitor, flash=code if code in _FLASHES else "")


@router.post("/account/password")
async def change_password(request: Request, form: Annotated[Posted, Depends(posted)]) -> Response:
    """A new password ends every other session."""
    deps = deps_of(request)
    visitor, new = form.visitor, form.fields.get("new", "")
    now, reader = deps.clock(), visitor.reader
    if new != form.fields.get("again", ""):
        return await account_page(request, visitor, problem="differ", status=422)
    try:
        practitioners.check_password(new, visitor.login)
    except PasswordError as error:
        problem = "password_too_long" if error.reason == "too_long" else error.reason
        return await account_page(request, visitor, problem=problem, status=422)
    known, problem = await compare(
        deps, visitor.login, form.fields.get("old", ""), address_of(request)
    )
    if known is None:
        problem = "too_many" if problem == "too_many" else "old_wrong"
        return await account_page(request, visitor, problem=problem, status=422)
    hashed = await asyncio.to_thread(practitioners.hash_password, new)

    def write(session: Session) -> None:
        practitioners.set_password(session, reader.practitioner_id, hashed, keep=visitor.session_id)
        audit.note(
            session,
            actor=reader.actor,
            action="change_password",
            subject="practitioner",
            subject_id=reader.practitioner_id,
            now=now,
        )

    await deps.database.write(write)
    return RedirectResponse("/account?done=password", 303)


def door_page(
    request: Request,
    *,
    back: str = "/",
    typed: Pairs = (),
    login: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    """The sign-in form, carrying along what was typed before the session ended."""
    deps = deps_of(request)
    token = request.cookies.get(DOOR_COOKIE) or secrets.token_urlsafe(32)
    answer = show(
        request,
        "sign_in.html",
        None,
        status=status,
        csrf=token,
        back=back,
        typed=[(f"{PREFIX}{name}", value) for name, value in typed],
        quotes=quotes(typed),
        login=login,
        problem=word("problem", problem),
        elsewhere=_elsewhere(request),
    )
    set_cookie(answer, deps, DOOR_COOKIE, token, path="/sign-in", age=_DOOR_SECONDS)
    return answer


def _elsewhere(request: Request) -> str:
    """The platform whose own browser this is, if one may sign in through it. Elsewhere it is no use."""
    agent = request.headers.get("user-agent", "").casefold()
    if "wxwork" in agent:
        name = identities.WECOM
    else:
        name = identities.WECHAT if "micromessenger" in agent else ""
    return name if name in deps_of(request).sources else ""


async def compare(
    deps: InboxDeps, login: str, password: str, address: str
) -> tuple[Credentials | None, str]:
    """The credentials when the password is right; else the problem."""
    now = deps.clock()
    allowed = await deps.database.write(
        lambda session: practitioners.may_try(session, login, address, now)
    )
    if not allowed:
        return None, "too_many"
    known = await deps.database.read(
        lambda session: practitioners.credentials(session, login, loopback=deps.loopback)
    )
    right = await asyncio.to_thread(practitioners.password_matches, known, password)
    if known is None or not right:
        await deps.database.write(lambda session: _refused(session, known, now))
        return None, "wrong_password"
    await deps.database.write(lambda session: practitioners.forgive(session, login, address))
    return known, ""


def _refused(session: Session, known: Credentials | None, now: datetime) -> None:
    """Into the audit trail, for a login that exists or not: both must take the same time.

    How many there can be is limited by the brake.
    """
    audit.note(
        session,
        actor="unknown",
        action="sign_in_failed",
        subject="practitioner",
        subject_id=known.practitioner_id if known else "-",
        now=now,
    )


async def _open_by_password(deps: InboxDeps, known: Credentials, password: str) -> Ticket:
    now = deps.clock()
    fresh = None
    if practitioners.needs_rehash(known):
        fresh = await asyncio.to_thread(practitioners.hash_password, password)

    def write(session: Session) -> Ticket:
        if fresh:
            practitioners.rehash(session, known.practitioner_id, fresh)
        return open_session(session, known.practitioner_id, now)

    return await deps.database.write(write)


def open_session(session: Session, practitioner_id: str, now: datetime, *, by: str = "") -> Ticket:
    """Open a session and write it down; `by` is the platform that said who it is."""
    audit.note(
        session,
        actor=f"practitioner:{practitioner_id}",
        action="sign_in",
        subject="practitioner",
        subject_id=practitioner_id,
        now=now,
        detail={"by": by} if by else None,
    )
    return practitioners.sign_in(session, practitioner_id, now)


async def _keep(deps: InboxDeps, practitioner_id: str, path: str, typed: Pairs) -> None:
    now = deps.clock()
    await deps.database.write(
        lambda session: drafts.keep(session, deps.vault, practitioner_id, path, typed, now)
    )


async def account_page(
    request: Request,
    visitor: Visitor,
    *,
    problem: str = "",
    flash: str = "",
    status: int = 200,
    code: str = "",
    asked: str = "",
) -> Response:
    """The account; `code`: one that was just made, `asked`: the number that waits for its code."""
    deps = deps_of(request)
    now, reader = deps.clock(), visitor.reader
    rung = reader.role in RUNG_ROLES

    def read(session: Session) -> tuple[Frame, list[Bound], str]:
        number = bells.number_of(session, deps.vault, reader.practitioner_id) if rung else None
        bound = identities.bound_to(session, reader.practitioner_id)
        return frame(session, deps, visitor, now), bound, number or ""

    around, bound, number = await deps.database.read(read)
    return show(
        request,
        "account.html",
        around,
        status=status,
        problem=word("problem", problem),
        flash=flash,
        shortest=practitioners.SHORTEST_PASSWORD,
        sources=tuple(deps.sources),
        source_names="或".join(word("identity", one) for one in deps.sources),
        bound={one.provider: one.bound_at for one in bound},
        code=code,
        minutes=int(identities.LASTS.total_seconds() // 60),
        texts=rung and (deps.texts or bool(number)),
        number=masked(number),
        asked=asked,
    )


def masked(number: str) -> str:
    """A phone number as far as its owner needs to know it again."""
    return f"{number[:-8].removeprefix('+86')}****{number[-4:]}" if number else ""


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"
