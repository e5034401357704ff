"""A daily span of clock time in one zone, and steps of an escalation ladder that may use one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from care.level import Level
from care.protocol_file import PROVENANCE_KEYS, Entry, Provenance, Review, Source, provenance


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` (included) until `end` (not included) every day."""

    start: time
    end: time
    zone: ZoneInfo
    origin: Provenance


@dataclass(frozen=True, slots=True)
class Step:
    """Who is told, and how many minutes they have to acknowledge."""

    roles: tuple[str, ...]
    wait_minutes: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps for a level. `any_hour` False: minutes run in working hours only."""

    level: Level
    any_hour: bool
    reopen_minutes: int
    steps: tuple[Step, ...]
    origin: Provenance


def hours(file: Entry, key: str, known: Mapping[str, Source]) -> Hours:
    entry = file.entry(key)
    entry.only("from", "until", "zone", *PROVENANCE_KEYS)
    start, end = _time(entry, "from"), _time(entry, "until")
    if start >= end:
        entry.fail("until", "must be later than from")
    try:
        zone = ZoneInfo(entry.text("zone"))
    except (ZoneInfoNotFoundError, ValueError) as error:
        entry.fail("zone", str(error))
    review = file.entry("meta").one_of("review", Review)
    return Hours(start, end, zone, provenance(entry, known, review))


def ladders(file: Entry, known: Mapping[str, Source]) -> dict[Level, Ladder]:
    """The `[[ladder]]` tables of escalation.toml."""
    review = file.entry("meta").one_of("review", Review)
    found = {}
    for entry in file.entries("ladder"):
        entry.only("level", "any_hour", "reopen_minutes", "steps", *PROVENANCE_KEYS)
        level = entry.one_of("level", Level)
        steps = tuple(_step(step) for step in entry.entries("steps"))
        if not steps or level in found:
            entry.fail("steps", f"exactly one ladder with steps for {level}")
        found[level] = Ladder(
            level,
            entry.flag("any_hour"),
            entry.whole("reopen_minutes"),
            steps,
            provenance(entry, known, review),
        )
    return found


def _step(entry: Entry) -> Step:
    entry.only("roles", "wait_minutes")
    roles, wait = entry.texts("roles"), entry.whole("wait_minutes")
    if not roles or not wait:
        entry.fail("roles", "a step needs roles and minutes")
    return Step(roles, wait)


def _time(entry: Entry, key: str) -> time:
    try:
        return time.fromisoformat(entry.text(key))
    except ValueError as error:
        entry.fail(key, str(error))
