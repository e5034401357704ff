"""The contract with the rules: codes emitted exist, codes that exist can be said."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from language import homophones
from language.concepts import concepts, says, written_out
from language.lexicon import table
from language.normalise import DATA, normalise
from language.reader import read
from language.suspicion import HEADS

CARE = Path(__file__).parents[2] / "care" / "protocols" / "findings.toml"


def codes() -> set[str]:
    with CARE.open("rb") as file:
        return set(tomllib.load(file)["findings"])


def emitted() -> set[str]:
    data, outcome = table("concepts"), table("outcome")
    made = {concept for rule in data["compose"] for concept in rule["trouble"].values()}
    sided = {concept for side in data["sided"].values() for concept in side.values()}
    passing = set(data["sided"]["none"])
    return (
        set(data["phrases"])
        | set(table("frames")["frames"])
        | set(data["diseases"])
        | (made - passing)
        | (sided - passing)
        | {grade["concept"] for grade in data["grade"]}
        | set(outcome["resolved"].values())
    )


def test_every_code_emitted_is_known_to_the_rules() -> None:
    assert emitted() - codes() == set()


def test_every_code_of_the_rules_can_be_said() -> None:
    overheard = {f"sounds_{head}" for head in HEADS}
    assert codes() - emitted() == overheard


def test_what_replaces_and_what_stays_are_known_codes() -> None:
    outcome = table("outcome")
    named = set(outcome["stays"]["concepts"]) | set(outcome["replaces"])
    named |= {weak for weaks in outcome["replaces"].values() for weak in weaks}
    assert named - codes() == set()


def test_what_is_accounted_for_is_a_known_code() -> None:
    data = table("explained")
    named = {code for cause in data["cause"] for code in cause["concepts"]}
    named |= set(data["figurative"]["concepts"])
    assert named - codes() <= set(table("concepts")["sided"]["none"])


def test_a_repair_keeps_the_length() -> None:
    repairs = table("repairs")["repairs"]
    assert [wrong for wrong, right in repairs.items() if len(wrong) != len(right)] == []


def test_words_are_written_as_they_are_looked_up() -> None:
    data = concepts()
    words = [word for texts in data["phrases"].values() for word in texts]
    assert [word for word in words if len(normalise(word).text) != len(word)] == []


def test_no_expression_is_named_by_two_concepts() -> None:
    seen: dict[str, str] = {}
    twice = []
    for section in ("phrases", "diseases"):
        for concept, texts in concepts()[section].items():
            twice += [
                (t, seen[t], concept) for t in texts if seen.setdefault(t, concept) != concept
            ]
    assert twice == []


@pytest.mark.parametrize(
    "section",
    ["repairs", "lexicon", "units", "concepts", "context", "intents", "frames", "explained"],
)
def test_every_table_carries_its_review_state(section: str) -> None:
    assert table(section)["meta"]["review"] == "pending"


# Facts that need a wider sentence than the expression itself.
QUIET = {"severe_illness_said"}


def test_every_plain_expression_is_heard_in_a_first_person_sentence() -> None:
    deaf = []
    for concept, texts in concepts()["phrases"].items():
        for text in texts:
            if "*" in text or concept in QUIET:
                continue
            understood = read(f"我今天突然{text}")
            if not understood.findings:
                deaf.append((concept, text))
    assert deaf == []


def words_in(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [word for part in value.values() for word in words_in(part)]
    return [word for part in value for word in words_in(part)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", ["lexicon", "concepts", "intents", "background"])
def test_no_known_word_is_taken_for_a_slip_of_another(name: str) -> None:
    terms = tuple(table("homophones")["terms"]["words"])
    whole = concepts() if name == "concepts" else table(name)
    data = {key: value for key, value in whole.items() if key != "meta"}
    changed = {w for w in words_in(data) if homophones.repair(w, terms) != w}
    assert changed <= {"神智不清", "拜阿司匹灵", "糖化血红旦白"}


@pytest.mark.parametrize("name", ["lexicon", "concepts", "intents", "background", "units"])
def test_no_known_word_of_two_signs_is_taken_for_another(name: str) -> None:
    whole = concepts() if name == "concepts" else table(name)
    data = {key: value for key, value in whole.items() if key != "meta"}
    short = {word for word in words_in(data) if re.fullmatch("[\u3400-\u9fff]{2,4}", word)}
    slips = {"脉博", "头浑", "我的雪压", "我的雪糖", "我的学压", "我的学糖"}
    repairs = table("repairs")["repairs"]
    changed = {w for w in short if normalise(w).text != w and not any(r in w for r in repairs)}
    traditional = {"血圧", "血壓", "大於", "小於", "嗰阵", "屙痾", "眼矇"}
    assert changed <= slips | traditional


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("酱牙药吃了", "降压药吃了"),
        ("二假双瓜一天两片", "二甲双胍一天两片"),
        ("有点胸门", "有点胸闷"),
        ("呕土两次", "呕吐两次"),
        ("血亚165", "血压165"),
        ("写糖8.2", "血糖8.2"),
        ("雪糖8.2", "血糖8.2"),
        ("高鸭165低鸭98", "高压165低压98"),
        ("高呀165低呀98", "高压165低压98"),
        ("新跳98", "心跳98"),
        ("我头云得很", "我头晕得很"),
        ("早上投运", "早上头晕"),
        ("首嘛，脚玛", "手麻,脚麻"),
        ("老是新慌", "老是心慌"),
        ("人有点二心", "人有点二心"),
        ("有点饿心", "有点恶心"),
        ("突然婚迷了", "突然昏迷了"),
        ("杜子疼", "肚子疼"),
        ("台不起来", "抬不起来"),
    ],
)
def test_a_slip_of_the_voice_or_the_keyboard_is_undone(slip: str, meant: str) -> None:
    assert normalise(slip).text == meant


@pytest.mark.parametrize(
    "text",
    [
        "学堂里有人", "抵押贷款办好了", "人很高雅", "首都", "来势凶猛", "信条", "恶性肿瘤",
        "昨天新换了药", "夜里饿醒一次", "吃了会瘦吗", "弟弟们都好", "你难受吗", "好受吗",
        "弟血压高", "嘴角烂了", "药和农药分开放", "老爸偷运", "七段", "起床", "副总", "总分98",
        "项目投运了", "测血糖第一滴血", "学校", "姓黄", "他叫妈去", "三亚一百块", "心律98",
    ],
)  # fmt: skip
def test_an_ordinary_word_is_no_slip(text: str) -> None:
    assert normalise(text).text == text


def test_a_product_is_written_out_once() -> None:
    assert written_out({"x": ["拿不{住|稳}{碗|笔}", "拿不住碗", "歪"]}) == {
        "x": ["拿不住碗", "拿不住笔", "拿不稳碗", "拿不稳笔", "歪"]
    }


def test_an_entry_may_carry_a_source_of_its_own() -> None:
    own = {"says": "木了", "source": "GPHS3", "confidence": "low", "review": "pending"}
    assert says(own) == "木了"
    for wrong in ({"source": "GPHS3"}, {"says": "木了", "sauce": "GPHS3"}):
        with pytest.raises(ValueError, match=r"concepts\.toml"):
            says(wrong)


@pytest.mark.parametrize("name", ["concepts", "frames"])
def test_a_clinician_can_read_the_file_line_by_line(name: str) -> None:
    lines = (DATA / f"{name}.toml").read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > 140] == []
