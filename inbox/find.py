"""The list of everybody in the catchment, and the box that finds one of them.

What is typed is a name or a number, so it never stands in an address that a log or a history could
keep: the form is posted, and the page that answers carries it sealed for this reader.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.deps import deps_of
from inbox.door import Posted, clinical_post, clinician
from inbox.page import REFRESH_HEADER, Frame, frame, show
from records import audit, finding
from records.finding import Found, Place, Wish
from records.practitioners import Visitor
from records.reader import Reader
from records.vault import Vault, VaultError

_SEALED = "finding.words"
STATUSES = ("active", "away", "unidentified", "refused", "moved", "deceased")
PROGRAMMES = ("hypertension", "type2_diabetes")
_FILTERS = ("place", "programme", "status", "unbound", "quiet")

router = APIRouter()


@router.get("/people")
async def people(request: Request, visitor: Annotated[Visitor, Depends(clinician)]) -> Response:
    """The list, narrowed to what the address asks for."""
    deps = deps_of(request)
    now, reader = deps.clock(), visitor.reader
    wish = _wish(request, deps.vault, reader)

    def read(session: Session) -> tuple[Frame, Found, tuple[Place, ...]]:
        found = finding.find(session, deps.vault, reader, wish, now, _page(request))
        return frame(session, deps, visitor, now), found, finding.places(session, reader)

    around, found, places = await deps.database.read(read)
    if REFRESH_HEADER not in request.headers:
        await deps.database.write(lambda session: _note(session, reader, wish, found, now))
    kept = {name: value for name in _FILTERS if (value := request.query_params.get(name))}
    return show(
        request,
        "people.html",
        around,
        found=found,
        wish=wish,
        places=places,
        statuses=STATUSES,
        programmes=PROGRAMMES,
        kept=kept,
        sealed=request.query_params.get("q", "") if wish.words else "",
        link=lambda **change: _link(request, change),
    )


@router.post("/people")
async def search(request: Request, form: Annotated[Posted, Depends(clinical_post)]) -> Response:
    """Take what was typed, seal it, and show the page that answers."""
    words = " ".join(form["words"].split())[: finding.LONGEST_WORDS]
    kept = {name: form[name] for name in _FILTERS if form[name]}
    if words:
        kept["q"] = seal_words(deps_of(request).vault, words, form.visitor.reader)
    return RedirectResponse(f"/people?{urlencode(kept)}" if kept else "/people", 303)


def seal_words(vault: Vault, words: str, reader: Reader) -> str:
    sealed = vault.seal(words, _SEALED, reader.practitioner_id)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _wish(request: Request, vault: Vault, reader: Reader) -> Wish:
    asked = request.query_params
    return Wish(
        words=_opened(vault, asked.get("q", ""), reader),
        facility_id=asked.get("place", ""),
        programme=_known(asked.get("programme", ""), PROGRAMMES),
        status=_known(asked.get("status", ""), STATUSES),
        unbound=bool(asked.get("unbound")),
        quiet=bool(asked.get("quiet")),
    )


def _opened(vault: Vault, sealed: str, reader: Reader) -> str:
    """The words of this reader; somebody else's link is an empty search."""
    try:
        raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        return vault.open(raw, _SEALED, reader.practitioner_id) if raw else ""
    except (VaultError, binascii.Error, ValueError):
        return ""


def _known(value: str, values: tuple[str, ...]) -> str:
    return value if value in values else ""


def _page(request: Request) -> int:
    text = request.query_params.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("10000") else 1


def _link(request: Request, change: dict[str, str]) -> str:
    """This page with something changed; an empty value takes it away."""
    asked = {name: request.query_params.get(name, "") for name in ("q", *_FILTERS)}
    left = {name: value for name, value in (asked | change).items() if value}
    return f"/people?{urlencode(left)}" if left else "/people"


def _note(session: Session, reader: Reader, wish: Wish, found: Found, now: datetime) -> None:
    audit.note(
        session,
        actor=reader.actor,
        action="find" if wish.words else "read",
        subject="people",
        subject_id=reader.facility_id,
        facility_id=reader.facility_id,
        now=now,
        detail={"shown": len(found.entries), "total": found.total},
    )
