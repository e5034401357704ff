"""From words to urgency: one situation per person described, each judged by the rules.

The webhook, the turn and `suifang batch` all judge through this one function, so that a message
cannot be urgent in one of them and not in another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from care.assess import assess
from care.level import Level
from care.reading import Reading
from care.situation import Assessment, Background, Programme, Situation
from language.relations import code_of, is_small
from language.understanding import Mention, Purpose, Subject, Understanding, When

SENDER = "self"
UNKNOWN_BACKGROUND = Background()


@dataclass(frozen=True, slots=True)
class Described:
    """One person as described now. `relation` is "self" for the sender, else a relation's code."""

    relation: str
    situation: Situation
    assessment: Assessment


def judge(
    understood: Understanding,
    background: Background = UNKNOWN_BACKGROUND,
    others: Mapping[str, Background] | None = None,
) -> tuple[Described, ...]:
    """Judge everyone described as being ill or measured now, the most urgent first.

    `others` gives the background of people the sender may speak of, by relation. Whoever is not in
    it may be the patient of this record, whose relative holds the phone: the diseases and drugs on
    record count for them too, which is the more urgent side; age and pregnancy do not. A small
    child is not that patient: nothing on record is the child's.
    """
    known = others or {}
    perhaps = Background(conditions=background.conditions, drugs=background.drugs)
    relations = _others(understood)
    described = [_described(understood, SENDER, background, speaks_of_age=not relations)]
    for relation in relations:
        theirs = known.get(relation, UNKNOWN_BACKGROUND if is_small(relation) else perhaps)
        described += [_described(understood, relation, theirs, speaks_of_age=True)]
    ranked = sorted(described, key=lambda person: -person.assessment.level.rank)
    return (_overheard(ranked[0], understood.sounds), *ranked[1:])


def _overheard(person: Described, sounds: frozenset[str]) -> Described:
    """The person the words are most likely about, with what the second ear heard, if that raises."""
    situation = replace(person.situation, findings=person.situation.findings | sounds)
    raised = assess(situation)
    if raised.level.rank <= person.assessment.level.rank:
        return person
    return Described(person.relation, situation, raised)


def highest(described: tuple[Described, ...]) -> Level:
    """The most urgent level of anyone described."""
    return max((person.assessment.level for person in described), key=lambda level: level.rank)


def _described(
    understood: Understanding, relation: str, background: Background, *, speaks_of_age: bool
) -> Described:
    situation = Situation(
        background=_completed(background, understood, speaks_of_age=speaks_of_age),
        readings=tuple(_readings(understood, relation)),
        findings=frozenset(
            finding.concept
            for finding in understood.findings
            if _relation(finding.subject, finding.relation) == relation
        ),
        meter_errors=understood.meter_errors if relation == SENDER else frozenset(),
    )
    return Described(relation, situation, assess(situation))


def _readings(understood: Understanding, relation: str) -> list[Reading]:
    return [
        mention.reading
        for mention in understood.mentions
        if _current(mention) and _relation(mention.subject, mention.relation) == relation
    ]


def _current(mention: Mention) -> bool:
    return mention.when is not When.PAST and mention.purpose is Purpose.MEASURED


def _relation(subject: Subject, relation: str | None) -> str:
    """Whose it is. An unclear subject is judged as the sender: asking must not delay an alarm."""
    return code_of(relation or "other") if subject is Subject.OTHER else SENDER


def _others(understood: Understanding) -> list[str]:
    named = [_relation(m.subject, m.relation) for m in understood.mentions]
    named += [_relation(f.subject, f.relation) for f in understood.findings]
    return sorted(set(named) - {SENDER})


def _completed(
    background: Background, understood: Understanding, *, speaks_of_age: bool
) -> Background:
    """The background, with what the message itself says: age, pregnancy, disease, drugs.

    An age said beside a relative is the relative's; everything else counts for all, the safer side.
    """
    said = frozenset(Programme(name) for name in understood.conditions)
    age = understood.age if speaks_of_age and background.age is None else background.age
    return replace(
        background,
        age=age,
        conditions=background.conditions | said,
        pregnant=background.pregnant or understood.pregnant,
        drugs=background.drugs | understood.drugs,
    )
