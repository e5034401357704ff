"""The registry of templates: words that providers approved, which stand in for ours where only those go.

Reads `templates.toml`. Which provider approved what, and under which id, is the installation's own
file (`TemplateIds`).
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from texts.segments import sms_segments, sms_units

SOURCE = Path(__file__).parent / "templates.toml"
APPROVED = "approved"
STATES = (APPROVED, "pending", "rejected", "paused")
SINGLE = 70

_RESERVED = frozenset({"meta", "refused"})
_KEYS = frozenset(
    {"sms", "fields", "text_keys", "purposes", "instead", "calls", "asks", "note", "review"}
)
_KINDS: Mapping[str, re.Pattern[str]] = {
    # What a gap of this kind never holds is taken out of a value.
    "words": re.compile(r"[^\w·\-（）、，]|_"),
    "number": re.compile(r"[^0-9]"),
}
_MOBILE = re.compile(r"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(?:0\d{2,3}-?\d{7,8}|400\d{7}|95\d{3,6})(?!\d)")
_GAP = re.compile(r"\$\{(\w+)\}")
_PHONE = "{phone}"
_WHOLE_GROUP = ".*"


class TemplateError(Exception):
    """The registry or the file of ids cannot be used. Names the template and what is wrong."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A variable of a template. `default` stands there when no value is known."""

    name: str
    kind: str
    max_length: int
    sample: str
    default: str

    def clean(self, value: str) -> str:
        """The value without anything a provider refuses, cut to the limit; never empty."""
        plain = unicodedata.normalize("NFKC", str(value))
        plain = _KINDS[self.kind].sub("", _MOBILE.sub("", plain))
        kept = "".join(sign for sign in plain if _ordinary(sign))[: self.max_length]
        return kept or self.default


@dataclass(frozen=True, slots=True)
class Template:
    """One entry. `instead`: what goes where this is not approved. `calls`: a doctor phones, too.

    `asks`: it asks to be written to again; a doctor phones when that did not help.
    """

    name: str
    sms: str
    gaps: Mapping[str, Gap] = field(default_factory=dict)
    text_keys: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    instead: str | None = None
    calls: bool = False
    asks: bool = False
    note: str = ""
    review: str = "pending"

    def as_registered(self, provider_kind: str) -> str:
        """The words for a provider's form: Aliyun names its gaps, Tencent counts them."""
        if provider_kind != "tencent":
            return self.sms
        order = {name: str(place) for place, name in enumerate(self.gaps, start=1)}
        return _GAP.sub(lambda gap: f"{{{order[gap[1]]}}}", self.sms)


@dataclass(frozen=True, slots=True)
class Filled:
    """A template with its values, in the order of their places in the words."""

    name: str
    values: Mapping[str, str]
    text: str
    segments: int


@dataclass(frozen=True, slots=True)
class Refused:
    """What may stand in no template."""

    words: Mapping[str, tuple[str, ...]]
    landlines: int


@dataclass(frozen=True, slots=True)
class Registry:
    """All templates by name, and which of them stands in for which of our sentences."""

    templates: Mapping[str, Template]
    silent: tuple[str, ...]
    refused: Refused
    longest_signature: int

    def __iter__(self) -> Iterator[Template]:
        return iter(self.templates.values())

    def __contains__(self, name: object) -> bool:
        return name in self.templates

    def template(self, name: str) -> Template:
        try:
            return self.templates[name]
        except KeyError:
            msg = f"{name}: no such template"
            raise TemplateError(msg) from None

    def name_for(self, purpose: str, text_key: str, template: Mapping[str, Any]) -> str | None:
        """What stands in for a message: the one it names, else by its sentence, else by purpose."""
        return next(iter(self.candidates(purpose, text_key, template)), None)

    def candidates(
        self, purpose: str, text_key: str, template: Mapping[str, Any]
    ) -> tuple[str, ...]:
        """The stand-in, and what goes where it is not approved, best first. None: stay silent.

        `template["keys"]`: every sentence of a reply. The one whose template stands first in the file
        matters most and speaks for all.
        """
        keys = [str(key) for key in template.get("keys", ())] or [text_key]
        first = self._first(purpose, keys, str(template.get("name", "")))
        found: list[str] = []
        while first is not None and first not in found:
            found.append(first)
            first = self.templates[first].instead
        return tuple(found)

    def is_silent(self, text_key: str) -> bool:
        """Whether it is meant that nothing goes out for this sentence, and that nobody phones."""
        return any(_matches(pattern, text_key) for pattern in self.silent)

    def filled(self, name: str, fields: Mapping[str, Any], signature: str = "") -> Filled:
        """The template with its gaps filled. `signature`: the words in 【】, without the brackets."""
        found = self.template(name)
        values = {gap.name: gap.clean(fields.get(gap.name, "")) for gap in found.gaps.values()}
        body = _GAP.sub(lambda gap: values[gap[1]], found.sms)
        text = f"【{signature}】{body}" if signature else body
        return Filled(name, MappingProxyType(values), text, sms_segments(text))

    def longest(self, name: str) -> str:
        """The words with every gap as full as it may get, behind the longest signature."""
        found = self.template(name)
        body = _GAP.sub(lambda gap: "国" * found.gaps[gap[1]].max_length, found.sms)
        return f"【{'国' * self.longest_signature}】{body}"

    def problems(self, name: str) -> list[str]:
        """Why a provider would refuse it, or why it should not lie open on a screen."""
        found = self.template(name)
        body = found.sms
        plain = _GAP.sub("", body)
        said = [
            f"{kind}: {word}"
            for kind, words in self.refused.words.items()
            for word in words
            if word in plain
        ]
        if strange := sorted({sign for sign in plain if not _ordinary(sign)}):
            said.append(f"sign: {''.join(strange)}")
        if _MOBILE.search(plain):
            said.append("mobile number")
        if len(_LANDLINE.findall(plain)) > self.refused.landlines:
            said.append(f"more than {self.refused.landlines} landlines")
        if "}${" in body:
            said.append("two gaps side by side")
        if (units := sms_units(self.longest(name))) > SINGLE:
            said.append(f"{units} units, more than {SINGLE}")
        return said

    def for_sentence(self, text_key: str) -> str | None:
        """The template that stands in for a sentence of texts/."""
        group = text_key.partition(".")[0] + _WHOLE_GROUP
        for wanted in (text_key, group):
            for entry in self:
                if wanted in entry.text_keys:
                    return entry.name
        return None

    def _first(self, purpose: str, keys: Sequence[str], own: str) -> str | None:
        keys = [key for key in keys if not self.is_silent(key)]
        if not keys:
            return None
        order = list(self.templates)
        if own in self.templates:
            # A ready-made reply has words of its own; what it announces otherwise is the message's.
            groups = self.templates[own].text_keys
            return next(
                (
                    entry.name
                    for entry in self
                    for key in keys
                    if key in entry.text_keys
                    and (entry.instead == own or any(_matches(one, key) for one in groups))
                ),
                own,
            )
        found = [name for key in keys if (name := self.for_sentence(key)) is not None]
        if found:
            return min(found, key=order.index)
        return next((entry.name for entry in self if purpose in entry.purposes), None)


@dataclass(frozen=True, slots=True)
class TemplateId:
    """Under which id a provider keeps one of our templates, and what it said of it."""

    id: str
    state: str


@dataclass(frozen=True, slots=True)
class TemplateIds:
    """The installation's own file: `[aliyun.followup_due] id = "SMS_1" state = "approved"`."""

    entries: Mapping[str, Mapping[str, TemplateId]] = field(default_factory=dict)

    @staticmethod
    def load(path: Path | None) -> TemplateIds:
        """Read the file; without one nothing is approved anywhere.

        Raises:
            TemplateError: the file cannot be read or names a template or state that we do not know.
        """
        if path is None:
            return TemplateIds()
        try:
            data = tomllib.loads(path.read_text("utf-8"))
            entries = {
                kind: {name: _id(kind, name, entry) for name, entry in names.items()}
                for kind, names in data.items()
            }
        except (OSError, tomllib.TOMLDecodeError, AttributeError) as error:
            msg = f"{path.name}: {type(error).__name__}"
            raise TemplateError(msg) from error
        return TemplateIds(entries)

    def of(self, provider_kind: str, name: str) -> str | None:
        """The id of an approved template at a provider ("aliyun"); None when it may not be sent."""
        found = self.entries.get(provider_kind, {}).get(name)
        return found.id if found is not None and found.state == APPROVED else None

    def state(self, provider_kind: str, name: str) -> str | None:
        """What the file says of a template at a provider; None where it was never handed in."""
        found = self.entries.get(provider_kind, {}).get(name)
        return found.state if found is not None else None


@lru_cache(maxsize=4)
def registry(phone: str = "") -> Registry:
    """The registry, read once for each clinic's landline that is written into it."""
    return load(SOURCE, phone)


def load(path: Path, phone: str = "") -> Registry:
    """Read and check a registry.

    Raises:
        TemplateError: names the template that is wrong.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        meta, refused = data["meta"], data["refused"]
        templates = {
            name: _template(name, entry, phone, str(meta["review"]))
            for name, entry in data.items()
            if name not in _RESERVED
        }
        words = {kind: tuple(value) for kind, value in refused.items() if kind != "landlines"}
        made = Registry(
            MappingProxyType(templates),
            tuple(meta["silent"]),
            Refused(MappingProxyType(words), int(refused["landlines"])),
            int(meta["signature"]),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        msg = f"{path.name}: {error!r}"
        raise TemplateError(msg) from error
    _check(made)
    return made


def longest_phone() -> str:
    """The landline that lengths are checked with."""
    return str(tomllib.loads(SOURCE.read_text("utf-8"))["meta"]["phone"])


def _template(name: str, entry: Mapping[str, Any], phone: str, review: str) -> Template:
    if unknown := entry.keys() - _KEYS:
        msg = f"{name}: unknown {sorted(unknown)}"
        raise TemplateError(msg)
    sms = str(entry["sms"]).replace(_PHONE, phone)
    known = {key: _gap(key, value) for key, value in entry.get("fields", {}).items()}
    used = _GAP.findall(sms)
    if sorted(used) != sorted(known):
        msg = f"{name}: the words have the gaps {used}, described are {sorted(known)}"
        raise TemplateError(msg)
    return Template(
        name=name,
        sms=sms,
        gaps=MappingProxyType({gap: known[gap] for gap in used}),
        text_keys=tuple(entry.get("text_keys", ())),
        purposes=tuple(entry.get("purposes", ())),
        instead=entry.get("instead"),
        calls=bool(entry.get("calls", False)),
        asks=bool(entry.get("asks", False)),
        note=str(entry.get("note", "")),
        review=str(entry.get("review", review)),
    )


def _gap(name: str, entry: Mapping[str, Any]) -> Gap:
    gap = Gap(
        name, str(entry["kind"]), int(entry["max"]), str(entry["sample"]), str(entry["default"])
    )
    for value in (gap.sample, gap.default):
        if not value or gap.clean(value) != value:
            msg = f"{name}: {value!r} does not fit its own gap"
            raise TemplateError(msg)
    return gap


def _check(made: Registry) -> None:
    seen: dict[str, str] = {}
    for entry in made:
        if entry.instead is not None and entry.instead not in made:
            msg = f"{entry.name}: no template {entry.instead} to go instead"
            raise TemplateError(msg)
        for key in (*entry.text_keys, *entry.purposes):
            if seen.setdefault(key, entry.name) != entry.name:
                msg = f"{entry.name}: {key} is {seen[key]}'s already"
                raise TemplateError(msg)


def _id(kind: str, name: str, entry: Mapping[str, Any]) -> TemplateId:
    where = f"{kind}.{name}"
    if name not in registry():
        msg = f"{where}: no such template"
        raise TemplateError(msg)
    state = str(entry.get("state", ""))
    if state not in STATES or not str(entry.get("id", "")):
        msg = f"{where}: needs an id and a state, one of {', '.join(STATES)}"
        raise TemplateError(msg)
    return TemplateId(str(entry["id"]), state)


def _matches(pattern: str, text_key: str) -> bool:
    if pattern.endswith(_WHOLE_GROUP):
        return text_key.startswith(pattern.removesuffix("*"))
    return pattern == text_key


def _ordinary(sign: str) -> bool:
    """Simplified hanzi, digits, letters and everyday signs: what no provider refuses."""
    return sign in _SIGNS or (sign.isascii() and sign.isalnum()) or "\u4e00" <= sign <= "\u9fff"


_SIGNS = frozenset("，。、：；！？“”（）·-… /")
