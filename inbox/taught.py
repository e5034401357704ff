"""What a person was taught, on her page: so that the doctor knows what was said in her name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from sqlmodel import Session

from inbox.deps import InboxDeps
from knowledge.article import read_articles
from records import consents, lessons
from records.dossier import Dossier
from records.people import china_date
from records.practitioners import Visitor


@dataclass(frozen=True, slots=True)
class Line:
    """One lesson: its title, why it was chosen, what became of it."""

    title: str
    reason: str
    on: date
    state: str
    wrote: bool


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the part shows. `wanted`: lessons may go to one of her phones."""

    lines: tuple[Line, ...]
    wanted: bool


def on_the_page(
    session: Session, _deps: InboxDeps, visitor: Visitor, found: Dossier, _now: datetime
) -> Lessons:
    """The last lessons, the newest first."""
    wanted = any(
        consents.EDUCATION in consents.allowed(session, found.id, contact.id)
        for contact in found.contacts
        if not contact.stopped
    )
    lines = tuple(
        Line(
            _titles().get(one.article_id, one.article_id),
            one.reason,
            china_date(one.at),
            one.state,
            one.wrote,
        )
        for one in lessons.of_person(session, visitor.reader, found.id)
    )
    return Lessons(lines, wanted)


@lru_cache(maxsize=1)
def _titles() -> dict[str, str]:
    return {article.id: article.title for article in read_articles()}
