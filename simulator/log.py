"""The judge: what was sent and what reached each phone, in the order it happened.

Append-only. The product never sees it, so "lost" and "doubled" are not its own opinion.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from simulator.clock import Clock, system_clock


class Kind(StrEnum):
    """What happened."""

    INBOUND = "inbound"  # the patient sent something
    ATTEMPT = "attempt"  # the platform tried to hand it to the callback
    PASSIVE = "passive"  # an answer inside the callback's response
    CUSTOM = "custom"  # a customer-service message
    TEMPLATE = "template"  # a template message
    SORRY = "sorry"  # the platform's own "this account is out of order"
    REFUSED = "refused"  # an API call that got an error code
    NOTICE = "notice"  # a notice on a doctor's phone
    SMS = "sms"  # a text message on somebody's phone; `openid` is its number
    SMS_SENT = "sms_sent"  # somebody texted back
    PUSH = "push"  # an SMS provider told the product something


ARRIVALS = frozenset({Kind.PASSIVE, Kind.CUSTOM, Kind.TEMPLATE, Kind.SMS})


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened to one phone."""

    seq: int
    at: datetime
    kind: Kind
    openid: str
    text: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "at": self.at.isoformat(),
            "kind": self.kind.value,
            "openid": self.openid,
            "text": self.text,
            "details": dict(self.details),
        }


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same words that reached one phone more than once."""

    openid: str
    text: str
    count: int


class Log:
    """Keeps entries in memory and, when given a path, as flushed JSON lines."""

    def __init__(self, path: Path | None = None, *, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._entries: list[Entry] = []
        self._by_openid: dict[str, list[Entry]] = defaultdict(list)
        self._waiting: list[asyncio.Event] = []
        self._file = path.open("a", encoding="utf-8") if path else None

    def append(self, kind: Kind, openid: str, text: str = "", **details: Any) -> Entry:
        entry = Entry(len(self._entries) + 1, self._clock(), kind, openid, text, details)
        self._entries.append(entry)
        self._by_openid[openid].append(entry)
        if self._file is not None:
            self._file.write(json.dumps(entry.as_json(), ensure_ascii=False) + "\n")
            self._file.flush()
        for event in self._waiting:
            event.set()
        return entry

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self, openid: str | None = None, *kinds: Kind, after: int = 0) -> Iterator[Entry]:
        chosen = self._entries if openid is None else self._by_openid.get(openid, [])
        return (e for e in chosen if e.seq > after and (not kinds or e.kind in kinds))

    def texts_seen(self, openid: str) -> list[str]:
        """Return what the account made appear on this phone, oldest first."""
        return [entry.text for entry in self.entries(openid, *ARRIVALS)]

    def duplicates(self, openid: str | None = None) -> list[Duplicate]:
        return find_duplicates(self.entries(openid))

    async def until(self, condition: Callable[["Log"], bool], *, within: float = 5.0) -> None:
        """Wait until the condition holds; raise `TimeoutError` when it does not come true."""
        event = asyncio.Event()
        self._waiting.append(event)
        try:
            async with asyncio.timeout(within):
                while not condition(self):
                    event.clear()
                    await event.wait()
        finally:
            self._waiting.remove(event)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def find_duplicates(entries: Iterable[Entry]) -> list[Duplicate]:
    seen = Counter((e.openid, e.text) for e in entries if e.kind in ARRIVALS)
    return [Duplicate(openid, text, n) for (openid, text), n in seen.items() if n > 1]


def read_log(path: Path) -> list[Entry]:
    """Read a JSONL log back, for a judge in another process."""
    return [_read_entry(json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def _read_entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        seq=row["seq"],
        at=datetime.fromisoformat(row["at"]),
        kind=Kind(row["kind"]),
        openid=row["openid"],
        text=row["text"],
        details=row["details"],
    )
