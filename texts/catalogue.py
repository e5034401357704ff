"""Every sentence we say, by key. Reads `zh-CN/*.toml` once; renders, and refuses what is not there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Any

SOURCE = Path(__file__).parent / "zh-CN"
_RESERVED = {"meta", "placeholder", "group"}
_ENTRY_KEYS = {"text", "max", "channels", "use", "template", "sms", "review"}


class CatalogError(Exception):
    """A sentence is missing, wrongly filled in or too long. Names the key."""


class Channel(StrEnum):
    """Where a sentence may appear. `INBOX` is for words on the staff's own pages."""

    WECHAT = "wechat"
    SMS = "sms"
    INBOX = "inbox"


class Use(StrEnum):
    """Why a sentence is sent. Only `INITIATED` obeys quiet hours and the daily cap."""

    SAFETY = "safety"
    REPLY = "reply"
    INITIATED = "initiated"
    DOCTOR = "doctor"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value to be filled in: how long it may be, and a sample for previews and tests."""

    name: str
    max_length: int
    sample: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One entry of the catalogue. `sms` is the key to send instead when only SMS is open."""

    key: str
    text: str
    max_length: int
    channels: frozenset[Channel]
    use: Use
    review: str
    template: str | None = None
    sms: str | None = None
    placeholders: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All sentences of one language, and the version that a message row keeps."""

    version: str
    sentences: Mapping[str, Sentence]
    placeholders: Mapping[str, Placeholder] = field(default_factory=dict)

    def sentence(self, key: str) -> Sentence:
        try:
            return self.sentences[key]
        except KeyError:
            message = f"{key}: no such sentence"
            raise CatalogError(message) from None

    def render(self, key: str, **values: str | int) -> str:
        sentence = self.sentence(key)
        if sentence.placeholders != values.keys():
            missing = sorted(sentence.placeholders - values.keys())
            extra = sorted(values.keys() - sentence.placeholders)
            message = f"{key}: missing {missing}, not wanted {extra}"
            raise CatalogError(message)
        for name, value in values.items():
            limit = self.placeholders[name].max_length
            if len(str(value)) > limit:
                message = f"{key}: {{{name}}} is longer than {limit} characters"
                raise CatalogError(message)
        return sentence.text.format_map(values)

    def fit(self, placeholder: str, value: str) -> str:
        """The value, cut with "…" to what its placeholder accepts."""
        limit = self.placeholders[placeholder].max_length
        return value if len(value) <= limit else value[: limit - 1] + "…"


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The catalogue in use, read once per process."""
    return load(SOURCE)


def sentence(key: str) -> Sentence:
    return catalogue().sentence(key)


def render(key: str, **values: str | int) -> str:
    """The sentence with its placeholders filled in.

    Raises:
        CatalogError: unknown key; a placeholder missing, not wanted or too long.
    """
    return catalogue().render(key, **values)


def fit(placeholder: str, value: str) -> str:
    """What a person typed or is called, cut so that `render` accepts it as this placeholder."""
    return catalogue().fit(placeholder, value)


def key_for(key: str, channel: Channel) -> str | None:
    """The key to send on this channel: itself, its SMS stand-in, or None when it may not go there."""
    found = sentence(key)
    if channel in found.channels:
        return key
    return found.sms if channel is Channel.SMS else None


def load(path: Path) -> Catalogue:
    """Reads and checks a catalogue: one file, or a folder of them read as one.

    Raises:
        CatalogError: names the file or folder and the key that is wrong.
    """
    try:
        return _catalogue(_read(path))
    except CatalogError as error:
        message = f"{path.name}: {error}"
        raise CatalogError(message) from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        message = f"{path.name}: {error!r}"
        raise CatalogError(message) from error


def _read(path: Path) -> dict[str, Any]:
    """The tables of all files. A table may be spread over files; a key stands in one of them."""
    data: dict[str, Any] = {}
    for file in sorted(path.glob("*.toml")) if path.is_dir() else [path]:
        for name, entries in tomllib.loads(file.read_text("utf-8")).items():
            known = data.setdefault(name, {})
            twice = known.keys() & entries.keys()
            if twice:
                message = f"{file.name}: [{name}] says {sorted(twice)} a second time"
                raise CatalogError(message)
            known |= entries
    return data


def _catalogue(data: dict[str, Any]) -> Catalogue:
    placeholders = {
        name: Placeholder(name, int(entry["max"]), str(entry["sample"]))
        for name, entry in data["placeholder"].items()
    }
    sentences: dict[str, Sentence] = {}
    for group, entries in data.items():
        if group in _RESERVED:
            continue
        if group not in data["group"]:
            message = f"group {group} has no line under [group]"
            raise CatalogError(message)
        defaults = {"review": data["meta"]["review"], **data["group"][group]}
        for name, entry in entries.items():
            key = f"{group}.{name}"
            own = {"text": entry} if isinstance(entry, str) else entry
            sentences[key] = _sentence(key, {**defaults, **own}, placeholders)
    _check_stand_ins(sentences)
    return Catalogue(
        str(data["meta"]["version"]),
        MappingProxyType(sentences),
        MappingProxyType(placeholders),
    )


def _sentence(key: str, entry: dict[str, Any], placeholders: Mapping[str, Placeholder]) -> Sentence:
    unknown = entry.keys() - _ENTRY_KEYS
    if unknown:
        message = f"{key}: unknown {sorted(unknown)}"
        raise CatalogError(message)
    text = str(entry["text"])
    names = _names(key, text, placeholders)
    longest = len(text) + sum(placeholders[n].max_length - len(n) - 2 for n in names)
    if longest > int(entry["max"]):
        message = f"{key}: may become {longest} characters, allowed are {entry['max']}"
        raise CatalogError(message)
    return Sentence(
        key=key,
        text=text,
        max_length=int(entry["max"]),
        channels=frozenset(Channel(c) for c in entry["channels"]),
        use=Use(entry["use"]),
        review=str(entry["review"]),
        template=entry.get("template"),
        sms=entry.get("sms"),
        placeholders=frozenset(names),
    )


def _names(key: str, text: str, placeholders: Mapping[str, Placeholder]) -> list[str]:
    names = []
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if name not in placeholders or spec or conversion:
            message = f"{key}: {{{name}}} is not a placeholder"
            raise CatalogError(message)
        names.append(name)
    return names


def _check_stand_ins(sentences: Mapping[str, Sentence]) -> None:
    for found in sentences.values():
        if found.sms is None:
            continue
        other = sentences.get(found.sms)
        if other is None or Channel.SMS not in other.channels or other.placeholders:
            message = f"{found.key}: {found.sms} cannot stand in for it on SMS"
            raise CatalogError(message)
