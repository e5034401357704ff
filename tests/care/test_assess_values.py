"""Values alone and at their boundaries, drawn as a table.

Levels: E emergency, U urgent, R routine, - none. `who`: age, htn, dm, pregnant.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from care.assess import assess
from care.level import Level
from care.situation import Situation

TABLE = """
    value                     who        level  reason
    # blood pressure: reporting line, age 65 and unknown age
    bp 139/89                 60         -      .
    bp 140/89                 60         R      bp_uncontrolled
    bp 139/90                 60         R      bp_uncontrolled
    bp 140/80                 64         R      bp_uncontrolled
    bp 140/80                 65         -      .
    bp 149/89                 65         -      .
    bp 150/89                 65         R      bp_uncontrolled
    bp 149/90                 70         R      bp_uncontrolled
    bp 140/80                 .          R      bp_uncontrolled
    bp 150/-                  80         R      bp_uncontrolled
    # severe and extreme without any symptom
    bp 179/109                60         R      bp_uncontrolled
    bp 180/109                60         U      bp_crisis
    bp 179/110                60         U      bp_crisis
    bp 182/-                  57         U      bp_crisis
    bp -/110                  57         U      bp_crisis
    bp 219/129                60         U      bp_crisis
    bp 220/100                60         E      bp_crisis
    bp 190/130                60         E      bp_crisis
    # low pressure
    bp 90/60                  60         -      .
    bp 89/60                  60         U      low_bp
    bp 100/59                 60         R      low_bp
    # pregnancy: one of the two values is enough
    bp 139/89                 pregnant   -      .
    bp 140/80                 pregnant   U      pregnancy_high_bp
    bp 120/90                 pregnant   U      pregnancy_high_bp
    bp 159/109                pregnant   U      pregnancy_high_bp
    bp 160/100                pregnant   E      pregnancy_high_bp
    bp 150/110                pregnant   E      pregnancy_high_bp
    # glucose: low
    glucose 2.7               dm         E      hypo
    glucose 2.79              dm         E      hypo
    glucose 2.8               dm         U      hypo
    glucose 3.9               dm         U      hypo
    glucose 3.9 fasting       .          U      hypo
    glucose 3.91              dm         -      .
    glucose 4.0 fasting       dm         -      .
    # glucose: reporting lines by context
    glucose 6.9 fasting       dm         -      .
    glucose 7.0 fasting       dm         R      glucose_uncontrolled
    glucose 9.9 postprandial  dm         -      .
    glucose 10.0 postprandial dm         R      glucose_uncontrolled
    glucose 11.0              dm         -      .
    glucose 11.1              dm         R      glucose_uncontrolled
    glucose 11.0 random       dm         -      .
    glucose 11.1 random       dm         R      glucose_uncontrolled
    glucose 11.0 bedtime      dm         -      .
    glucose 11.1 bedtime      dm         R      glucose_uncontrolled
    # glucose: very high, any time of day
    glucose 16.6 fasting      dm         R      glucose_uncontrolled
    glucose 16.7 fasting      dm         U      hyper_severe
    glucose 16.7 postprandial dm         U      hyper_severe
    glucose 16.7              .          U      hyper_severe
    glucose 30.0              dm         U      hyper_severe
    glucose 30.1              dm         E      hyper_severe
    glucose 33.3              dm         E      hyper_severe
    # glucose in pregnancy
    glucose 5.0 fasting       pregnant   -      .
    glucose 5.1 fasting       pregnant   U      pregnancy_high_glucose
    glucose 8.5 postprandial  pregnant   U      pregnancy_high_glucose
    glucose 10.0              pregnant   U      pregnancy_high_glucose
    # pulse
    pulse 40                  60         E      palpitation
    pulse 41                  60         U      bradycardia
    pulse 49                  60         U      bradycardia
    pulse 50                  60         -      .
    pulse 100                 60         -      .
    pulse 101                 60         U      tachycardia
    pulse 129                 60         U      tachycardia
    pulse 130                 60         E      palpitation
    # temperature
    temp 37.2                 dm         -      .
    temp 37.3                 dm         R      fever
    temp 38.9                 dm         R      fever
    temp 39.0                 dm         U      fever
    temp 39.0                 .          U      fever
    # HbA1c and weight
    hba1c 6.9                 dm         -      .
    hba1c 7.0                 dm         R      glucose_uncontrolled
    weight 65                 dm         -      .
    # not a value at all: asked again, never dropped
    bp 1500/80                60         R      implausible_value
    glucose 92.5              dm         R      implausible_value
    glucose 0.5               dm         R      implausible_value
    pulse 260                 60         R      implausible_value
"""


def rows() -> list[tuple[str, str, str, str]]:
    found = []
    for line in TABLE.strip().splitlines()[1:]:
        if not line.strip().startswith("#"):
            *value, who, level, reason = line.split()
            found.append((" ".join(value), "" if who == "." else who, level, reason))
    return found


@pytest.mark.parametrize(
    ("value", "who", "level", "reason"),
    rows(),
    ids=[f"{value}, {who or 'anybody'}" for value, who, _, _ in rows()],
)
def test_a_value_alone(
    situated: Callable[..., Situation],
    level_of: Callable[[str], Level],
    value: str,
    who: str,
    level: str,
    reason: str,
) -> None:
    found = assess(situated(readings=[value], who=who))
    assert found.level is level_of(level)
    assert found.reasons[:1] == (() if reason == "." else (reason,))


def test_a_breastfeeding_mother_is_judged_like_a_pregnant_one(
    situated: Callable[..., Situation],
) -> None:
    found = assess(situated("breastfeeding", ["bp 142/88"]))
    assert found.level is Level.URGENT
    assert found.advice == "safety.pregnancy"


def test_a_garbled_half_does_not_hide_a_dangerous_one(situated: Callable[..., Situation]) -> None:
    found = assess(situated(readings=["bp 190/5"]))
    assert found.level is Level.URGENT
    assert {"bp_crisis", "implausible_value"} <= set(found.reasons)


def test_the_worst_of_several_readings_decides(situated: Callable[..., Situation]) -> None:
    found = assess(situated(readings=["glucose 6.1 fasting", "glucose 2.1", "bp 128/80"]))
    assert found.level is Level.EMERGENCY


@pytest.mark.parametrize(
    ("meter", "level", "advice"),
    [
        ("hi", Level.EMERGENCY, "safety.meter_hi"),
        ("lo", Level.EMERGENCY, "safety.meter_lo"),
        ("error", Level.ROUTINE, "routine.meter_error"),
    ],
)
def test_a_meter_without_a_number_is_a_critical_input(
    situated: Callable[..., Situation], meter: str, level: Level, advice: str
) -> None:
    found = assess(situated(meter=meter))
    assert (found.level, found.advice) == (level, advice)
