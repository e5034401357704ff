from __future__ import annotations

from datetime import datetime

import pytest

from knowledge.answer import Answer
from knowledge.library import Library
from knowledge.topic import Topic

DM, HTN = frozenset({"type2_diabetes"}), frozenset({"hypertension"})
APPLE = Topic(("苹果",), ("dm.fruit",), DM)


@pytest.fixture
def ask(library: Library, now: datetime):  # type: ignore[no-untyped-def]
    def answer(text: str, topic: Topic | None = None, **more: frozenset[str]) -> Answer:
        conditions = more.pop("conditions", frozenset())
        return library.answer(text, conditions=conditions, now=now, topic=topic, **more)

    return answer


def test_a_topic_is_codes_and_comes_back_from_them() -> None:
    topic = Topic(("苹果",), ("dm.fruit",), DM, frozenset({"kidney"}), told_long=True)
    assert Topic.of(topic.codes()) == topic
    assert Topic.of({}) == Topic()


def test_another_food_is_answered_for_the_disease_of_before(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask("那西瓜呢", APPLE, conditions=HTN)
    assert found.text.startswith("糖尿病人吃西瓜")
    assert "高血压的人" not in found.text
    assert found.topic.foods == ("西瓜",)


def test_another_disease_is_answered_for_the_food_of_before(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask("高血压的呢", APPLE)
    assert found.text.startswith("高血压的人吃苹果")
    assert found.topic.about == HTN


def test_a_disease_that_somebody_does_not_have_is_left_out(ask) -> None:  # type: ignore[no-untyped-def]
    assert ask("没糖尿病的能吃吗", APPLE).text.startswith("高血压的人吃苹果")


def test_only_the_sentences_on_the_amount_are_told(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask("一天几个", Topic(("鸡蛋",), ("dm.protein",), DM))
    assert "1个" in found.text
    assert "煎炸" not in found.text


def test_what_the_table_does_not_say_is_said_plainly(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask("晚上呢", Topic(("枸杞",), ("myth.folk_remedy",), DM))
    assert "没写" in found.text


def test_a_shorter_and_a_longer_telling(ask) -> None:  # type: ignore[no-untyped-def]
    topic = Topic((), ("life.salt",), HTN)
    again, short, long = (ask(text, topic) for text in ("再说一遍", "没看懂", "说详细点"))
    assert len(short.text) < len(again.text) < len(long.text)
    assert all(cited.article == "life.salt" for cited in long.citations)
    assert long.topic.told_long
    assert "接着问我" in ask("还有吗", long.topic).text


def test_an_article_of_the_other_disease_is_found(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask("糖尿病呢", Topic((), ("htn.heredity",), HTN))
    assert [cited.article for cited in found.citations] == ["dm.heredity"]


def test_what_leans_on_a_medicine_is_refused_like_the_whole_question(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask("减半片呢", Topic((), ("med.stop_self",), HTN))
    assert (found.kind, found.refusal) == ("refusal", "dose_change")


@pytest.mark.parametrize("text", ["那晚上呢", "为啥", "再说一遍", "那吃多少合适", "高血压的呢"])
def test_without_a_topic_it_is_asked_back(ask, text: str) -> None:  # type: ignore[no-untyped-def]
    found = ask(text)
    assert found.ask_back
    assert found.kind == "unknown"


def test_a_question_that_stands_alone_ignores_the_topic(ask) -> None:  # type: ignore[no-untyped-def]
    alone = ask("高血压能吃咸菜吗")
    assert ask("高血压能吃咸菜吗", APPLE) == alone


def test_ailments_of_the_record_change_the_answer(ask) -> None:  # type: ignore[no-untyped-def]
    plain = ask("能吃豆腐吗", conditions=DM)
    with_kidney = ask("能吃豆腐吗", conditions=DM, ailments=frozenset({"kidney"}))
    assert "肾不好" not in plain.text
    assert "肾不好" in with_kidney.text
    assert "肾不好" in ask("那鸡蛋呢", with_kidney.topic).text


def test_gout_of_somebody_with_our_disease_is_no_other_disease(ask) -> None:  # type: ignore[no-untyped-def]
    assert "痛风" in ask("我有痛风，能吃海鲜吗", conditions=HTN).text
    assert ask("我有痛风，能吃海鲜吗").kind == "refusal"


def test_a_food_and_something_else_are_both_answered(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask("能吃花生不，还有降压药饭前吃还是饭后吃", conditions=HTN)
    cited = {citation.article for citation in found.citations}
    assert {"life.nuts", "htn.morning"} <= cited
    assert found.left == 0


def test_of_three_questions_two_are_answered_and_one_is_counted(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask("能不能吃苹果？多久查一次糖化？眼睛要不要查？", conditions=DM)
    assert found.left == 1


def test_foods_of_too_many_groups_are_named_and_left(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask("香蕉、咸菜、白酒、花生都能吃吗", conditions=HTN)
    assert "花生请再单独问我" in found.text


def test_two_foods_are_compared_by_what_the_table_says(ask) -> None:  # type: ignore[no-untyped-def]
    assert "糙米比白米饭升糖慢" in ask("糙米和白米饭哪个好", conditions=DM).text
    assert "差不多" in ask("面条和米饭哪个好", conditions=DM).text
    assert "草莓比榨菜盐少" in ask("草莓和榨菜哪个好", conditions=HTN).text


def test_an_unknown_food_gets_the_general_rule_and_says_so(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask("能吃阿萨伊果吗", conditions=DM)
    assert found.kind == "unknown"
    assert "阿萨伊果" in found.text
    assert [cited.article for cited in found.citations] == ["dm.diet"]


@pytest.mark.parametrize("text", ["能吃西瓜霜吗", "能吃阿莫西林吗", "能吃枇杷膏吗", "能吃早饭吗"])
def test_what_is_no_food_is_not_answered_as_one(ask, text: str) -> None:  # type: ignore[no-untyped-def]
    found = ask(text, conditions=DM)
    assert "我没查到" not in found.text
    assert not (found.topic and found.topic.foods)


def test_what_may_be_eaten_at_all_is_meant_for_the_own_disease(ask) -> None:  # type: ignore[no-untyped-def]
    cited = [c.article for c in ask("啥子不能吃", conditions=DM).citations]
    assert cited == ["dm.diet"]


def test_a_name_is_no_food(ask) -> None:  # type: ignore[no-untyped-def]
    assert ask("小枣儿他爸能吃香蕉吗", conditions=DM).topic.foods == ("香蕉",)


def test_a_medicine_named_alone_is_told_of(ask) -> None:  # type: ignore[no-untyped-def]
    assert "沙坦" in ask("那缬沙坦呢", Topic((), ("htn.c_class",), HTN)).text


def test_a_count_after_a_food_is_no_dose(ask) -> None:  # type: ignore[no-untyped-def]
    peanuts = Topic(("花生",), ("life.nuts",), DM)
    assert "一小把" in ask("一天几颗", peanuts).text
    assert ask("一天几颗").refusal == "dose_change"
    assert ask("一天几片", peanuts).refusal == "dose_change"


def test_a_value_beside_the_question_names_no_disease(ask) -> None:  # type: ignore[no-untyped-def]
    assert ask("血压138/86，花生能吃不", conditions=DM).text.startswith("糖尿病人吃花生")
    assert ask("血压138/86，花生能吃不").text.startswith("高血压的人吃花生")


def test_a_bare_that_is_asked_back_even_with_a_topic(ask) -> None:  # type: ignore[no-untyped-def]
    assert ask("那个呢", APPLE).ask_back


def test_an_age_beside_a_person_is_no_number_of_its_own(ask) -> None:  # type: ignore[no-untyped-def]
    assert "吃苹果" in ask("我爸今年80了能吃不", APPLE).text


def test_another_ailment_is_said_first_and_shortly(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask("我肾功能不好", Topic(("香蕉",), ("dm.fruit",), DM))
    assert "血钾" in found.text
    assert "榨汁" not in found.text


def test_a_food_that_follows_and_nobody_knows_is_not_guessed(ask) -> None:  # type: ignore[no-untyped-def]
    assert "仙人掌”我没查到" in ask("那仙人掌呢", APPLE).text


def test_what_to_eat_after_an_alarm_is_no_general_question(ask) -> None:  # type: ignore[no-untyped-def]
    low = Topic((), ("dm.hypo.first_aid",), DM)
    assert "15到20克糖" in ask("吃啥子好", low, conditions=DM).text
    assert ask("吃啥子好", Topic(alarm=True), conditions=DM) == Answer("unknown")
    assert ask("那西瓜呢", Topic(alarm=True), conditions=DM).topic.foods == ("西瓜",)


def test_a_bare_food_behind_another_is_one_more(ask) -> None:  # type: ignore[no-untyped-def]
    assert ask("猪脚", APPLE).text.startswith("糖尿病人吃猪脚")
    assert ask("猪脚").kind != "answer"


def test_when_to_see_a_doctor_is_told_of_the_topic(ask) -> None:  # type: ignore[no-untyped-def]
    foot = Topic((), ("dm.foot_care",), DM)
    for text in ("要紧不", "什么时候去医院"):
        found = ask(text, foot)
        assert [cited.article for cited in found.citations] == ["dm.foot_care"]
