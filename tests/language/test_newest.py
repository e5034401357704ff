"""The newest value decides; two in a row count; what was corrected is gone."""

from __future__ import annotations

import pytest

from care.level import Level
from language.judgement import highest, judge
from language.reader import read


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("前几天185/100，今天145/88", Level.ROUTINE),
        ("去年185/115，今天128/80", Level.NONE),
        ("平时125/75，今天158/96", Level.ROUTINE),
        ("住院时血糖22，现在6.1", Level.NONE),
        ("上个月空腹15，今天空腹6.5", Level.NONE),
        ("最高到过200，现在130/80", Level.NONE),
        ("打错了，不是185/110，是135/80", Level.NONE),
        # Within three days every value counts, and of one sitting the first stands too: safer side.
        ("昨天185/112，今天150/90", Level.URGENT),
        ("刚才182/100，歇了十分钟再量148/90", Level.URGENT),
        ("空腹血糖昨天14.2，今天14.5", Level.URGENT),
        ("空腹14.2，餐后14.5", Level.ROUTINE),
    ],
)
def test_of_several_values_those_of_now_decide(text: str, level: Level) -> None:
    assert highest(judge(read(text))) is level
