"""A posted form: small, url-encoded, from one of our own pages."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from fastapi import HTTPException
from starlette.requests import Request

CSRF_FIELD = "csrf"
LARGEST_FORM = 64 * 1024
MOST_FIELDS = 128
# What the door adds to a form that it carries along: a prefix for each name, login and password.
DOOR_ROOM = 8 * 1024


class Fields(dict[str, str]):
    """The fields by name, the last of each; `all` gives every value of a group of check boxes."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs = tuple(pairs)
        super().__init__(self.pairs)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for known, value in self.pairs if known == name)


async def form_of(request: Request, *, largest: int = LARGEST_FORM) -> Fields:
    """The fields of a small url-encoded form that one of our own pages sent."""
    check_origin(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(400)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise HTTPException(413)
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise HTTPException(400) from None
    return Fields(pairs)


def check_origin(request: Request) -> None:
    """Refuse a form that another site sent. Browsers name the origin of every POST."""
    origin = request.headers.get("origin")
    if origin is None:
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            raise HTTPException(403)
        return
    if urlsplit(origin).netloc != request.headers.get("host", ""):
        raise HTTPException(403)
