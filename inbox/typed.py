"""What was typed when the session ended is never lost.

It travels inside the sign-in form, because before the sign-in nobody is known to keep it for. Then
it is kept for whoever signed in, for the page it stood on, and that page fills itself in again.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.routing import Match

from inbox.deps import deps_of
from inbox.form import CSRF_FIELD, Fields
from records import drafts
from records.drafts import Pairs
from records.practitioners import Visitor

PREFIX = "kept."
# Not typed, or not to be kept: tokens, and what opens doors.
_NOT_KEPT = frozenset({CSRF_FIELD, "once", "password", "old", "new", "again"})
# Dots stand inside the ids of articles, never at the edge of a part: no "..", no file.
_LOCAL_PATH = re.compile(r"(/[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)*/?")
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_QUOTED = 3
_WORDS = 4


def local_path(path: str | None) -> str:
    """A page of ours to go back to; anything else becomes the first page."""
    return path if path and _LOCAL_PATH.fullmatch(path) else "/"


def typed_in(fields: Fields) -> Pairs:
    """What is worth carrying over a new sign-in; nothing when everything is empty."""
    pairs = tuple((name, value) for name, value in fields.pairs if name not in _NOT_KEPT)
    filled = [value for _, value in pairs if value.strip()]
    # One code alone is a button: it is pressed again.
    button = len(filled) == 1 and _CODE.fullmatch(filled[0])
    return pairs if filled and not button else ()


def carried(fields: Fields) -> Pairs:
    """What the sign-in form brought along."""
    return tuple(
        (name.removeprefix(PREFIX), value)
        for name, value in fields.pairs
        if name.startswith(PREFIX)
    )


def quotes(pairs: Pairs) -> list[str]:
    """The words among it, to show that they are still there."""
    words = (value for _, value in pairs if len(value.strip()) >= _WORDS and not value.isascii())
    return list(words)[:_QUOTED]


def page_behind(request: Request) -> str:
    """The page a form stood on: where the browser says it was, else the next one up the address."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if came_from.netloc == request.headers.get("host", "") and _is_page(request, came_from.path):
        return local_path(came_from.path)
    path = request.url.path.rstrip("/")
    while path and not _is_page(request, path):
        path = path.rpartition("/")[0]
    return local_path(path)


async def kept(request: Request, visitor: Visitor) -> Fields:
    """What this visitor had typed on this page before the session ended; mostly nothing."""
    deps = deps_of(request)
    now, path, owner = deps.clock(), request.url.path, visitor.reader.practitioner_id
    return Fields(
        await deps.database.read(lambda session: drafts.find(session, deps.vault, owner, path, now))
    )


async def let_go(request: Request, visitor: Visitor, fields: Fields) -> None:
    """The form was posted: its handler has the words now, the draft is no longer needed."""
    names = [name for name, value in typed_in(fields) if value]
    if not names:
        return
    deps = deps_of(request)
    now, path, owner = deps.clock(), page_behind(request), visitor.reader.practitioner_id
    waiting = await deps.database.read(
        lambda session: drafts.find(session, deps.vault, owner, path, now)
    )
    if waiting:
        await deps.database.write(
            lambda session: drafts.drop(session, deps.vault, owner, path, names, now)
        )


def _is_page(request: Request, path: str) -> bool:
    asked = {**request.scope, "method": "GET", "path": path, "root_path": ""}
    return any(
        route.matches(asked)[0] is Match.FULL
        for route in request.app.router.routes
        if hasattr(route, "matches")
    )
