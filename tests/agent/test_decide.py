from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from agent import agreeing, binding, hearing, whose
from agent.by_sms import STALE
from agent.context import Heard, Past
from agent.decision import Decision, Mode, Route
from care.level import Level
from care.reading import Kind, Reading
from tests.agent.scene import SALT, OneAnswer, keys, patient

Thought = Callable[..., Decision]


def past(now: datetime, systolic: float, diastolic: float, state: str = "stored") -> Past:
    reading = Reading(Kind.BP, systolic=systolic, diastolic=diastolic)
    return Past("r1", reading, now, now - timedelta(minutes=5), state, message_id="m0", here=True)


def test_a_value_within_the_line_is_recorded_and_said_so(thought: Thought) -> None:
    decision = thought("血压128/78")
    assert keys(decision) == ["reading.recorded_ok"]
    assert "128/78" in decision.reply
    assert decision.level is Level.NONE
    assert decision.mode is Mode.RULES


@pytest.mark.parametrize("said", ["血压146/86", "在家量137/84"])
def test_below_the_line_and_above_the_aim_is_only_recorded(thought: Thought, said: str) -> None:
    decision = thought(said, members=(patient(age=68),))
    assert keys(decision) == ["reading.recorded"]
    assert decision.level is Level.NONE


def test_a_value_over_the_line_is_routine_and_advised_once(thought: Thought) -> None:
    decision = thought("血压152/94")
    assert keys(decision) == ["reading.recorded_high"]
    assert decision.level is Level.ROUTINE


def test_three_pieces_are_one_value(thought: Thought) -> None:
    decision = thought("血压", "165", "98")
    assert [str(new.reading) for new in decision.readings] == ["165/98"]


def test_a_joined_value_is_unconfirmed_and_read_back(thought: Thought) -> None:
    decision = thought("14892")
    assert decision.readings[0].certainty == "joined"
    assert keys(decision) == ["reading.joined"]
    assert "148/92" in decision.reply


def test_yes_confirms_what_was_read_back(thought: Thought, now: datetime) -> None:
    who = patient(past=(past(now, 148, 92, "unconfirmed"),))
    decision = thought("对", members=(who,), awaiting={"confirm": ["r1"]})
    assert decision.confirm == ("r1",)
    assert keys(decision) == ["reading.confirmed"]


def test_no_withdraws_what_was_read_back(thought: Thought, now: datetime) -> None:
    who = patient(past=(past(now, 148, 92, "unconfirmed"),))
    decision = thought("不对", members=(who,), awaiting={"confirm": ["r1"]})
    assert decision.withdraw == ("r1",)


def test_a_new_value_of_the_kind_asked_about_replaces_it(thought: Thought, now: datetime) -> None:
    who = patient(past=(past(now, 148, 92, "unconfirmed"),))
    decision = thought("血压138/85", members=(who,), awaiting={"confirm": ["r1"]})
    assert decision.readings[0].replaces == ("r1",)
    assert keys(decision) == ["reading.corrected"]


def test_a_correction_of_one_half_keeps_the_other(thought: Thought, now: datetime) -> None:
    who = patient(past=(past(now, 153, 85),))
    decision = thought("打错了，高压是135", members=(who,))
    assert str(decision.readings[0].reading) == "135/85"
    assert decision.readings[0].replaces == ("r1",)


def test_an_old_value_is_not_corrected_any_more(thought: Thought, now: datetime) -> None:
    old = past(now - timedelta(days=2), 153, 85)
    decision = thought("打错了，高压是135", members=(patient(past=(old,)),))
    assert decision.readings[0].replaces == ()


def test_taking_back_the_last_value_withdraws_it(thought: Thought, now: datetime) -> None:
    decision = thought("刚才那个不算", members=(patient(past=(past(now, 153, 85),)),))
    assert decision.withdraw == ("r1",)
    assert "153/85" in decision.reply


def test_taking_back_when_nothing_was_said_is_answered(thought: Thought) -> None:
    assert keys(thought("刚才那个不算")) == ["reading.nothing_to_withdraw"]


def test_a_value_of_somebody_unknown_is_stored_for_nobody(thought: Thought) -> None:
    decision = thought("我妈的血压是144/80")
    assert decision.readings == ()
    assert keys(decision) == ["reading.for_other", "routine.bp_uncontrolled"]
    assert "妈妈的血压144/80" in decision.reply


def test_a_value_of_a_registered_relative_is_stored_for_her(thought: Thought) -> None:
    members = (patient(), patient("mother"))
    decision = thought("我妈的血压是144/80", members=members)
    assert [new.person_id for new in decision.readings] == ["person-mother"]


def test_a_relative_in_danger_raises_her_alarm_not_the_senders(thought: Thought) -> None:
    members = (patient(), patient("mother"))
    decision = thought("我妈突然嘴歪了，话也说不清", members=members)
    assert decision.level is Level.EMERGENCY
    assert decision.subject_id == "person-mother"


def test_an_emergency_says_one_thing_only(thought: Thought) -> None:
    decision = thought("血压190/115，头痛得要炸了，吃盐多有关系吗")
    assert decision.route is Route.ALARM
    assert len(decision.parts) == 1
    assert "120" in decision.reply
    assert not decision.answered


def test_what_the_webhook_answered_is_not_answered_again(thought: Thought, now: datetime) -> None:
    heard = Heard(
        "m1", "text", "嘴歪了说不出话", received_at=now, level=Level.EMERGENCY, passive=True
    )
    decision = thought(messages=(heard,))
    assert decision.level is Level.EMERGENCY
    assert decision.reply == ""


def test_an_urgent_case_is_warned_and_answered(thought: Thought) -> None:
    decision = thought("血压182/96，是不是盐吃多了？")
    assert decision.level is Level.URGENT
    assert keys(decision)[0].startswith("safety.")
    assert decision.answered
    assert SALT in decision.reply


def test_joining_never_hides_what_one_message_said(thought: Thought) -> None:
    decision = thought("没有", "胸口压得喘不上气出冷汗半小时了")
    assert decision.level is Level.EMERGENCY


def test_a_level_given_by_the_webhook_is_never_lowered(thought: Thought, now: datetime) -> None:
    heard = Heard("m1", "text", "你好", received_at=now, level=Level.URGENT)
    decision = thought(messages=(heard,))
    assert decision.level is Level.URGENT
    assert keys(decision) == ["safety.general_urgent"]


def test_a_question_is_answered_with_its_source(thought: Thought) -> None:
    decision = thought("一天能吃多少盐？")
    assert decision.route is Route.ANSWER
    assert decision.mode is Mode.RETRIEVAL
    assert [citation.article for citation in decision.citations] == ["life.salt"]


def test_a_value_with_a_question_is_recorded_and_answered(thought: Thought) -> None:
    decision = thought("血压128/78，一天能吃多少盐？")
    assert keys(decision) == ["reading.recorded_ok", "answer.passage"]


def test_an_unknown_question_goes_to_the_doctor(thought: Thought) -> None:
    decision = thought("电子烟对血管有啥影响？")
    assert keys(decision) == ["answer.not_known"]
    assert [task.reason for task in decision.tasks] == ["not_known"]
    assert not decision.answered


def test_a_dose_is_refused_and_shown_to_the_doctor(thought: Thought) -> None:
    decision = thought("降压药一天吃几片？")
    assert keys(decision) == ["answer.refuse_dose"]
    assert [task.reason for task in decision.tasks] == ["dose_change"]


@pytest.mark.parametrize(
    ("text", "key"),
    [("谢谢", "chat.thanks"), ("你好", "chat.greeting"), ("帮助", "chat.help")],
)
def test_small_talk_has_its_own_words(thought: Thought, text: str, key: str) -> None:
    assert keys(thought(text)) == [key]


def test_garbage_is_asked_back(thought: Thought) -> None:
    assert keys(thought("阿巴阿巴")) == ["chat.unclear"]


def test_a_lone_number_is_asked_about_and_not_stored(thought: Thought) -> None:
    decision = thought("7.8")
    assert keys(decision) == ["reading.clarify_number"]
    assert decision.readings == ()
    assert decision.clarify


def test_an_impossible_value_is_asked_about_as_it_was_written(thought: Thought) -> None:
    decision = thought("血糖925")
    assert keys(decision) == ["reading.clarify_implausible"]
    assert "925" in decision.reply
    assert decision.readings == ()


def test_a_value_of_last_year_is_not_todays(thought: Thought) -> None:
    decision = thought("去年血压160/100")
    assert decision.readings == ()
    assert keys(decision) == ["reading.past"]


@pytest.mark.parametrize(
    ("kind", "key", "tasks"),
    [
        ("voice", "media.voice_received", ["look_at_media"]),
        ("image", "media.image_received", ["look_at_media"]),
        ("location", "media.location_received", []),
        ("video", "media.unsupported", []),
    ],
)
def test_media_are_thanked_for_and_shown_to_the_doctor(
    thought: Thought, now: datetime, kind: str, key: str, tasks: list[str]
) -> None:
    decision = thought(messages=(Heard("m1", kind, received_at=now),))
    assert keys(decision) == [key]
    assert [task.kind for task in decision.tasks] == tasks


def test_a_new_follower_is_told_who_we_are(thought: Thought, now: datetime) -> None:
    heard = Heard("m1", "event", event={"event": "subscribe"}, received_at=now)
    decision = thought(messages=(heard,), clinic_name="上塘村卫生室")
    assert keys(decision) == ["welcome.follow"]
    assert "AI" in decision.reply


def test_an_event_that_asks_nothing_is_answered_with_nothing(
    thought: Thought, now: datetime
) -> None:
    heard = Heard("m1", "event", event={"event": "VIEW"}, received_at=now)
    assert thought(messages=(heard,)).reply == ""


def test_a_menu_tap_counts_as_its_words(thought: Thought, now: datetime) -> None:
    heard = Heard("m1", "event", event={"event": "CLICK", "key": "doctor"}, received_at=now)
    decision = thought(messages=(heard,), on_duty=True)
    assert keys(decision) == ["mine.doctor_now"]
    assert [task.kind for task in decision.tasks] == ["call"]


def test_stopping_is_confirmed_once(thought: Thought) -> None:
    first = thought("退订")
    assert keys(first) == ["stop.confirm"]
    assert first.opt_out is None
    assert first.awaiting == {"stop": True}
    second = thought("退订", awaiting={"stop": True})
    assert second.opt_out is True
    assert thought("恢复").opt_out is False


def test_a_stranger_is_read_and_asked_once_who_she_is(thought: Thought) -> None:
    stranger = patient(identified=False, name="")
    first = thought("血压128/78", members=(stranger,), first_contact=True)
    assert keys(first) == ["reading.recorded_ok", "stranger.ask_name"]
    assert first.awaiting == {"name": True}
    again = thought("血压128/78", members=(stranger,))
    assert keys(again) == ["reading.recorded_ok"]


def test_what_was_understood_is_what_the_library_is_asked(
    thought: Thought, library: OneAnswer
) -> None:
    thought("一天能吃多少盐？")
    assert library.asked == ["一天能吃多少盐？"]


def test_a_phone_number_is_kept_for_the_doctor(thought: Thought) -> None:
    decision = thought("13800001234")
    assert keys(decision) == ["chat.phone_noted"]
    assert [task.reason for task in decision.tasks] == ["phone"]


def test_the_name_that_was_asked_for_reaches_the_doctor(thought: Thought) -> None:
    asked = thought("我妈的血压是144/80")
    assert asked.awaiting == {"name": True}
    told = thought("李秀英，河口村的", awaiting=asked.awaiting)
    assert keys(told) == ["stranger.waiting"]
    assert [task.reason for task in told.tasks] == ["stranger"]


def test_words_that_ask_nothing_are_not_refused(thought: Thought) -> None:
    assert keys(thought("早上起来量了一下")) == ["chat.unclear"]


def test_a_question_about_a_lethal_amount_is_an_alarm(thought: Thought) -> None:
    decision = thought("这药要多少才会死？")
    assert decision.level is Level.EMERGENCY
    assert decision.route is Route.ALARM
    assert "suicidal" in decision.reasons
    assert keys(decision) == ["safety.suicide"]


def test_a_bare_120_is_a_cry_for_help(thought: Thought) -> None:
    decision = thought("120")
    assert decision.level is Level.EMERGENCY
    assert "120" in decision.reply


def test_a_120_that_is_a_piece_of_a_value_is_a_value(thought: Thought) -> None:
    decision = thought("血压", "120", "78")
    assert decision.level is Level.NONE
    assert [str(new.reading) for new in decision.readings] == ["120/78"]


@pytest.mark.parametrize("asked", sorted(hearing.ASKED))
def test_a_120_after_a_question_is_an_answer(thought: Thought, asked: str) -> None:
    assert thought("120", awaiting={asked: []}).level is Level.NONE


@pytest.mark.parametrize("said", [{"held": True}, {"spoken_to": True}, {"awaiting": {STALE: True}}])
@pytest.mark.parametrize("number", ["120", "120！", "一二零"])
def test_a_120_after_any_words_of_ours_or_a_doctor_s_is_asked_about(
    thought: Thought, said: dict[str, object], number: str
) -> None:
    decision = thought(number, **said)
    assert decision.level is Level.NONE
    assert keys(decision) == ["reading.clarify_dialled"]
    assert "马上直接打120" in decision.reply
    assert decision.readings == ()


def test_whatever_was_said_an_ambulance_in_words_is_a_cry_for_help(thought: Thought) -> None:
    assert thought("救护车", spoken_to=True, held=True).level is Level.EMERGENCY


def test_whatever_is_asked_keeps_a_bare_120_from_being_a_cry_for_help() -> None:
    assert {binding.HELLO, agreeing.AGREE, whose.WHOSE} < hearing.ASKED
