"""Turns rows into pages: one Jinja environment, autoescaped, with the words and times it may use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse

from inbox import moments, sendable, standing
from inbox.deps import InboxDeps, deps_of
from inbox.menu import figures_path, links_for, pages_of
from inbox.offers import Offers
from inbox.words import label, medicine, telling, word
from records import caseload, running, switches
from records.practitioners import Visitor
from records.switches import Stop
from records.talk import Bubble

_HERE = Path(__file__).parent
STATIC_FOLDER = _HERE / "static"
REFRESH_HEADER = "x-refresh"


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page shows around its content."""

    visitor: Visitor
    tally: caseload.Tally
    worker_silent_since: datetime | None
    worker_silent: bool
    now: datetime
    stopped: Stop | None = None
    offers: Offers = field(default_factory=Offers)


def frame(session: Session, deps: InboxDeps, visitor: Visitor, now: datetime) -> Frame:
    """Read what stands around a page, in the same transaction as the page itself."""
    beat = running.last_beat(session)
    return Frame(
        visitor=visitor,
        tally=caseload.tally(session, visitor.reader),
        worker_silent_since=beat,
        worker_silent=beat is None or now - beat > deps.worker_silence,
        now=now,
        stopped=switches.stopped(session),
        offers=deps.offers,
    )


def show(
    request: Request, template: str, around: Frame | None, *, status: int = 200, **content: Any
) -> HTMLResponse:
    """Render a page."""
    now = around.now if around else deps_of(request).clock()
    pages = pages_of(request.app)
    html = (
        environment().get_template(template).render(frame=around, now=now, pages=pages, **content)
    )
    return HTMLResponse(html, status_code=status)


def error_page(status: int) -> HTMLResponse:
    """A page that says what happened and what to do, and needs neither database nor session."""
    known = status if word("error_title", status) != str(status) else 500
    html = (
        environment()
        .get_template("error.html")
        .render(
            frame=None,
            status=status,
            title=word("error_title", known),
            text=word("error_text", known),
        )
    )
    return HTMLResponse(html, status_code=status)


@lru_cache(maxsize=1)
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["groupby_day"] = _by_day
    made.globals |= {
        "word": word,
        "label": label,
        "medicine": medicine,
        "telling": telling,
        "static": static_url,
        "clock": moments.clock,
        "full": moments.full,
        "day": moments.day,
        "ago": moments.ago,
        "lasting": moments.lasting,
        "age": moments.age,
        "hour": moments.hour,
        "heading": moments.heading,
        "stamp": moments.stamp,
        "short": moments.short,
        "standing": standing,
        "sendable": sendable,
        "links_for": links_for,
        "figures_path": figures_path,
    }
    return made


def _by_day(said: Iterable[Bubble], now: datetime) -> list[tuple[str, list[Bubble]]]:
    """What was said, under a heading for each day."""
    return [
        (heading, list(there))
        for heading, there in groupby(said, key=lambda one: moments.heading(one.at, now))
    ]


@lru_cache(maxsize=8)
def static_url(name: str) -> str:
    """The address of a static file, with its content in it: it may be kept for a year."""
    digest = hashlib.sha256((STATIC_FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"
