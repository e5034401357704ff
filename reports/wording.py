"""Words that definitions borrow from the protocol, so that no cut-off is written down twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from care.escalation import ladder
from care.level import Level
from care.line import PressureCutoff
from care.protocol import protocol
from care.protocol_file import Confidence, Provenance, Review
from care.reading import GlucoseContext, Kind
from care.situation import Programme
from care.targets import Setting, sugar_cutoff

_CONFIDENCE = {
    Confidence.HIGH: "多处原文一致",
    Confidence.LOW: "只有一处原文",
    Confidence.MEMORY: "未见原文，待核",
}
_REVIEW = {Review.PENDING: "待医生审核", Review.SIGNED: "已审核"}
_LEVELS = {Level.EMERGENCY: "紧急", Level.URGENT: "今天"}


def common(rules: Mapping[str, Any]) -> dict[str, str]:
    """Words that any table may use."""
    known = protocol()
    line, band = known.whole("hearts_systolic"), int(rules["band"])
    return {
        "home_line": _pressure_lines(Setting.HOME),
        "clinic_line": _pressure_lines(Setting.CLINIC),
        "quality_months": str(rules["quality_months"]),
        "below": f"{line - band}～{line - 1}",
        "above": f"{line}～{line + band - 1}",
    }


def of_programme(
    programme: Programme, names: Mapping[str, str], rules: Mapping[str, Any]
) -> dict[str, str]:
    """Words about one disease: its lines and how many visits are due."""
    known = protocol()
    sugar = programme is Programme.TYPE2_DIABETES
    return {
        "disease": names["disease"],
        "value": "血糖" if sugar else names["value"],
        "value_short": "血糖" if sugar else names["value"],
        "line": _sugar_line() if sugar else _pressure_lines(Setting.CLINIC),
        "standard": _standard(sugar, rules),
        "window": str(known.whole("hearts_window_months")),
        "lost": str(known.whole("hearts_lost_months")),
        **(_hearts_sugar() if sugar else _hearts_pressure()),
    }


def of_level(level: str) -> dict[str, str]:
    """Words about one level of alarm."""
    rungs = ladder(Level(level))
    if rungs is None:
        msg = f"no ladder for {level}"
        raise ValueError(msg)
    working = protocol().working
    when = (
        "任何时候都算" if rungs.any_hour else f"只数每天 {working.start:%H:%M}～{working.end:%H:%M}"
    )
    target = f"第一级 {rungs.steps[0].wait_minutes} 分钟内，{when}（{_origin(rungs.origin)}）"
    return {"level": _LEVELS[Level(level)], "target": target}


def _standard(sugar: bool, rules: Mapping[str, Any]) -> str:
    known = protocol()
    wanted = f"{known.whole('visits_a_year')} 次面对面随访"
    if sugar:
        wanted += f"和 {known.whole('fasting_tests_a_year')} 次空腹血糖"
    how = (
        f"到月末按在管天数每满 {rules['days_per_visit']} 天应有 1 次，最多到全年要求"
        if rules["prorated"]
        else "不折算"
    )
    return f"年内管理、做够应有次数的人数。全年要求 {wanted}；{how}。同一天的算一次。"


def _pressure_lines(setting: Setting) -> str:
    cutoffs = [c for c in protocol().lines.pressure_cutoffs if c.setting is setting]
    return "；".join(_pressure(cutoff) for cutoff in cutoffs)


def _pressure(cutoff: PressureCutoff) -> str:
    who = f"{cutoff.age_from} 岁及以上" if cutoff.age_from else "其他人（含年龄不详）"
    return (
        f"{who}高压低于 {cutoff.systolic:g} 且低压低于 {cutoff.diastolic:g} mmHg"
        f"（{_origin(cutoff.origin)}）"
    )


def _sugar_line() -> str:
    cutoff = sugar_cutoff(Kind.GLUCOSE, GlucoseContext.FASTING)
    if cutoff is None:
        msg = "the protocol has no cut-off for fasting glucose"
        raise ValueError(msg)
    return f"空腹血糖低于 {cutoff.value:.1f} mmol/L（{_origin(cutoff.origin)}）"


def _hearts_pressure() -> dict[str, str]:
    known = protocol()
    high, low = known.number("hearts_systolic"), known.number("hearts_diastolic")
    return {
        "hearts_value": "门诊血压",
        "hearts_line": f"高压低于 {high:g} 且低压低于 {low:g} mmHg，不分年龄",
        "hearts_source": "hearts",
    }


def _hearts_sugar() -> dict[str, str]:
    known = protocol()

    def lines(suffix: str, compared: str) -> str:
        fasting, other, hba1c = (
            known.number(f"{name}{suffix}")
            for name in ("hearts_fasting", "hearts_other_glucose", "hearts_hba1c")
        )
        return (
            f"空腹{compared} {fasting:.1f}、餐后或随机{compared} {other:.1f} mmol/L、"
            f"糖化{compared} {hba1c:g}%"
        )

    return {
        "hearts_value": "门诊血糖或糖化血红蛋白",
        "hearts_line": lines("", "低于"),
        "hearts_worse": lines("_worse", "不低于"),
        "hearts_source": "hearts_sugar",
    }


def _origin(origin: Provenance) -> str:
    return (
        f"{origin.source.title}，{origin.source.edition}；"
        f"{_CONFIDENCE[origin.confidence]}，{_REVIEW[origin.review]}"
    )
