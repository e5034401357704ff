"""Whether a draft is unremarkable enough to be signed together with others. The rules are data.

A draft is ordinary only when nothing speaks against it: one more complaint, or a value further out,
never makes a remarkable draft ordinary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from care.classify import VisitClass
from care.filling import Filled, missing, readings
from care.form import FOLDER, BlankKind, Form, Mode
from care.level import Level
from care.measure import Comparison, comparison, numbers
from care.proposal import Proposal
from care.protocol import protocol
from care.protocol_file import PROVENANCE_KEYS, Entry, read
from care.situation import Programme
from care.value import values as values_of

_BY_RULES = ("visit_class", "next_on", "held_on")
NEEDS = (
    "complete",
    "plausible",
    "calm",
    "satisfactory",
    "satisfactory_before",
    "no_alarm",
    "fresh",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Only these codes may stand in a blank."""

    id: str
    programme: Programme | None
    blank: str
    only: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that a draft must pass."""

    codes: tuple[Rule, ...]
    strange: Mapping[str, tuple[Comparison, ...]]
    needs: tuple[str, ...]
    fresh: timedelta


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it would be signed. `alarmed`: an alarm was open during or since the contact."""

    form: Form
    filled: Filled
    mode: Mode
    proposal: Proposal
    previous: Sequence[VisitClass]
    alarmed: bool
    held_on: date


def remarks(draft: Draft, today: date) -> tuple[str, ...]:
    """Why a doctor must look at the draft itself, in the order of the rules; empty: ordinary."""
    known = rules()
    return (
        *(need for need in known.needs if not _MET[need](draft, today)),
        *_odd_codes(draft, known),
        *_strange(draft, known),
    )


@lru_cache(maxsize=1)
def rules() -> Rules:
    """The rules in use, read once per process."""
    file = read("ordinary.toml", FOLDER)
    needs = file.entry("needs").texts("all")
    unknown = sorted(set(needs) ^ set(NEEDS))
    if unknown:
        file.fail("needs.all", f"{unknown[0]}: every need is named once")
    days = values_of(file, protocol().sources)["fresh_days"]
    return Rules(
        codes=tuple(_rule(entry) for entry in file.entries("rule")),
        strange={entry.text("id"): _comparisons(entry) for entry in file.entries("strange")},
        needs=needs,
        fresh=timedelta(days=days.value),
    )


def _rule(entry: Entry) -> Rule:
    entry.only("id", "programme", "blank", "only", *PROVENANCE_KEYS)
    programme = entry.one_of("programme", Programme) if "programme" in entry.data else None
    return Rule(entry.text("id"), programme, entry.text("blank"), frozenset(entry.texts("only")))


def _comparisons(entry: Entry) -> tuple[Comparison, ...]:
    entry.only("id", "any", *PROVENANCE_KEYS)
    named = {name: value.value for name, value in protocol().values.items()}
    found = []
    for words in entry.texts("any"):
        one = comparison(words, named)
        if one is None:
            entry.fail("any", f"{words} is not a comparison with a known value")
        found.append(one)
    return tuple(found)


def _odd_codes(draft: Draft, known: Rules) -> Iterator[str]:
    for rule in known.codes:
        if rule.programme in (None, draft.form.programme):
            said = draft.filled.values.get(rule.blank)
            if said is None:
                continue  # an empty blank is "complete"'s business
            codes = said if draft.form.blanks[rule.blank].kind is BlankKind.CODES else [said]
            if not rule.only.issuperset(codes):
                yield rule.id


def _strange(draft: Draft, known: Rules) -> Iterator[str]:
    found = [pair for reading in readings(draft.filled.values) for pair in numbers(reading)]
    for name, comparisons in known.strange.items():
        if any(c.measure is measure and c.holds(v) for c in comparisons for measure, v in found):
            yield name


def _complete(draft: Draft, _today: date) -> bool:
    lacking = missing(draft.form, draft.filled.values, draft.mode)
    return set(lacking) <= set(_BY_RULES) and draft.proposal.code is not None


def _satisfactory_before(draft: Draft, _today: date) -> bool:
    return not draft.previous or draft.previous[0] is VisitClass.SATISFACTORY


_MET: Mapping[str, Callable[[Draft, date], bool]] = {
    "complete": _complete,
    "plausible": lambda draft, _today: not draft.filled.doubts and not draft.filled.problems,
    "calm": lambda draft, _today: draft.proposal.judged.level is Level.NONE,
    "satisfactory": lambda draft, _today: (
        draft.proposal.result.visit_class is VisitClass.SATISFACTORY
    ),
    "satisfactory_before": _satisfactory_before,
    "no_alarm": lambda draft, _today: not draft.alarmed,
    "fresh": lambda draft, today: today - draft.held_on <= rules().fresh,
}
