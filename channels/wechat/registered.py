"""The templates and windows of an account, as data: read once, held against the platform's rules.

What an operator writes for an account goes before what is shipped. A file that the platform would
refuse is refused here, naming the field.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from channels.wechat.fields import fits, fitted, type_of
from records.times import CHINA
from records.windows import Window

HERE = Path(__file__).parent
TEMPLATES, WINDOWS = HERE / "templates.toml", HERE / "windows.toml"
TODAY = "today"
# How a template is sent: by right of the account, or by leave of the person.
TEMPLATE, LONG_TERM, ONE_TIME = "template", "long_term", "one_time"
KINDS = (TEMPLATE, LONG_TERM, ONE_TIME)
# The platform wants an act of the person before a template message; nobody asked for a lesson.
BY_LEAVE = frozenset({"lesson"})
ACTS = ("message", "menu", "follow", "scan")
# Nothing that the platform ever granted was larger; a slip of the pen is.
_MOST_SENDS, _LONGEST_HOURS = 100, 24 * 7


class RegisteredError(ValueError):
    """The file breaks a rule of the platform. Names file, template and field."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One field: the platform's key, what stands there when nothing is known, approved words."""

    key: str
    default: str
    allowed: tuple[str, ...] = ()

    def value(self, said: object, now: datetime) -> str:
        """What is said there: our value when the platform takes it, else the default."""
        known = None if said in {None, ""} else fitted(self.key, said, self.allowed)
        return known if known is not None else self.otherwise(now)

    def otherwise(self, now: datetime) -> str:
        """The default; "today" is the day of sending."""
        if self.default != TODAY:
            return self.default
        return fitted(self.key, now.astimezone(CHINA).date().isoformat()) or ""


@dataclass(frozen=True, slots=True)
class Template:
    """One template of ours: its fields, and how and under which id this account sends it."""

    name: str
    title: str
    slots: Mapping[str, Slot]
    id: str = ""
    kind: str = TEMPLATE

    def data(self, values: Mapping[str, Any], now: datetime) -> dict[str, dict[str, str]]:
        """The fields as the platform wants them. Every one is there and fits its type."""
        return {
            slot.key: {"value": slot.value(values.get(ours), now)}
            for ours, slot in self.slots.items()
        }


@dataclass(frozen=True, slots=True)
class Registered:
    """What an account has: its templates by our name, and its windows by what a person did."""

    templates: Mapping[str, Template]
    windows: Mapping[str, Window] = field(default_factory=dict)


@lru_cache(maxsize=1)
def shipped() -> Registered:
    """What is shipped: fits an account that was given these very keys."""
    return Registered(
        _templates(_read(TEMPLATES), TEMPLATES.name), _windows(_read(WINDOWS), WINDOWS.name)
    )


def load(path: Path | None) -> Registered:
    """What is shipped, and before it what the operator's file says; raises `RegisteredError`."""
    if path is None:
        return shipped()
    said = _read(path)
    strange = sorted(set(said) - {"templates", "windows"})
    if strange:
        _refuse(f"{path.name}: [{strange[0]}] is neither [templates.…] nor [windows.…]")
    ours = shipped()
    return Registered(
        {**ours.templates, **_templates(_table(said, "templates", path.name), path.name)},
        {**ours.windows, **_windows(_table(said, "windows", path.name), path.name)},
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path.name}: {error}"
        raise RegisteredError(message) from error


def _templates(entries: Mapping[str, Any], source: str) -> dict[str, Template]:
    return {
        name: _template(name, _table(entries, name, source), f"{source} [{name}]")
        for name in entries
    }


def _template(name: str, entry: Mapping[str, Any], where: str) -> Template:
    slots = {
        ours: _slot(said, f"{where} {ours}")
        for ours, said in _table(entry, "fields", where).items()
    }
    if not slots:
        _refuse(f"{where}: no fields")
    keys = [slot.key for slot in slots.values()]
    if len(set(keys)) < len(keys):
        _refuse(f"{where}: a key stands twice")
    kind = str(entry.get("kind", ONE_TIME if name in BY_LEAVE else TEMPLATE))
    if kind not in KINDS:
        _refuse(f"{where}: kind is one of {', '.join(KINDS)}")
    if name in BY_LEAVE and kind == TEMPLATE:
        _refuse(f"{where}: only for those who subscribed: kind is {LONG_TERM} or {ONE_TIME}")
    return Template(name, str(entry.get("title", "")), slots, str(entry.get("id", "")), kind)


def _slot(said: object, where: str) -> Slot:
    if not isinstance(said, dict):
        _refuse(f"{where}: needs key and default")
    key, allowed = str(said.get("key", "")), tuple(str(one) for one in said.get("allowed", ()))
    slot = Slot(key, str(said.get("default", "")), allowed)
    kind = type_of(key)
    if kind is None:
        _refuse(f"{where}: {key or 'no key'} is no key of the platform's (thing1, time2 …)")
    if kind == "const" and not allowed:
        _refuse(f"{where}: a const needs `allowed`, the strings that the platform approved")
    for word in allowed:
        if not fits(key, word, allowed):
            _refuse(f"{where}: {key} does not take the allowed {word!r}")
    if slot.default == TODAY and kind in {"time", "date"}:
        return slot
    if not fits(key, slot.default, allowed):
        _refuse(f"{where}: {key} does not take the default {slot.default!r}")
    return slot


def _windows(entries: Mapping[str, Any], source: str) -> dict[str, Window]:
    strange = sorted(set(entries) - set(ACTS))
    if strange:
        _refuse(f"{source}: {strange[0]} is none of {', '.join(ACTS)}")
    return {act: _window(_table(entries, act, source), f"{source} [{act}]") for act in entries}


def _window(entry: Mapping[str, Any], where: str) -> Window:
    sends, hours, minutes = (entry.get(name, 0) for name in ("sends", "hours", "minutes"))
    if not all(type(one) is int and one >= 0 for one in (sends, hours, minutes)):
        _refuse(f"{where}: sends, hours and minutes are whole numbers")
    lasts = timedelta(hours=hours, minutes=minutes)
    if not (sends <= _MOST_SENDS and timedelta(0) < lasts <= timedelta(hours=_LONGEST_HOURS)):
        _refuse(f"{where}: at most {_MOST_SENDS} sends in at most {_LONGEST_HOURS} hours")
    return Window(lasts, sends)


def _table(entries: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    found = entries.get(name, {})
    if not isinstance(found, dict):
        _refuse(f"{where}: {name} is no table")
    return found


def _refuse(message: str) -> NoReturn:
    raise RegisteredError(message)
