"""A form as a doctor hands it in: what was typed, made whole by the rules, and what still hinders.

The same checks serve the page of one draft, the short visit form and the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from care.classify import VisitClass
from care.filling import Filled, Problem, fill, missing, plain, spell
from care.form import LONGEST_TEXT, Blank, Fill, Form, Mode
from care.prefill import body_mass_index
from care.proposal import Proposal, class_of, propose
from care.reading import Reading
from care.situation import Background

SAME = "same."
REASON = "class_reason"
_AT_PHONE = "3"


class Fault(StrEnum):
    """What is wrong with the form as a whole, beside the faults of single entries."""

    FUTURE = "future"
    NOT_AFTER = "not_after"
    REASON_NEEDED = "reason_needed"
    WRONG_MODE = "wrong_mode"


class Caution(StrEnum):
    """What the doctor is asked to look at once more."""

    LATER_THAN_RULE = "later_than_rule"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the person before the form is handed in."""

    background: Background = field(default_factory=Background)
    previous: Sequence[VisitClass] = ()
    recent: tuple[Reading, ...] = ()
    findings: frozenset[str] = frozenset()
    last: Mapping[str, Any] = field(default_factory=dict)
    height_cm: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A handed-in form. `values` are complete when there is no problem; `reason` is the doctor's.

    `by_rules` are the blanks that the rules filled because the doctor left them to the rules.
    """

    form: Form
    mode: Mode
    values: dict[str, Any]
    held_on: date
    proposal: Proposal
    decided: Proposal
    reason: str
    problems: dict[str, str]
    doubts: dict[str, str]
    by_rules: frozenset[str] = frozenset()

    @property
    def overruled(self) -> bool:
        """Whether the doctor's class is not the one the rules found."""
        return self.decided.result.visit_class is not self.proposal.result.visit_class

    @property
    def next_on(self) -> date:
        return date.fromisoformat(self.values["next_on"])


def enter(form: Form, typed: Mapping[str, str], mode: Mode, known: Known, *, today: date) -> Entry:
    """Judge what was typed. Nothing is refused here: problems say what must change first."""
    filled = fill(form, repeated(form, typed, known.last), known.recent)
    problems: dict[str, str] = dict(filled.problems)
    doubts: dict[str, str] = dict(filled.doubts)
    values = filled.values
    held_on = _held_on(values, problems, today)
    _say_how(values, mode, problems)
    if known.height_cm and "weight" in values and "bmi" not in values:
        values["bmi"] = body_mass_index(values["weight"], known.height_cm)
    left = frozenset({"visit_class", "next_on", "next_measure"} - values.keys())
    rules = _proposal(form, values, held_on, known)
    decided = _decided(form, values, held_on, known, rules)
    reason = plain(typed.get(REASON, ""))[:LONGEST_TEXT]
    if decided.result.visit_class is not rules.result.visit_class and rules.code and not reason:
        problems[REASON] = Fault.REASON_NEEDED
    if decided.code is not None:
        values["visit_class"] = decided.code
    if "next_measure" in form.blanks:
        values.setdefault("next_measure", decided.result.measure.code)
    _next_on(values, decided, held_on, problems, doubts)
    lacking = missing(form, values, mode)
    problems |= {key: Problem.MISSING for key in lacking if key not in problems}
    return Entry(form, mode, values, held_on, rules, decided, reason, problems, doubts, left)


def as_drafted(
    form: Form, values: Mapping[str, Any], mode: Mode, known: Known, *, held_on: date, today: date
) -> tuple[Entry, Filled]:
    """A draft entered just as it stands, and what was found in its single entries."""
    typed = {**spell(form, values), "held_on": values.get("held_on", held_on.isoformat())}
    typed.setdefault(REASON, str(values.get(REASON, "")))
    filled = fill(form, typed, known.recent)
    return enter(form, typed, mode, known, today=today), filled


def repeated(form: Form, typed: Mapping[str, str], last: Mapping[str, Any]) -> dict[str, str]:
    """What was typed, with empty blanks of the groups marked 和上次一样 taken from the last form."""
    whole = dict(typed)
    before = spell(form, last)
    for blank in offered(form):
        group = form.row_of[blank.key].group
        if typed.get(f"{SAME}{group}") and not plain(typed.get(blank.key, "")):
            whole[blank.key] = before.get(blank.key, "")
    return whole


def offered(form: Form) -> tuple[Blank, ...]:
    """The blanks whose value of last time is offered again."""
    return form.filled_by(Fill.LAST_FORM)


def _held_on(values: dict[str, Any], problems: dict[str, str], today: date) -> date:
    held_on = date.fromisoformat(values["held_on"]) if "held_on" in values else today
    values["held_on"] = held_on.isoformat()
    if held_on > today:
        problems["held_on"] = Fault.FUTURE
    return held_on


def _say_how(values: dict[str, Any], mode: Mode, problems: dict[str, str]) -> None:
    """The form's own code for the way of contact. A message has none, whatever was chosen."""
    if mode is Mode.PHONE:
        values["mode"] = _AT_PHONE
    elif mode is Mode.MESSAGE:
        values.pop("mode", None)
    elif values.get("mode") == _AT_PHONE:
        problems["mode"] = Fault.WRONG_MODE


def _proposal(form: Form, values: Mapping[str, Any], held_on: date, known: Known) -> Proposal:
    return propose(
        form,
        values,
        held_on,
        background=known.background,
        previous=known.previous,
        findings=known.findings,
    )


def _decided(
    form: Form, values: Mapping[str, Any], held_on: date, known: Known, rules: Proposal
) -> Proposal:
    chosen = class_of(values.get("visit_class"))
    if chosen is None or chosen is rules.result.visit_class:
        return rules
    return propose(
        form,
        values,
        held_on,
        background=known.background,
        previous=known.previous,
        findings=known.findings,
        decided=chosen,
    )


def _next_on(
    values: dict[str, Any],
    decided: Proposal,
    held_on: date,
    problems: dict[str, str],
    doubts: dict[str, str],
) -> None:
    if "next_on" not in values:
        values["next_on"] = decided.due.on.isoformat()
        return
    chosen = date.fromisoformat(values["next_on"])
    if chosen <= held_on:
        problems["next_on"] = Fault.NOT_AFTER
    elif chosen > decided.due.on:
        doubts["next_on"] = Caution.LATER_THAN_RULE
