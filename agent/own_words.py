"""我的血压, 我的血糖: what somebody asks about the own values, as a sentence and as a small picture.

A value stands beside the control line that every other sentence uses. Never a diagnosis.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from agent import wording
from agent.context import SENDER, Member, Past, TurnContext
from agent.decision import Part, Picture
from agent.picture import Chart, Series, draw
from agent.state import TurnState
from care.average import Average, period
from care.protocol import protocol
from care.reading import GlucoseContext, Kind, Reading
from care.targets import controlled, pressure_cutoff, sugar_cutoff
from records.readings import MEASURED
from records.times import CHINA
from texts.catalogue import render, sentence
from texts.wording import spoken

_WEEK = timedelta(days=7)
_DRAWN = 10
_TOLD_BEFORE = 3
_MOST_PEOPLE = 2
_YOU = "您"
_ASKED = {"压": Kind.BP, "糖": Kind.GLUCOSE}
_KINDS = (Kind.BP, Kind.GLUCOSE)


def my_values(state: TurnState, context: TurnContext) -> TurnState:
    """The last values of whoever holds the phone, or of those who share theirs with the holder."""
    asked = [kind for word, kind in _ASKED.items() if word in state["heed"].text]
    people = _shown_to_the_holder(context)
    if not people:
        return {"parts": (wording.part("reading.history_none"),)}
    found = [(who, kind) for who in people for kind in asked or _KINDS if _past(who, kind)]
    if not found:
        measure = render(f"kind.{asked[0] if asked else Kind.BP}")
        return {"parts": (wording.part("mine.none", whose=_whose(people[0]), measure=measure),)}
    sentences = tuple(_sentence(who, kind, context.now) for who, kind in found)
    # Nobody's values are drawn where two people's could be mixed up.
    pictured = context.pictures and len({who.person_id for who, _ in found}) == 1
    if pictured:
        who, kind = max(found, key=lambda one: _past(*one)[0].taken_at)
        return {"parts": sentences, "picture": _picture(who, kind, context.now)}
    return {"parts": sentences + _before(found, sentences)}


def _shown_to_the_holder(context: TurnContext) -> list[Member]:
    own = [who for who in context.members if who.relation == SENDER]
    return own or [who for who in context.members if who.shared][:_MOST_PEOPLE]


def _past(who: Member, kind: Kind) -> list[Past]:
    return [past for past in who.history if past.reading.kind is kind]


def _sentence(who: Member, kind: Kind, now: datetime) -> Part:
    last = _past(who, kind)[0]
    values: dict[str, str | int] = {
        "whose": _whose(who),
        "value": spoken(last.reading),
        "date": _day(_local(last.taken_at)),
    }
    line = _line(last.reading, who)
    verdict = _verdict(last.reading, who)
    week = _week(who, kind, now)
    if week is not None and verdict is not None:
        whole = _verdict(week.reading, who)
        if whole == verdict or whole != "within":
            average = str(week.reading)
            told = {**values, "average": average, "count": week.count}
            return wording.part(f"mine.week_{whole}", **told, **_with_line(f"week_{whole}", line))
    key = f"last_{verdict}" if verdict else "last" if line else "last_plain"
    return wording.part(f"mine.{key}", **values, **_with_line(key, line))


def _with_line(key: str, line: str) -> dict[str, str]:
    return {"line": line} if "line" in sentence(f"mine.{key}").placeholders else {}


def _week(who: Member, kind: Kind, now: datetime) -> Average | None:
    """The home average of a week, from two pressures on."""
    readings = [
        past.reading
        for past in _past(who, kind)
        if past.taken_at > now - _WEEK
        and past.setting == "home"
        and past.basis == MEASURED
        and past.reading.systolic is not None
        and past.reading.diastolic is not None
    ]
    return period(readings) if kind is Kind.BP and len(readings) > 1 else None


def _verdict(reading: Reading, who: Member) -> str | None:
    """within, above or low; None when that cannot be said, or is for the doctor alone to say."""
    if who.background.pregnant:
        return None
    if _low(reading):
        return "low"
    held = controlled(reading, who.background)
    return None if held is None else "within" if held else "above"


def _low(reading: Reading) -> bool:
    known = protocol()
    if reading.kind is Kind.GLUCOSE:
        return reading.value is not None and reading.value <= known.number("glucose_low")
    halves = ((reading.systolic, "low_systolic"), (reading.diastolic, "low_diastolic"))
    return any(value is not None and value < known.number(name) for value, name in halves)


def _line(reading: Reading, who: Member) -> str:
    if who.background.pregnant:
        return ""
    if reading.kind is Kind.BP:
        cutoff = pressure_cutoff(who.background)
        return f"{cutoff.systolic:g}/{cutoff.diastolic:g}"
    sugar = sugar_cutoff(reading.kind, reading.context)
    return f"{sugar.value:.1f}" if sugar else ""


def _before(found: Sequence[tuple[Member, Kind]], sentences: tuple[Part, ...]) -> tuple[Part, ...]:
    """The values before the last one, where no picture shows them; as far as one SMS holds them."""
    if len(found) > 1:
        return ()
    past = _past(*found[0])[1 : 1 + _TOLD_BEFORE]
    told = "、".join(f"{_day(_local(one.taken_at))}{one.reading}" for one in past)
    if not told:
        return ()
    added = wording.part("mine.before", before=told)
    room = sentence("mine.before").max_length - len(sentences[0].text) - 1
    return (added,) if len(added.text) <= room else ()


def _picture(who: Member, kind: Kind, now: datetime) -> Picture:
    past = _past(who, kind)[:_DRAWN][::-1]
    chart = _pressure(past, who, now) if kind is Kind.BP else _glucose(past, who)
    told = render("picture.sent", measure=render(f"kind.{kind}"))
    return Picture(f"picture.{kind}", told, draw(chart))


def _pressure(past: Sequence[Past], who: Member, now: datetime) -> Chart:
    cutoff = None if who.background.pregnant else pressure_cutoff(who.background)
    week = _week(who, Kind.BP, now)
    told = past[-1].reading
    summary = render("picture.week_none")
    if week is not None:
        summary = render("picture.week", average=str(week.reading), count=week.count)
    elif past[-1].taken_at > now - _WEEK:
        summary = ""
    return Chart(
        title=render("picture.bp"),
        unit=render("picture.bp_unit"),
        latest=str(told),
        caption=render("picture.caption", date=_day(_local(past[-1].taken_at))),
        summary=summary,
        legend=render("picture.legend") if cutoff else "",
        days=_days(past),
        series=(
            Series(
                render("picture.systolic"),
                tuple(one.reading.systolic for one in past),
                cutoff.systolic if cutoff else None,
            ),
            Series(
                render("picture.diastolic"),
                tuple(one.reading.diastolic for one in past),
                cutoff.diastolic if cutoff else None,
            ),
        ),
    )


def _glucose(past: Sequence[Past], who: Member) -> Chart:
    fasting = tuple(_value(one, fasting=True) for one in past)
    others = tuple(_value(one, fasting=False) for one in past)
    lines = [None, None] if who.background.pregnant else _sugar_lines(past)
    last = past[-1]
    context = last.reading.context
    day = _day(_local(last.taken_at))
    caption = render("picture.caption", date=day)
    if context is not None:
        name = render(f"glucose.{context}")
        caption = render("picture.caption_context", measure=name, date=day)
    return Chart(
        title=render("picture.glucose"),
        unit=render("picture.glucose_unit"),
        latest=str(last.reading),
        caption=caption,
        summary="",
        legend=render("picture.legend") if any(lines) else "",
        days=_days(past),
        series=(
            Series(render("picture.fasting"), fasting, lines[0]),
            Series(render("picture.other"), others, lines[1]),
        ),
    )


def _sugar_lines(past: Sequence[Past]) -> list[float | None]:
    """The line of each series that has values; the strictest one where they differ."""
    found: list[float | None] = []
    for wanted in (True, False):
        cutoffs = [
            sugar_cutoff(Kind.GLUCOSE, one.reading.context)
            for one in past
            if (one.reading.context is GlucoseContext.FASTING) is wanted
        ]
        found.append(min((one.value for one in cutoffs if one is not None), default=None))
    return found


def _value(past: Past, *, fasting: bool) -> float | None:
    wanted = (past.reading.context is GlucoseContext.FASTING) is fasting
    return past.reading.value if wanted else None


def _days(past: Sequence[Past]) -> tuple[tuple[int, int], ...]:
    days = [_local(one.taken_at) for one in past]
    return tuple((day.month, day.day) for day in days)


def _local(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"


def _whose(who: Member) -> str:
    return _YOU if who.relation == SENDER else who.name or _YOU
