"""Charts, times and short sentences."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.level import Level
from care.reading import GlucoseContext, Kind
from care.situation import Background, Programme
from care.targets import Setting, pressure_cutoff, pressure_target, sugar_cutoff, sugar_target
from inbox import moments, standing
from inbox.charts import charts_of
from inbox.words import label, word
from records.caseload import Heading
from records.dossier import Dossier
from records.dossier import Programme as Enrolled
from records.tables import StoredReading
from records.talk import Bubble
from tests.inbox.county import there

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def person(*readings: StoredReading, programmes: tuple[str, ...] = ("hypertension",)) -> Dossier:
    newest_first = sorted(readings, key=lambda row: row.taken_at, reverse=True)
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
        programmes=tuple(Enrolled(name, date(2026, 1, 1), None) for name in programmes),
        contacts=(),
        readings=tuple(newest_first),
        conversation=(),
        more_messages=False,
        open_case_id=None,
    )


def reading(days: float, **values: Any) -> StoredReading:
    taken = NOW - timedelta(days=days)
    known: dict[str, Any] = {
        "kind": "bp",
        "person_id": "p",
        "taken_at": taken,
        "recorded_at": taken,
    }
    return StoredReading(**{**known, **values})


def pressure(days: float, systolic: float, diastolic: float, **values: Any) -> StoredReading:
    return reading(days, systolic=systolic, diastolic=diastolic, **values)


def test_a_person_without_readings_has_no_charts() -> None:
    assert charts_of(person(), NOW) == ()
    assert charts_of(person(pressure(1, 140, 90, state="withdrawn")), NOW) == ()


def test_a_chart_draws_both_halves_and_the_unsure_apart() -> None:
    rows = [pressure(n, 140 + n, 85 + n) for n in range(1, 5)]
    (chart,) = charts_of(person(*rows, pressure(0.1, 190, 115, state="unconfirmed")), NOW)
    tones = [tone for tone, _ in chart.legend]
    assert tones == ["systolic", "diastolic", "unsure", "cutoff", "target"]
    assert str(chart.svg).count("<circle") == 10
    assert chart.summary.startswith("近三个月5 次，最近一次 190/115 mmHg")


def test_a_chart_holds_nothing_that_the_policy_refuses() -> None:
    (chart,) = charts_of(person(pressure(1, 140, 90), pressure(2, 150, 95)), NOW)
    for forbidden in ("<style", "<script", "style=", "onload", "http://www.kozea"):
        assert forbidden not in str(chart.svg)


@pytest.mark.parametrize("setting", list(Setting))
def test_the_cut_off_is_that_of_the_place_of_measuring(setting: Setting) -> None:
    rows = [pressure(n, 140, 90, setting=setting) for n in range(1, 4)]
    (chart,) = charts_of(person(*rows), NOW)
    known = Background(age=46, conditions=frozenset({Programme.HYPERTENSION}))
    cutoff, target = pressure_cutoff(known, setting), pressure_target(known)
    names = dict(chart.legend)
    assert f"{cutoff.systolic:g}/{cutoff.diastolic:g}" in names["cutoff"]
    assert f"{target.systolic:g}/{target.diastolic:g}" in names["target"]


def test_without_hypertension_no_target_is_drawn() -> None:
    (chart,) = charts_of(person(pressure(1, 140, 90), programmes=()), NOW)
    assert "target" not in dict(chart.legend)


def test_glucose_is_drawn_by_context_with_its_own_lines() -> None:
    rows = [
        reading(n, kind="glucose", value=6.0 + n, context=context)
        for n, context in enumerate(("fasting", "postprandial", None, "fasting"))
    ]
    (chart,) = charts_of(person(*rows, programmes=("type2_diabetes",)), NOW)
    names = dict(chart.legend)
    assert {"fasting", "postprandial", "random", "cutoff", "target"} == set(names)
    cutoff = there(sugar_cutoff(Kind.GLUCOSE, GlucoseContext.FASTING))
    assert f"空腹）{cutoff.value:g}" in names["cutoff"]
    assert f"{sugar_target().fasting_below:g}" in names["target"]


def test_few_recent_readings_are_shown_with_the_whole_year() -> None:
    (chart,) = charts_of(person(pressure(2, 140, 90), pressure(200, 150, 95)), NOW)
    assert chart.summary.startswith("近一年2 次")


@given(st.lists(st.tuples(st.floats(0, 360), st.floats(40, 300), st.floats(30, 200)), min_size=1))
def test_any_readings_can_be_drawn(values: list[tuple[float, float, float]]) -> None:
    rows = [pressure(days, round(high), round(low)) for days, high, low in values]
    (chart,) = charts_of(person(*rows), NOW)
    assert "<svg" in chart.svg


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOW, "今天 09:00"),
        (NOW - timedelta(days=1), "昨天 09:00"),
        (NOW - timedelta(days=2), "前天 09:00"),
        (NOW + timedelta(days=1), "明天 09:00"),
        (NOW - timedelta(days=3), "11月20日 09:00"),
        (NOW - timedelta(days=400), "2025年10月19日 09:00"),
        (NOW - timedelta(hours=9, minutes=1), "昨天 23:59"),
    ],
)
def test_a_time_is_said_as_people_say_it(moment: datetime, said: str) -> None:
    assert moments.clock(moment, NOW) == said


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=5), "1 分钟"),
        (timedelta(minutes=59), "59 分钟"),
        (timedelta(hours=1, minutes=5), "1 小时 5 分"),
        (timedelta(hours=5, minutes=5), "5 小时"),
        (timedelta(days=3), "3 天"),
        (-timedelta(days=3), "1 分钟"),
    ],
)
def test_a_length_is_said_in_its_largest_unit(length: timedelta, said: str) -> None:
    assert moments.lasting(length) == said


def test_just_now_and_a_while_ago() -> None:
    assert moments.ago(NOW, NOW) == "刚刚"
    assert moments.ago(NOW - timedelta(minutes=4), NOW) == "4 分钟前"
    assert moments.full(NOW) == "2026年11月23日 星期一 09:00"


@given(st.integers(-3600, 3600))
def test_minutes_left_are_rounded_up_until_there_are_none(seconds: int) -> None:
    left = moments.minutes_left(NOW + timedelta(seconds=seconds), NOW)
    assert (left > 0) == (seconds > 0)
    assert left * 60 >= seconds > (left - 1) * 60


def case(**values: Any) -> Heading:
    known: dict[str, Any] = dict.fromkeys(Heading.__dataclass_fields__)
    known |= {"level": Level.EMERGENCY, "state": "open", "step": 0, "reasons": ()}
    return Heading(**{**known, **values})


@pytest.mark.parametrize(
    ("values", "said", "tone"),
    [
        ({"step": -1, "minutes": 0}, "正在通知村医", "alarming"),
        ({"step": 0, "minutes": 6}, "还有 6 分钟转乡镇", "alarming"),
        ({"step": 1, "minutes": 3}, "还有 3 分钟转县里", "alarming"),
        ({"step": 2, "minutes": 3}, "还有 3 分钟通知村医", "alarming"),
        ({"step": 0, "minutes": 90}, "今天 10:30 转乡镇", "waiting"),
        ({"level": Level.ROUTINE, "minutes": None}, "没人认领", "waiting"),
        ({"level": Level.ROUTINE, "minutes": 9}, "还有 9 分钟提醒", "alarming"),
        ({"state": "acknowledged", "acknowledged_by": "李建国"}, "李建国 已认领", "calm"),
        ({"state": "acknowledged"}, "已有人 已认领", "calm"),
        ({"state": "closed", "outcome": "called_120"}, "已叫 120", "calm"),
    ],
)
def test_the_clock_of_a_case(values: dict[str, Any], said: str, tone: str) -> None:
    minutes = values.pop("minutes", None)
    rings_at = None if minutes is None else NOW + timedelta(minutes=minutes)
    found = standing.clock_of(case(next_escalation_at=rings_at, **values), NOW)
    assert (found.text, found.tone) == (said, tone)


@pytest.mark.parametrize(
    ("state", "reason", "said", "tone"),
    [
        ("queued", "quiet_hours", "等待发送（夜里不打扰，早上再发）", "waiting"),
        ("accepted", None, "微信已收", "calm"),
        ("unknown", "worker_lost", "结果不明（后台中断，不知道是否送到）", "alarming"),
        ("never", "code_of_tomorrow", "没有送出（code_of_tomorrow）", "alarming"),
    ],
)
def test_where_a_message_stands(state: str, reason: str | None, said: str, tone: str) -> None:
    found = standing.delivery_of(
        Bubble("b", "machine", NOW, "text", "x", state=state, reason=reason)
    )
    assert (found.text, found.tone) == (said, tone)


def test_the_route_is_named() -> None:
    bubble = Bubble("b", "machine", NOW, "text", "x", state="delivered", route="sms")
    assert standing.delivery_of(bubble).text == "短信 · 已送达"


def test_a_reading_is_written_as_the_meter_shows_it() -> None:
    rough = reading(1, kind="glucose", value=7.0, context="fasting", approximate=True)
    assert (standing.measured(rough), standing.value_of(rough)) == ("空腹血糖", "约 7")
    plain = pressure(1, 135, 85)
    assert (standing.measured(plain), standing.value_of(plain)) == ("血压", "135/85")


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert word("outcome", "beamed_up") == "beamed_up"
    assert word("outcome", None) == ""
    assert label("reason", "sudden_fame") == "sudden_fame"


def test_an_unknown_age_stays_unknown() -> None:
    assert moments.age(None, NOW) is None
    assert moments.age(date(1954, 11, 24), NOW) == 71
