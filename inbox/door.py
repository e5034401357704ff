"""Who may come in: the session cookie, the check of every form, and what happens at the door.

A form is accepted from our own pages only (origin), with the session's token in it, and small.
Whoever must sign in first finds again what they had typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, NoReturn

from fastapi import Depends, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from inbox.deps import InboxDeps, deps_of
from inbox.form import CSRF_FIELD, Fields, form_of
from inbox.page import REFRESH_HEADER
from inbox.typed import let_go, page_behind, typed_in
from records import practitioners
from records.drafts import Pairs
from records.practitioners import Visitor, same


class SignInNeededError(Exception):
    """Nobody is signed in. `back` is where to go afterwards; `typed` is kept meanwhile."""

    def __init__(self, back: str, typed: Pairs = ()) -> None:
        super().__init__(back)
        self.back = back
        self.typed = typed


@dataclass(frozen=True, slots=True)
class Posted:
    """A form from somebody signed in, checked."""

    visitor: Visitor
    fields: Fields = field(default_factory=Fields)

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "").strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Every ticked value of a group of check boxes."""
        return self.fields.all(name)


async def signed_in(request: Request) -> Visitor:
    """The practitioner behind the cookie; sliding the session's end when it is used."""
    visitor = await visitor_of(request)
    if visitor is None:
        raise SignInNeededError(request.url.path)
    # A page that refreshes itself must not keep an abandoned session alive.
    if visitor.wants_renewal and REFRESH_HEADER not in request.headers:
        deps = deps_of(request)
        now, session_id = deps.clock(), visitor.session_id
        await deps.database.write(lambda session: practitioners.renew(session, session_id, now))
    return visitor


async def clinician(visitor: Annotated[Visitor, Depends(signed_in)]) -> Visitor:
    """Pages about people do not exist for those who see figures only."""
    if not visitor.reader.sees_people:
        raise HTTPException(404)
    return visitor


async def posted(request: Request) -> Posted:
    """A checked form of somebody signed in."""
    fields = await form_of(request)
    visitor = await visitor_of(request)
    if visitor is None:
        raise SignInNeededError(page_behind(request), typed_in(fields))
    if not same(fields.get(CSRF_FIELD), visitor.csrf_token):
        raise HTTPException(403)
    await let_go(request, visitor, fields)
    return Posted(visitor, fields)


async def clinical_post(form: Annotated[Posted, Depends(posted)]) -> Posted:
    """A checked form of somebody who may act on people."""
    if not form.visitor.reader.sees_people:
        raise HTTPException(404)
    return form


async def visitor_of(request: Request) -> Visitor | None:
    deps = deps_of(request)
    cookie = request.cookies.get(cookie_name(deps))
    if not cookie:
        return None
    now = deps.clock()
    return await deps.database.read(
        lambda session: practitioners.visitor(
            session, deps.vault, cookie, now, loopback=deps.loopback
        )
    )


def cookie_name(deps: InboxDeps) -> str:
    """With the prefix, browsers accept the cookie from this host over TLS only."""
    return "suifang" if deps.loopback else "__Host-suifang"


def device_cookie(deps: InboxDeps) -> str:
    """The cookie of a browser on which the password was given, by the same rule."""
    return "suifang_device" if deps.loopback else "__Host-suifang-device"


def set_cookie(
    response: Response, deps: InboxDeps, name: str, value: str, *, path: str = "/", age: int
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=age,
        path=path,
        httponly=True,
        samesite="lax",
        secure=not deps.loopback,
    )


def not_found() -> NoReturn:
    """What lies outside the catchment does not exist."""
    raise HTTPException(404)
