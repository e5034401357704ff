"""A posted file: kept in memory, small, from one of our own pages, from somebody signed in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from fastapi import HTTPException
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from inbox.door import Posted, SignInNeededError, visitor_of
from inbox.form import CSRF_FIELD, Fields, check_origin, form_of
from records.practitioners import same
from records.register.workbook import LARGEST_FILE

_AROUND = 64 * 1024
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A checked form with a file. `content` is None when it was larger than allowed."""

    form: Posted
    name: str
    content: bytes | None


class _InMemory(MultiPartParser):
    """A register holds names and numbers: it must not lie about in a temporary folder."""

    spool_max_size = LARGEST_FILE + _AROUND


class _TooLargeError(Exception):
    """More arrived than is read."""


async def uploaded(request: Request) -> Uploaded:
    """The file of a form, after the same checks as any other form."""
    name, content, fields = "", b"", Fields()
    large = False
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        check_origin(request)
        try:
            name, content, fields = await _parts(request)
        except _TooLargeError:
            large = True
    else:
        fields = await form_of(request)
    visitor = await visitor_of(request)
    if visitor is None:
        raise SignInNeededError(request.url.path)
    # The token stands in front of the file; a form that was too large to read changes nothing.
    if not large and not same(fields.get(CSRF_FIELD), visitor.csrf_token):
        raise HTTPException(403)
    return Uploaded(Posted(visitor, fields), name, None if large else content)


async def _parts(request: Request) -> tuple[str, bytes, Fields]:
    parser = _InMemory(
        request.headers, _limited(request), max_files=1, max_fields=8, max_part_size=_AROUND
    )
    try:
        form = await parser.parse()
    except MultiPartException:
        raise HTTPException(400) from None
    name, content = "", b""
    pairs = []
    for key, value in form.multi_items():
        if isinstance(value, UploadFile):
            name, content = (value.filename or "")[-_LONGEST_NAME:], await value.read()
        else:
            pairs.append((key, value))
    await form.close()
    return name, content, Fields(pairs)


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    read = 0
    async for chunk in request.stream():
        read += len(chunk)
        if read > LARGEST_FILE + _AROUND:
            raise _TooLargeError
        yield chunk
