"""The folder that gammu-smsd's FILES backend works in: how its files are named, written and read.

Seen with gammu-smsd 1.42: it takes `OUT…` files of the outbox in the order of their names, ignores
names that begin with a dot, and moves a file under the same name to `sent` or `error`. A message
that came in lies in one file per part, as UTF-16 with a byte order mark; what follows the first NUL
is whatever was in its memory.
"""

from __future__ import annotations

import os
import re
from codecs import BOM_UTF16_BE
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from channels.port import Letter
from records.outbound import PRIORITY
from records.times import CHINA

INBOX, OUTBOX, SENT, ERROR, ARCHIVE = "inbox", "outbox", "sent", "error", "archive"
FOLDERS = (INBOX, OUTBOX, SENT, ERROR)
# The daemon keeps a name in a hundred bytes.
LONGEST_NAME = 99
REPORT_WANTED = "d"
_MOST_URGENT = "A"
_OUT = re.compile(
    r"OUT(?P<priority>[A-Z])\d{8}_\d{6}_\d+_(?P<number>\+?\d+)_(?P<id>[0-9A-Za-z-]+)"
    r"(_(?P<until>[0-9a-f]+))?\.txt(?P<flags>[a-z]*)"
)
_IN = re.compile(
    r"IN(?P<at>\d{8}_\d{6})_(?P<serial>\d+)_(?P<sender>.*)_(?P<part>\d+)\.(?P<kind>txt|bin|smsbackup)"
)
_NUL = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file of ours, wherever the daemon has put it."""

    path: Path
    number: str
    attempt_id: str
    urgent: bool
    reported: bool
    changed_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message that came in. `kind`: txt, bin (no text) or smsbackup (a wrong setting)."""

    path: Path
    at: datetime
    serial: int
    sender: str
    number: int
    kind: str
    written_ns: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """A whole message: its parts in order."""

    parts: tuple[Part, ...]

    @property
    def sender(self) -> str:
        return self.parts[0].sender

    @property
    def at(self) -> datetime:
        return self.parts[0].at

    def read(self) -> str:
        """Its text; a sign that was split over two parts is whole again."""
        return decoded([part.path.read_bytes() for part in self.parts])


def name_of(letter: Letter, now: datetime, *, reported: bool) -> str:
    """A name nobody used before, since each try has an id of its own; the most urgent sorts first.

    When its words grow stale stands there too, so that nobody has to remember it.
    """
    urgency = chr(ord(_MOST_URGENT) + min(PRIORITY.get(letter.purpose, 9), 25))
    note = letter.attempt_id
    if letter.expires_at is not None:
        note += f"_{int(letter.expires_at.timestamp()):x}"
    at = now.astimezone(CHINA)
    flags = REPORT_WANTED if reported else ""
    return f"OUT{urgency}{at:%Y%m%d_%H%M%S}_{at:%f}_{letter.address}_{note}.txt{flags}"


def put(outbox: Path, name: str, body: str) -> None:
    """Write a file that the daemon sees whole or not at all, and that outlives a power cut."""
    hidden = outbox / f".{name}"
    try:
        file = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660)
        with os.fdopen(file, "wb") as opened:
            opened.write(encoded(body))
            opened.flush()
            os.fsync(opened.fileno())
        hidden.rename(outbox / name)
    except OSError:
        hidden.unlink(missing_ok=True)
        raise


def settle_names(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def encoded(body: str) -> bytes:
    """A text as the daemon reads it; half a surrogate pair is no text."""
    return BOM_UTF16_BE + body.encode("utf-16-be", "replace")


def decoded(parts: Sequence[bytes]) -> str:
    """The text of parts. Without a byte order mark the daemon wrote its own character set."""
    if not all(part.startswith(BOM_UTF16_BE) for part in parts):
        return "".join(part.partition(b"\x00")[0].decode("utf-8", "replace") for part in parts)
    return b"".join(_before_nul(part[2:]) for part in parts).decode("utf-16-be", "replace")


def _before_nul(units: bytes) -> bytes:
    for place in range(0, len(units) - 1, 2):
        if units[place : place + 2] == _NUL:
            return units[:place]
    return units[: len(units) // 2 * 2]


def outgoing(folder: Path) -> list[Outgoing]:
    """Our files in a folder in the order they go; files of somebody else are left alone."""
    return [one for path in _listed(folder) if (one := _read_out(path)) is not None]


def _read_out(path: Path) -> Outgoing | None:
    found = _OUT.fullmatch(path.name)
    changed = _changed_at(path)
    if found is None or changed is None:
        return None
    until = found["until"]
    return Outgoing(
        path,
        found["number"],
        found["id"],
        urgent=found["priority"] == _MOST_URGENT,
        reported=REPORT_WANTED in found["flags"],
        changed_at=changed,
        expires_at=datetime.fromtimestamp(int(until, 16), CHINA) if until else None,
    )


def incoming(inbox: Path) -> list[Incoming]:
    """What came in, the earliest first, each message from its parts.

    The parts of one message are written one after the other, numbered from 0, under one serial.
    """
    parts = [part for path in _listed(inbox) if (part := _read_in(path)) is not None]
    parts.sort(key=lambda part: (part.sender, part.written_ns, part.path.name))
    whole: list[list[Part]] = []
    for part in parts:
        if whole and _continues(part, whole[-1][-1]):
            whole[-1].append(part)
        else:
            whole.append([part])
    return sorted(
        (Incoming(tuple(parts)) for parts in whole),
        key=lambda one: (one.at, one.parts[0].serial, one.parts[0].path.name),
    )


def _continues(part: Part, before: Part) -> bool:
    same = (part.sender, part.serial, part.kind) == (before.sender, before.serial, before.kind)
    return same and part.number == before.number + 1


def _read_in(path: Path) -> Part | None:
    found = _IN.fullmatch(path.name)
    if found is None:
        return None
    try:
        written = path.stat().st_mtime_ns
    except OSError:
        return None
    try:
        at = datetime.strptime(found["at"], "%Y%m%d_%H%M%S").replace(tzinfo=CHINA)
    except ValueError:
        # A modem that lost its clock writes zeros: the file's own time will do, the words must not wait.
        at = datetime.fromtimestamp(written // 1_000_000_000, CHINA)
    return Part(
        path, at, int(found["serial"]), found["sender"], int(found["part"]), found["kind"], written
    )


def archive(path: Path, to: Path) -> None:
    """Put a file away under a name that is free; one that is gone already was put away before."""
    to.mkdir(exist_ok=True)
    target, copy = to / path.name, 0
    while target.exists():
        copy += 1
        target = to / f"{path.name}.{copy}"
    try:
        path.rename(target)
    except FileNotFoundError:
        return
    os.utime(target)


def forget(folder: Path, older_than: timedelta, now: datetime) -> int:
    """Delete what was put away long ago. Returns how much."""
    gone = 0
    for path in _listed(folder):
        changed = _changed_at(path)
        if changed is not None and now - changed > older_than:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []


def _changed_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, CHINA)
    except FileNotFoundError:
        return None
