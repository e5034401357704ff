"""Template messages: the value types a formal account enforces, and sending once per message id.

A test account does not enforce the value types; this one does, because patients use formal ones.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from simulator.errors import ApiError
from simulator.settings import TemplateSpec

SENT_ONCE_FOR = timedelta(minutes=10)
CHINESE = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"

TIME = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
DATE = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{1,2}-\d{1,2})"
MOMENT = rf"({DATE}( {TIME})?|{TIME})"

# What a value must look like, by the letters of its name.
VALUE_TYPES = {
    "thing": re.compile(r".{1,20}"),
    "character_string": re.compile(rf"[^\s{CHINESE}]{{1,32}}"),
    "time": re.compile(rf"{MOMENT}(~{MOMENT})?"),
    "date": re.compile(rf"{MOMENT}(~{MOMENT})?"),
    "amount": re.compile(r"[¥$€]?\d{1,12}(\.\d{1,2})?元?"),
    "phone_number": re.compile(r"[\d+\-()]{1,17}"),
    "car_number": re.compile(r".{1,8}"),
    "const": re.compile(r".{1,20}"),
    "phrase": re.compile(rf"[{CHINESE}]{{1,5}}"),
    "name": re.compile(rf"[{CHINESE}·]{{1,10}}|[A-Za-z .]{{1,20}}"),
    "number": re.compile(r"-?\d{1,32}(\.\d+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A template message on its way; `repeated` when its client_msg_id had been used already."""

    msgid: int
    title: str
    lines: tuple[tuple[str, str], ...]
    repeated: bool = False

    @property
    def text(self) -> str:
        return "\n".join([self.title, *(f"{label}：{value}" for label, value in self.lines)])


class TemplateDesk:
    """Checks and remembers template messages."""

    def __init__(self, specs: tuple[TemplateSpec, ...], *, first_id: int) -> None:
        self._specs = {spec.template_id: spec for spec in specs}
        self._ids = count(first_id)
        self._sent: dict[tuple[str, str], tuple[datetime, Sent]] = {}

    def find(self, template_id: object, *kinds: str) -> TemplateSpec:
        """The template, or 40037 when there is none, or none of these kinds."""
        spec = self._specs.get(template_id) if isinstance(template_id, str) else None
        if spec is None or spec.kind not in kinds:
            raise ApiError(40037)
        return spec

    def listed(self, *kinds: str) -> list[TemplateSpec]:
        return [spec for spec in self._specs.values() if spec.kind in kinds]

    def subscribable(self) -> list[TemplateSpec]:
        """What people can be asked about."""
        return self.listed("one_time", "long_term")

    def send(self, spec: TemplateSpec, request: Mapping[str, Any], now: datetime) -> Sent:
        """Write it, unless this client_msg_id was sent to this person within ten minutes."""
        check_values(spec, request.get("data"))
        key = (str(request["touser"]), str(request.get("client_msg_id") or ""))
        before = self._sent.get(key)
        if before is not None and now - before[0] < SENT_ONCE_FOR:
            return Sent(before[1].msgid, before[1].title, before[1].lines, repeated=True)
        sent = self.write(spec, request)
        if key[1]:
            self._sent[key] = (now, sent)
        return sent

    def write(self, spec: TemplateSpec, request: Mapping[str, Any]) -> Sent:
        """The card with its values, under a number of its own."""
        values = check_values(spec, request.get("data"))
        lines = tuple((label, values[name]) for name, label in spec.fields.items())
        return Sent(next(self._ids), spec.title, lines)


def check_values(spec: TemplateSpec, data: object) -> dict[str, str]:
    """Return the values by name, or raise 47003 naming the first that breaks its type."""
    if not isinstance(data, Mapping):
        raise ApiError(47003, "data is empty")
    values: dict[str, str] = {}
    for name in spec.fields:
        item = data.get(name)
        value = item.get("value") if isinstance(item, Mapping) else None
        if not isinstance(value, str) or not value:
            raise ApiError(47003, f"data.{name}.value is empty")
        if not fits(spec, name, value):
            raise ApiError(47003, f"data.{name}.value invalid")
        values[name] = value
    return values


def fits(spec: TemplateSpec, name: str, value: str) -> bool:
    approved = spec.constants.get(name)
    if approved is not None:
        return value in approved
    pattern = VALUE_TYPES.get(name.rstrip("0123456789"))
    return pattern is not None and pattern.fullmatch(value) is not None
