"""A stranger says village and name, in whatever order, sound or spelling."""

from __future__ import annotations

import pytest

from agent.naming import name_in, village_in

PLACES = {"a": "东沟村", "b": "西坡村卫生室", "c": "南湾村", "d": "石桥子村"}


@pytest.mark.parametrize(
    ("text", "village", "name"),
    [
        ("东沟村，王桂芳", "a", "王桂芳"),
        ("王桂芳 东沟", "a", "王桂芳"),
        ("我叫王桂芳，东沟村的", "a", "王桂芳"),
        ("冬沟村李大山", "a", "李大山"),
        ("东勾的 张三", "a", "张三"),
        ("我是西坡的，姓名刘二妹", "b", "刘二妹"),
        ("石桥子 欧阳建国", "d", "欧阳建国"),
        ("南弯村的老李", "c", None),
        ("我是王大爷，东沟", "a", None),
        ("你猜", None, None),
        ("", None, None),
    ],
)
def test_village_and_name_are_found_when_they_were_asked_for(
    text: str, village: str | None, name: str | None
) -> None:
    found, rest = village_in(text, PLACES)
    assert found == village
    assert name_in(rest, bare=True) == name


@pytest.mark.parametrize("text", ["血压高怎么办", "王大爷还好吗", "今天吃了药"])
def test_nothing_is_taken_for_a_name_that_was_not_asked_for(text: str) -> None:
    assert name_in(text) is None


def test_a_village_that_only_sounds_alike_counts_only_when_it_was_asked_for() -> None:
    assert village_in("冬沟村", PLACES, exact=True)[0] is None
    assert village_in("冬沟村", PLACES)[0] == "a"
