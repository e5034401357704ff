from care.level import Level
from care.situation import Background, Programme
from language.judgement import SENDER, highest, judge
from language.reader import read


def test_the_sender_is_always_described() -> None:
    (only,) = judge(read("你好"))
    assert only.relation == SENDER
    assert only.assessment.level is Level.NONE


def test_the_most_urgent_person_comes_first() -> None:
    described = judge(read("我血压128/78。我妈突然嘴歪了，说不出话"))
    assert [person.relation for person in described] == ["mother", SENDER]
    assert highest(described) is Level.EMERGENCY


def test_a_relative_is_judged_with_her_own_background() -> None:
    words = read("我妈血压146/84")
    old = Background(age=70, conditions=frozenset({Programme.HYPERTENSION}))
    assert highest(judge(words, Background(age=40))) is Level.ROUTINE
    assert highest(judge(words, Background(age=40), {"mother": old})) is Level.NONE


def test_what_the_message_says_of_the_sender_completes_the_background() -> None:
    assert highest(judge(read("怀孕30周，血压145/92"))) is Level.URGENT


def test_a_known_age_is_not_replaced_by_one_in_the_text() -> None:
    described = judge(read("我68岁，血压146/84"), Background(age=50))
    assert described[0].situation.background.age == 50


def test_an_age_said_beside_a_relative_is_hers() -> None:
    described = {one.relation: one for one in judge(read("我妈今年68岁，血压146/84"))}
    assert described["mother"].situation.background.age == 68
    assert described[SENDER].situation.background.age is None


def test_a_relative_nobody_knows_may_be_the_patient_of_the_record() -> None:
    record = Background(conditions=frozenset({Programme.TYPE2_DIABETES}))
    described = {one.relation: one for one in judge(read("我妈出冷汗，手抖心慌"), record)}
    assert described["mother"].situation.background.conditions == record.conditions


def test_values_of_last_year_are_not_judged() -> None:
    assert highest(judge(read("去年血压190/120"))) is Level.NONE


def test_the_diseases_on_record_do_not_count_for_a_small_child() -> None:
    diabetic = Background(age=66, conditions=frozenset({Programme.TYPE2_DIABETES}))
    assert highest(judge(read("小孙女呕吐"), diabetic)) is Level.ROUTINE
    assert highest(judge(read("老伴呕吐"), diabetic)) is Level.URGENT
    assert highest(judge(read("孙子叫不醒"), diabetic)) is Level.EMERGENCY
