"""What a village doctor writes down: a visit at the clinic, and the signature under a draft.

Through the functions behind the pages, with the values a meter showed; used by the demonstration's
year and by the simulation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from care.entry import enter
from care.filling import spell
from care.form import Mode
from care.reading import Kind, Reading
from records import forms, signing, visits
from records.people import china_date
from records.reader import Reader
from records.signing import Signed
from records.vault import Vault

# A calm visit: no complaint, medicines taken, both feet felt. Codes of the official forms.
_CALM = {
    "symptoms.1": "on",
    "med_adherence": "1",
    "adr": "1",
    "dorsalis_pedis": "1",
    "dorsalis_pedis_side": "1",
    "hypo_reaction": "1",
    "smoke": "0",
    "alcohol": "0",
    "exercise_times": "5",
    "exercise_minutes": "30",
    "salt": "轻",
    "staple": "300",
    "psych_adjust": "1",
    "compliance_behavior": "1",
}
_CLINIC, _PHONE = "1", "3"


def hold_visit(
    session: Session,
    vault: Vault,
    reader: Reader,
    person_id: str,
    measured: Sequence[Reading],
    *,
    once: str,
    now: datetime,
    mode: Mode = Mode.FACE_TO_FACE,
) -> tuple[Signed, ...]:
    """Write a visit or a call down, one form per programme; nothing when a form cannot be signed."""
    today = china_date(now)
    typed = _typed(measured, mode)
    entries = {
        sheet.programme: enter(
            sheet.form, _that_fits(typed, sheet.form.blanks), mode, sheet.known, today=today
        )
        for sheet in forms.blank(session, vault, reader, person_id, now)
    }
    whole = {name: entry for name, entry in entries.items() if not entry.problems}
    if not whole:
        return ()
    done = visits.write_down(session, vault, reader, person_id, whole, once=once, now=now)
    return done or ()


def sign_draft(
    session: Session, vault: Vault, reader: Reader, follow_up_id: str, now: datetime
) -> bool:
    """Sign a draft of a message as it stands; what it lacks the doctor knows to be calm."""
    sheet = forms.sheet(session, vault, reader, follow_up_id, now)
    if sheet is None or sheet.state != "draft":
        return False
    typed = {key: _CALM[key] for key in ("adr", "hypo_reaction", "med_adherence")}
    if not sheet.values.get("symptoms"):
        typed["symptoms.1"] = "on"
    values = {**_that_fits(typed, sheet.form.blanks), **spell(sheet.form, sheet.values)}
    entry = enter(sheet.form, values, sheet.mode, sheet.known, today=china_date(now))
    if entry.problems:
        return False
    done = signing.sign(
        session, vault, reader, follow_up_id, entry, typed_stamp=sheet.stamp, now=now
    )
    return done is not None and done.done


def _typed(measured: Sequence[Reading], mode: Mode) -> dict[str, str]:
    typed = {**_CALM, "mode": _PHONE if mode is Mode.PHONE else _CLINIC}
    for reading in measured:
        if reading.kind is Kind.BP:
            typed["systolic"] = f"{reading.systolic:g}"
            typed["diastolic"] = f"{reading.diastolic:g}"
        elif reading.kind is Kind.GLUCOSE:
            typed["fpg"] = f"{reading.value:g}"
    return typed


def _that_fits(typed: Mapping[str, str], blanks: Mapping[str, object]) -> dict[str, str]:
    return {key: value for key, value in typed.items() if key.partition(".")[0] in blanks}
