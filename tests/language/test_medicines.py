from __future__ import annotations

import pytest

from care.protocol import protocol
from language.background import drugs
from language.lexicon import table
from language.medicines import by_name, find, medicines, rules_in
from language.reader import read


def generics(text: str) -> list[str]:
    return [named.medicine.generic for named in find(text)]


def test_the_list_knows_the_medicines_of_a_village() -> None:
    assert len(medicines()) >= 120
    assert len(by_name()) >= 600


def test_every_name_stands_once() -> None:
    names = [n.lower() for m in medicines() for n in (*m.names, *m.misspelt)]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_every_class_that_the_rules_know_is_one_of_the_protocol() -> None:
    rules = {medicine.rule for medicine in medicines() if medicine.rule}
    assert rules == set(protocol().drugs)


def test_no_stem_of_the_background_repeats_a_name_of_the_list() -> None:
    stems = {word for words in table("background")["drugs"].values() for word in words}
    assert stems & set(by_name()) <= {"胰岛素"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("络活喜是治什么的", ["氨氯地平"]),
        ("落活喜是啥药", ["氨氯地平"]),
        ("拜心同和优降糖", ["硝苯地平", "格列本脲"]),
        ("二假双瓜吃完拉肚子", ["二甲双胍"]),
        ("诺和灵30R打完了", ["预混人胰岛素"]),
        ("缬沙坦氨氯地平", ["缬沙坦氨氯地平"]),
        ("北京降压0号", ["复方利血平氨苯蝶啶"]),
        ("左旋氨氯地平", ["左旋氨氯地平"]),
        ("可定期来量血压", []),
        ("今天血压130/80", []),
        ("吃饭前心得安慰自己", []),
    ],
)
def test_a_name_is_found_as_it_is_written_or_spoken(text: str, found: list[str]) -> None:
    assert generics(text) == found


def test_a_medicine_named_twice_is_found_once() -> None:
    assert generics("络活喜就是氨氯地平吧") == ["氨氯地平"]


def test_a_brand_tells_a_generic_by_its_packet() -> None:
    assert by_name()["落活喜"].brand == "络活喜"
    assert by_name()["珍菊降压片"].brand == ""


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("诺和锐", "insulin"),
        ("诺和龙", "sulfonylurea"),
        ("消渴丸", "sulfonylurea"),
        ("倍林达", "blood_thinner"),
        ("欧唐静", "sglt2"),
    ],
)
def test_a_name_tells_the_class_that_decides_urgency(text: str, rule: str) -> None:
    assert rules_in(text) == {rule}
    assert drugs(f"我在吃{text}") == {rule}


def test_a_brand_that_begins_like_an_insulin_is_not_one() -> None:
    assert drugs("我打诺和力") == frozenset()
    assert drugs("我打诺和") == {"insulin"}


def test_a_medicine_called_after_what_it_is_for_is_no_sign() -> None:
    said = {
        (name, finding.concept)
        for name in by_name()
        for finding in read(f"我在吃{name}").findings
        if not finding.concept.startswith("takes_")
    }
    # 感冒灵: who takes it has a cold.
    assert {(name, concept) for name, concept in said if concept != "infection"} == set()
