"""What goes on one sheet of paper: up to four signed forms of a year, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from care.form import Form
from records import forms
from records.caseload import called
from records.follow_ups import SIGNED
from records.forms import Sheet, Who
from records.reader import Reader
from records.tables import FollowUp, Practitioner
from records.vault import Vault

COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One visit on the paper, with the name of whoever signed it."""

    sheet: Sheet
    doctor: str


@dataclass(frozen=True, slots=True)
class Paper:
    """One page of the paper form."""

    form: Form
    who: Who
    year: int
    columns: tuple[Column, ...]


def paper(
    session: Session, vault: Vault, reader: Reader, follow_up_id: str, now: datetime
) -> Paper | None:
    """The page on which this signed form stands: the last four of its year up to it, or with it."""
    one = forms.sheet(session, vault, reader, follow_up_id, now)
    if one is None or one.state != SIGNED:
        return None
    signed = forms.signed_forms(session, vault, reader, one.who.id, one.programme, now)
    same_year = [sheet for sheet in signed if sheet.held_on.year == one.held_on.year]
    place = next(i for i, sheet in enumerate(same_year) if sheet.id == one.id)
    last = max(place + 1, min(len(same_year), COLUMNS))
    chosen = same_year[max(0, last - COLUMNS) : last]
    names = _names(session, vault, {sheet.signed_by for sheet in chosen if sheet.signed_by})
    columns = tuple(Column(sheet, names.get(sheet.signed_by or "", "")) for sheet in chosen)
    return Paper(one.form, one.who, one.held_on.year, columns)


def latest(session: Session, person_id: str, most: int = COLUMNS) -> tuple[FollowUp, ...]:
    """The last signed follow-ups of a person whom the caller found through a reader."""
    rows = session.exec(
        select(FollowUp)
        .where(FollowUp.person_id == person_id)
        .where(FollowUp.state == SIGNED)
        .order_by(col(FollowUp.held_on).desc(), col(FollowUp.id).desc())
        .limit(most)
    ).all()
    return tuple(rows)


def _names(session: Session, vault: Vault, ids: set[str]) -> dict[str, str]:
    rows = session.exec(select(Practitioner).where(col(Practitioner.id).in_(ids))).all()
    return {row.id: called(vault, row) or "" for row in rows}
