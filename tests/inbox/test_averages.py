"""The numbers above the fold: home and clinic apart, glucose by meal, seven days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from inbox.averages import Figure, figures_of
from inbox.charts import charts_of
from records.dossier import Dossier
from records.dossier import Programme as Enrolled
from records.tables import StoredReading

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def person(*rows: StoredReading) -> Dossier:
    return Dossier(
        id="p",
        name="王桂芳",
        sex=None,
        born_on=date(1980, 1, 1),
        status="active",
        phone=None,
        village=None,
        facility_id=None,
        registered_at=NOW,
        height_cm=None,
        pregnant=False,
        drugs=(),
        programmes=(Enrolled("hypertension", date(2026, 1, 1), None),),
        contacts=(),
        readings=tuple(sorted(rows, key=lambda row: row.taken_at, reverse=True)),
        conversation=(),
        more_messages=False,
        open_case_id=None,
    )


def reading(days: float, **values: Any) -> StoredReading:
    at = NOW - timedelta(days=days)
    return StoredReading(
        **{"kind": "bp", "person_id": "p", "taken_at": at, "recorded_at": at, **values}
    )


def pressure(days: float, systolic: float, diastolic: float, **values: Any) -> StoredReading:
    return reading(days, systolic=systolic, diastolic=diastolic, **values)


def glucose(days: float, value: float, context: str | None) -> StoredReading:
    return reading(days, kind="glucose", value=value, context=context)


def by_name(*rows: StoredReading) -> dict[str, Figure]:
    return {one.name: one for one in figures_of(person(*rows), NOW)}


def test_home_and_clinic_are_never_mixed() -> None:
    found = by_name(
        pressure(1, 130, 80),
        pressure(2, 140, 86),
        pressure(1, 180, 100, setting="clinic", source="clinic"),
    )
    assert (found["家里血压"].value, found["家里血压"].basis) == ("135/83", "七天 2 次平均")
    assert found["门诊血压"].value == "180/100"
    assert found["门诊血压"].basis.startswith("最近一次")
    assert found["门诊血压"].tone == "waiting"


def test_what_is_older_than_a_week_or_not_sure_or_taken_back_is_in_no_mean() -> None:
    found = by_name(
        pressure(1, 124, 76),
        pressure(8, 200, 120),
        pressure(1, 210, 120, state="unconfirmed"),
        pressure(1, 210, 120, state="replaced"),
        pressure(1, 210, 120, state="withdrawn"),
    )
    assert (found["家里血压"].value, found["家里血压"].tone) == ("124/76", "calm")


def test_without_a_week_the_last_value_stands_there() -> None:
    found = by_name(pressure(20, 150, 95), pressure(30, 120, 70))
    assert found["家里血压"].value == "150/95"
    assert "11月3日" in found["家里血压"].basis


def test_glucose_is_told_by_meal() -> None:
    found = by_name(
        glucose(1, 7.2, "fasting"), glucose(2, 8.1, "fasting"), glucose(1, 11.4, "postprandial")
    )
    assert (found["空腹血糖"].value, found["空腹血糖"].basis) == ("7.7", "七天 2 次平均")
    assert found["餐后血糖"].value == "11.4"
    assert by_name() == {}


def test_the_chart_tells_home_and_clinic_apart_by_their_marks() -> None:
    rows = [pressure(n, 140 + n, 85) for n in range(1, 5)]
    (chart,) = charts_of(
        person(*rows, pressure(1, 160, 95, setting="clinic", source="clinic")), NOW
    )
    assert ("clinic", "方块是门诊测的") in chart.legend
    assert str(chart.svg).count("<circle") == 8
    assert str(chart.svg).count("<rect") >= 2
    (alone,) = charts_of(person(*rows), NOW)
    assert "clinic" not in [tone for tone, _ in alone.legend]
