"""The copy of everything kept about a person, for herself: to read, and for another program."""

from __future__ import annotations

import io
import json
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlmodel import Session, col, select

from care.reading import UNITS, Kind
from records.belongings import Belongings, belongings
from records.caseload import readable
from records.media import STORED, content_of
from records.messages import BODY
from records.outbound import BODY as OUTBOUND_BODY
from records.readings import as_reading
from records.register.fields import values_of
from records.tables import (
    AuditEvent,
    Consent,
    Enrolment,
    Facility,
    FollowUp,
    InboundMessage,
    Media,
    OutboundMessage,
    Person,
    Practitioner,
    StoredReading,
)
from records.times import CHINA
from records.vault import Vault

_HERE = Path(__file__).parent
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "audio/amr": "amr", "audio/mpeg": "mp3"}
_FACTS = ("name", "sex", "born_on", "identity_number", "phone", "height_cm", "drugs", "emergency")


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the copy."""

    title: str
    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class OwnCopy:
    """The tables, and the photos and voices that belong to them by name."""

    sections: list[Section]
    files: dict[str, bytes]


def own_copy(session: Session, vault: Vault, person: Person) -> OwnCopy:
    """Everything that is kept about her. On a shared phone, only what is hers."""
    found = belongings(session, person.id)
    files = _files(session, vault, found)
    sections = [
        _facts(session, vault, person),
        _programmes(session, found),
        _readings(session, found),
        _follow_ups(session, found),
        _messages(session, vault, found, files),
        _consents(session, found),
        _looks(session, found),
    ]
    return OwnCopy(sections, dict(files.values()))


def as_zip(copy: OwnCopy) -> bytes:
    """A page to read, the same as JSON, and the attachments."""
    words = _words()
    page = _page().render(title=words["title"], intro=words["intro"], sections=copy.sections)
    tables = {"title": words["title"], "sections": [asdict(one) for one in copy.sections]}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(f"{words['title']}.html", page)
        parts.writestr(f"{words['title']}.json", json.dumps(tables, ensure_ascii=False, indent=1))
        for name, content in copy.files.items():
            parts.writestr(name, content)
    return file.getvalue()


def _facts(session: Session, vault: Vault, person: Person) -> Section:
    values = values_of(vault, person)
    place = session.get(Facility, person.facility_id) if person.facility_id else None
    rows = [[_word(key), _word(values[key])] for key in _FACTS if key in values]
    rows.append([_word("facility"), place.name if place else ""])
    rows.append([_word("registered_at"), _time(person.registered_at)])
    return _section("person", ("what", "value"), rows)


def _programmes(session: Session, found: Belongings) -> Section:
    rows = [
        [_word(one.programme), one.enrolled_on.isoformat(), str(one.ended_on or "")]
        for one in session.exec(_mine(Enrolment, found))
    ]
    return _section("programmes", ("what", "since", "until"), rows)


def _readings(session: Session, found: Belongings) -> Section:
    rows = [
        [
            _time(one.taken_at),
            _word(one.kind) + (f"（{_word(one.context)}）" if one.context else ""),
            f"{as_reading(one)} {UNITS[Kind(one.kind)]}",
            _word(one.setting),
            _word(one.state),
        ]
        for one in session.exec(_mine(StoredReading, found))
    ]
    return _section("readings", ("at", "kind", "value", "setting", "state"), sorted(rows))


def _follow_ups(session: Session, found: Belongings) -> Section:
    rows = [
        [str(one.held_on or one.due_on), _word(one.programme), _word(one.mode), _word(one.state)]
        for one in session.exec(_mine(FollowUp, found))
    ]
    return _section("follow_ups", ("due_on", "kind", "mode", "state"), sorted(rows))


def _messages(
    session: Session, vault: Vault, found: Belongings, files: dict[str, tuple[str, bytes]]
) -> Section:
    said = [
        [
            _time(one.received_at),
            _word("me"),
            readable(vault, one.body_sealed, BODY, one.id) or "",
            files[one.id][0] if one.id in files else "",
        ]
        for one in _by_id(session, InboundMessage, found.inbound)
    ]
    told = [
        [
            _time(one.created_at),
            _word("doctor" if one.author_id else "system"),
            readable(vault, one.body_sealed, OUTBOUND_BODY, one.id) or "",
            "",
        ]
        for one in _by_id(session, OutboundMessage, found.outbound)
        if one.practitioner_id is None
    ]
    return _section("messages", ("at", "from", "text", "file"), sorted([*said, *told]))


def _consents(session: Session, found: Belongings) -> Section:
    rows = [
        [
            _word(one.purpose),
            _time(one.given_at),
            _time(one.revoked_at) if one.revoked_at else "",
        ]
        for one in session.exec(_mine(Consent, found))
    ]
    return _section("consents", ("purpose", "given", "revoked"), rows)


def _looks(session: Session, found: Belongings) -> Section:
    """By role, not by name: she may know who looked, a doctor's account is not hers to carry off."""
    roles = {
        f"practitioner:{row[0]}": row[1]
        for row in session.exec(select(Practitioner.id, Practitioner.role))
    }
    rows = [
        [
            _time(one.at),
            _word(roles.get(one.actor, one.actor.partition(":")[0])),
            _word(one.action),
        ]
        for one in session.exec(_mine(AuditEvent, found))
    ]
    return _section("looks", ("at", "by", "action"), sorted(rows))


def _files(session: Session, vault: Vault, found: Belongings) -> dict[str, tuple[str, bytes]]:
    """Name and content by the message they came with."""
    files: dict[str, tuple[str, bytes]] = {}
    for one in session.exec(
        select(Media)
        .where(col(Media.inbound_message_id).in_(found.inbound))
        .where(Media.state == STORED)
    ):
        content = content_of(vault, one)
        if content is not None:
            ending = _ENDINGS.get((one.content_type or "").partition(";")[0], "bin")
            files[one.inbound_message_id] = (f"{_word('file')}{len(files) + 1}.{ending}", content)
    return files


def _mine(table: Any, found: Belongings) -> Any:
    return select(table).where(table.person_id.in_(found.records)).order_by(table.id)


def _by_id(session: Session, table: Any, ids: Sequence[str]) -> Sequence[Any]:
    return session.exec(select(table).where(table.id.in_(ids))).all()


def _section(key: str, columns: Sequence[str], rows: list[list[str]]) -> Section:
    words = _words()
    return Section(words["sections"][key], [words["columns"][name] for name in columns], rows)


def _word(code: str) -> str:
    """The word for a code; what is no code is shown as it is."""
    found = _words()["words"]
    return str(found.get(code, found.get(code.partition(".")[0], code)))


def _time(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    return tomllib.loads((_HERE / "own_copy.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def _page() -> Any:
    made = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
    return made.get_template("own_copy.html")
