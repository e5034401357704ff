"""Readings in words: "空腹血糖6.5", "血压148/92、心跳76"."""

from __future__ import annotations

from collections.abc import Sequence

from care.reading import UNITS, Kind, Reading
from texts.catalogue import catalogue, render

_UNIT_SAID = {Kind.HBA1C: "%", Kind.WEIGHT: "公斤", Kind.TEMP: UNITS[Kind.TEMP]}
_BETWEEN = "、"


def spoken(reading: Reading) -> str:
    """One reading as a villager would say it; "约" marks an approximate value."""
    if reading.kind is Kind.GLUCOSE and reading.context is not None:
        name = render(f"glucose.{reading.context}")
    else:
        name = render(f"kind.{reading.kind}")
    about = "约" if reading.approximate else ""
    if reading.kind is Kind.BP and (half := _half(reading)):
        name, value = half
        return f"{render(name)}{about}{value:g}"
    return f"{name}{about}{reading}{_UNIT_SAID.get(reading.kind, '')}"


def _half(reading: Reading) -> tuple[str, float] | None:
    """高压150, where only one of the two pressures was told."""
    if reading.diastolic is None and reading.systolic is not None:
        return "kind.systolic", reading.systolic
    if reading.systolic is None and reading.diastolic is not None:
        return "kind.diastolic", reading.diastolic
    return None


def listed(readings: Sequence[Reading]) -> str:
    """Several readings for `{values}`, ended by "等" when they would not all fit."""
    limit = catalogue().placeholders["values"].max_length
    text = ""
    for reading in readings:
        longer = text + (_BETWEEN if text else "") + spoken(reading)
        if len(longer) >= limit:
            return text + "等"
        text = longer
    return text
