"""The figures for another program: read only, by token, the same rows as on the page.

Whoever holds a token looks from outside: small numbers are hidden.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from inbox.deps import deps_of
from records import api_tokens, audit
from records.api_tokens import Bearer
from reports.answer import answer
from reports.month import Month, MonthError
from reports.report import Report, Scope, build

router = APIRouter()

_SCHEME = "bearer "
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_LATER = {"Retry-After": "60"}


@router.get("/api/v1/reports")
async def report(request: Request) -> Response:
    """The report of one area and month: `area` (the token's facility), `month` (the last full one)."""
    holder = await _holder(request)
    if isinstance(holder, Response):
        return holder
    deps = deps_of(request)
    now = deps.clock()
    month = _month(request.query_params.get("month"), Month.of(now))
    if month is None:
        return _refusal(422, "month")
    area = request.query_params.get("area") or holder.facility_id

    def read(session: Session) -> Report | None:
        scope = Scope(holder.facility_path, sees_small=False)
        return build(session, scope, area, month, now)

    found = await deps.database.read(read)
    if found is None:
        return _refusal(404, "area")
    await deps.database.write(
        lambda session: audit.note(
            session,
            actor=holder.actor,
            action="read",
            subject="report",
            subject_id=str(month),
            facility_id=area,
            now=now,
        )
    )
    told: dict[str, Any] = await asyncio.to_thread(answer, found)
    return JSONResponse(told)


async def _holder(request: Request) -> Bearer | Response:
    """Who asks; or the refusal, which is slow to be had often."""
    deps = deps_of(request)
    now = deps.clock()
    given = request.headers.get("authorization", "")
    text = given[len(_SCHEME) :].strip() if given.lower().startswith(_SCHEME) else ""
    address = request.client.host if request.client else ""

    def write(session: Session) -> Bearer | Response:
        found = api_tokens.bearer(session, text, now) if text else None
        if found is None:
            few = api_tokens.may_be_refused(session, address, now)
            return _refusal(401, "token", _CHALLENGE) if few else _refusal(429, "rate", _LATER)
        if not api_tokens.may_ask(session, found, now):
            return _refusal(429, "rate", _LATER)
        return found

    return await deps.database.write(write)


def _month(text: str | None, current: Month) -> Month | None:
    if not text:
        return current.preceding()
    try:
        month = Month.parse(text)
    except MonthError:
        return None
    return month if month <= current else None


def _refusal(status: int, code: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": code}, status_code=status, headers=headers)
