"""Who signed what: the `review` of a printed section, as a clinician's line in a protocol file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from care.protocol_file import Entry, Review

_SIGNED = re.compile(r"signed by (.+)")
_KEY = "review"
_DIGEST = re.compile(r"[0-9a-f]{10}")


@dataclass(frozen=True, slots=True)
class Signature:
    """A named clinician, when, and the digest of the section that lay on the table."""

    name: str
    title: str
    institution: str
    signed_on: date
    digest: str

    def covers(self, digest: str) -> bool:
        """Whether the section still says what was signed."""
        return self.digest == digest


def signature(entry: Entry) -> Signature | None:
    """The `review` of a section: None while it is pending.

    Raises:
        ProtocolError: it is neither "pending" nor "signed by" with all five facts.
    """
    written = entry.text(_KEY)
    if written == Review.PENDING:
        return None
    found = _SIGNED.fullmatch(written)
    facts = [part.strip() for part in re.split("[,，]", found[1])] if found else []
    match facts:
        case [name, title, institution, day, digest] if (
            name and title and institution and _DIGEST.fullmatch(digest)
        ):
            return Signature(name, title, institution, _day(entry, day), digest)
        case _:
            why = 'must be "pending" or "signed by 姓名, 职称, 机构, 2026-12-01, 1a2b3c4d5e"'
            raise entry.error(_KEY, why)


def _day(entry: Entry, written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        entry.fail(_KEY, str(error))
