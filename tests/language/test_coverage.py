"""The sentences that prove a set of red flags, an item of a referral list or an open point."""

from __future__ import annotations

import pytest

from care.coverage import Item, Section, coverage
from care.level import Level
from care.protocol import protocol
from care.situation import Assessment
from language.judgement import judge
from language.reader import read

LEVELS = {rule.id: rule.level for rule in protocol().book.rules}
SETS = [(one, said) for one in coverage().sets for said in one.heard]
ITEMS = [(one, item) for one in coverage().lists for item in one.items]


def judged(text: str) -> Assessment:
    return judge(read(text))[0].assessment


@pytest.mark.parametrize(("one", "said"), SETS, ids=[f"{o.id} {said}" for o, said in SETS])
def test_what_people_say_reaches_the_level_of_its_set_by_its_own_rules(
    one: Section, said: str
) -> None:
    own = set(judged(said).rules) & set(one.rules)
    assert one.level is not None
    assert max((LEVELS[rule] for rule in own), default=Level.NONE) >= one.level


@pytest.mark.parametrize(
    ("one", "item"), ITEMS, ids=[f"{one.id} {item.says}" for one, item in ITEMS]
)
def test_every_item_of_a_referral_list_is_heard(one: Section, item: Item) -> None:
    own = set(judged(item.heard).rules) & set(item.rules)
    assert max((LEVELS[rule] for rule in own), default=Level.NONE) >= item.level, one.id
