"""Who may come in: the session cookie, the check of every form, and what happens at the door.

A form is accepted from our own pages only (origin), with the session's token in it, and small.
Whoever must sign in first finds again what they had typed.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Annotated, NoReturn
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from inbox.deps import InboxDeps, deps_of
from inbox.page import REFRESH_HEADER
from records import practitioners
from records.practitioners import Visitor, same
from records.vault import Vault, VaultError

CSRF_FIELD = "csrf"
LARGEST_FORM = 64 * 1024
MOST_FIELDS = 20
DRAFT_COOKIE = "suifang_draft"
DRAFT_SECONDS = 600
# Only what a person typed is carried over a new sign-in; a button is pressed again.
TYPED_FIELDS = ("text", "remark")
_LOCAL_PATH = re.compile(r"(/[A-Za-z0-9_-]+)*/?")


class SignInNeededError(Exception):
    """Nobody is signed in. `back` is where to go afterwards; `typed` is kept meanwhile."""

    def __init__(self, back: str, typed: dict[str, str] | None = None) -> None:
        super().__init__(back)
        self.back = back
        self.typed = typed or {}


@dataclass(frozen=True, slots=True)
class Posted:
    """A form from somebody signed in, checked."""

    visitor: Visitor
    fields: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "").strip()


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
        typed = {name: fields[name] for name in TYPED_FIELDS if fields.get(name, "").strip()}
        raise SignInNeededError(_page_behind(request.url.path), typed)
    if not same(fields.get(CSRF_FIELD), visitor.csrf_token):
        raise HTTPException(403)
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


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a small url-encoded form that one of our own pages sent."""
    check_origin(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(400)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise HTTPException(413)
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise HTTPException(400) from None
    return dict(pairs)


def check_origin(request: Request) -> None:
    """Refuse a form that another site sent. Browsers name the origin of every POST."""
    origin = request.headers.get("origin")
    if origin is None:
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            raise HTTPException(403)
        return
    if urlsplit(origin).netloc != request.headers.get("host", ""):
        raise HTTPException(403)


def cookie_name(deps: InboxDeps) -> str:
    """With the prefix, browsers accept the cookie from this host over TLS only."""
    return "suifang" if deps.loopback else "__Host-suifang"


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


def local_path(path: str | None) -> str:
    """A page of ours to go back to; anything else becomes the first page."""
    return path if path and _LOCAL_PATH.fullmatch(path) else "/"


def seal_draft(vault: Vault, typed: dict[str, str], practitioner_id: str) -> str:
    sealed = vault.seal(json.dumps(typed, ensure_ascii=False), "drafts.text", practitioner_id)
    return base64.urlsafe_b64encode(sealed).decode()


def open_draft(request: Request, vault: Vault, practitioner_id: str) -> dict[str, str]:
    """What was typed before the session ended, if this browser brought it along."""
    value = request.cookies.get(DRAFT_COOKIE)
    if not value:
        return {}
    try:
        text = vault.open(base64.urlsafe_b64decode(value), "drafts.text", practitioner_id)
    except (VaultError, binascii.Error, ValueError):
        return {}
    found: dict[str, str] = json.loads(text)
    return found


def not_found() -> NoReturn:
    """What lies outside the catchment does not exist."""
    raise HTTPException(404)


def _page_behind(path: str) -> str:
    """The page a form stood on: /cases/{id}/reply → /cases/{id}."""
    parts = path.strip("/").split("/")
    return "/" + "/".join(parts[:2]) if len(parts) > 2 else "/"  # noqa: PLR2004 - see above
