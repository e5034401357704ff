"""From the code on paper to the first reading: the turn that binds, asks, keeps and stops."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from agent.context import TurnContext
from agent.decision import Decision
from agent.graph import decide
from agent.turn import take_turn
from channels.recipient import Refusal, addressed, refused
from records import binding, consents, links, outbound, people, strangers
from records.db import Database
from records.identity import new_id
from records.messages import Arrival
from records.outbound import text_of
from records.tables import (
    Consent,
    ContactPoint,
    Escalation,
    InboundMessage,
    OutboundMessage,
    Person,
    PersonContact,
    Practitioner,
    StoredReading,
    Task,
)
from records.vault import Vault
from tests.agent.scene import Village

_WELCOME = "我是AI助手，不是医生"


class Phone:
    """A phone nobody has bound yet, in the village's WeChat account."""

    def __init__(self, village: Village, openid: str = "openid-new") -> None:
        self.village, self.openid = village, openid

    def hear(self, text: str = "", *, event: dict[str, str] | None = None) -> None:
        arrival = Arrival(
            channel="wechat",
            account="wx1",
            address=self.openid,
            external_id=new_id(),
            kind="event" if event else "text",
            text=text,
            event=event or {},
            sent_at=self.village.now,
        )
        with self.village.database.transaction() as session:
            self.village.reception.receive(session, arrival, self.village.now)

    def say(self, text: str) -> str:
        """Hear, take the turn, and give back what was answered to it."""
        before = len(self.said())
        self.hear(text)
        self.village.turn()
        return "\n".join(self.said()[before:])

    def scan(self, scene: str, *, event: str = "SCAN") -> str:
        before = len(self.said())
        self.hear(event={"event": event, "scene": scene})
        self.village.turn()
        return "\n".join(self.said()[before:])

    def said(self) -> list[str]:
        index = self.village.vault.index(self.openid, "address")
        with self.village.database.reading() as session:
            rows = session.exec(
                select(OutboundMessage)
                .join(ContactPoint, col(ContactPoint.id) == col(OutboundMessage.contact_point_id))
                .where(ContactPoint.address_index == index)
                .order_by(col(OutboundMessage.created_at), col(OutboundMessage.id))
            ).all()
            return [text_of(self.village.vault, row) for row in rows]

    @property
    def id(self) -> str:
        index = self.village.vault.index(self.openid, "address")
        with self.village.database.reading() as session:
            return session.exec(
                select(ContactPoint.id).where(ContactPoint.address_index == index)
            ).one()


@pytest.fixture
def new(village: Village) -> Phone:
    return Phone(village)


@pytest.fixture
def unbound(village: Village) -> Person:
    """Somebody the doctor has registered, without a phone so far."""
    registration = people.Registration("李秀兰", village.facility.id)
    with village.database.transaction() as session:
        return people.register(session, village.vault, registration, village.now)


Giving = Callable[..., binding.Issued]


@pytest.fixture
def code_for(village: Village) -> Giving:
    def give(person: Person, relation: str = "self") -> binding.Issued:
        with village.database.transaction() as session:
            doctor = session.exec(select(Practitioner.id)).first()
            return binding.issue(
                session,
                village.vault,
                person.id,
                relation=relation,
                issued_by=doctor or "",
                now=village.now,
            )

    return give


def states(village: Village) -> list[str]:
    with village.database.reading() as session:
        return list(
            session.exec(select(StoredReading.state).order_by(col(StoredReading.recorded_at))).all()
        )


def given(village: Village, person_id: str, contact_id: str) -> frozenset[str]:
    with village.database.reading() as session:
        return consents.allowed(session, person_id, contact_id)


def test_a_code_binds_and_the_first_words_say_who_we_are(
    new: Phone, unbound: Person, code_for: Giving
) -> None:
    answer = new.say(f"我的绑定码是 {code_for(unbound).digits}")
    assert "李秀兰" in answer
    assert "上塘村" in answer
    assert _WELCOME in answer
    assert "120" in answer
    assert "回“同意”" in answer
    assert "退出" in answer
    assert len(new.said()) == 1


@pytest.mark.parametrize("event", ["SCAN", "subscribe"])
def test_a_scan_binds_without_a_word(
    new: Phone, unbound: Person, code_for: Giving, event: str
) -> None:
    scene = code_for(unbound).scene
    assert scene is not None
    assert "李秀兰" in new.scan(scene, event=event)


def test_a_scan_of_another_poster_is_welcomed_and_asked_for_a_name(new: Phone) -> None:
    answer = new.scan("poster-7")
    assert "健康随访助手" in answer
    assert "哪个村" in answer


def test_agreeing_is_one_word_and_kept_with_its_message(
    village: Village, new: Phone, unbound: Person, code_for: Giving
) -> None:
    new.say(code_for(unbound).digits)
    assert "都记下了" in new.say("同意")
    assert given(village, unbound.id, new.id) == consents.ASKED
    with village.database.reading() as session:
        rows = session.exec(select(Consent)).all()
        said = {session.get_one(InboundMessage, row.evidence_message_id).id for row in rows}
    assert len(said) == 1


def test_a_plain_yes_right_after_the_question_agrees(
    village: Village, new: Phone, unbound: Person, code_for: Giving
) -> None:
    new.say(code_for(unbound).digits)
    new.say("好的")
    assert given(village, unbound.id, new.id) == consents.ASKED


def test_a_reading_before_the_yes_waits_and_is_stored_after_it(
    village: Village, new: Phone, unbound: Person, code_for: Giving
) -> None:
    new.say(code_for(unbound).digits)
    answer = new.say("血压135/85")
    assert "还没给您记上" in answer
    assert states(village) == ["withheld"]
    answer = new.say("同意")
    assert "补记上了" in answer
    assert states(village) == ["stored"]
    assert "记下了" in new.say("血压133/84")
    assert states(village) == ["stored", "stored"]


def test_an_alarm_never_waits_for_consent_and_the_first_words_come_later(
    village: Village, new: Phone, unbound: Person, code_for: Giving
) -> None:
    new.hear(f"绑定码{code_for(unbound).digits}")
    new.hear("血压195/125，头痛得厉害")
    village.turn()
    with village.database.reading() as session:
        (case,) = session.exec(select(Escalation)).all()
        passive = [m for m in session.exec(select(InboundMessage)).all() if m.passive_sealed]
    assert case.level == "emergency"
    assert passive
    answer = new.say("好一点了")
    assert _WELCOME in answer
    assert "回“同意”" in answer


def test_a_no_is_taken_and_readings_are_not_kept(
    village: Village, new: Phone, unbound: Person, code_for: Giving
) -> None:
    new.say(code_for(unbound).digits)
    new.say("血压135/85")
    assert "听您的" in new.say("不同意")
    assert states(village) == ["withdrawn"]
    assert "没有记" in new.say("血压136/85")
    assert states(village) == ["withdrawn", "withheld"]


def test_an_alarm_is_raised_after_a_no_too(
    village: Village, new: Phone, unbound: Person, code_for: Giving
) -> None:
    new.say(code_for(unbound).digits)
    new.say("不同意")
    new.say("血压195/125，头痛得厉害")
    with village.database.reading() as session:
        assert len(session.exec(select(Escalation)).all()) == 1


def test_leaving_is_one_word(
    village: Village, new: Phone, unbound: Person, code_for: Giving
) -> None:
    new.say(code_for(unbound).digits)
    new.say("同意")
    assert "都停了" in new.say("退出")
    assert given(village, unbound.id, new.id) == frozenset()
    with village.database.reading() as session:
        assert session.get_one(ContactPoint, new.id).stopped_at is not None
    new.say("同意")
    assert given(village, unbound.id, new.id) == consents.ASKED
    with village.database.reading() as session:
        assert session.get_one(ContactPoint, new.id).stopped_at is None


@pytest.mark.parametrize(
    ("word", "left"),
    [
        ("不要提醒", {"readings", "education"}),
        ("不要科普", {"readings", "reminders"}),
        ("不要记数", {"reminders", "education"}),
    ],
)
def test_each_purpose_ends_with_its_own_word(
    village: Village, new: Phone, unbound: Person, code_for: Giving, word: str, left: set[str]
) -> None:
    new.say(code_for(unbound).digits)
    new.say("同意")
    assert "停了" in new.say(word)
    assert given(village, unbound.id, new.id) == left


def test_a_reading_sent_with_the_yes_is_kept_and_with_the_no_is_not(
    village: Village, new: Phone, unbound: Person, code_for: Giving
) -> None:
    new.say(code_for(unbound).digits)
    new.hear("血压135/85")
    new.say("同意")
    assert states(village) == ["stored"]
    new.hear("血压136/85")
    new.say("不要记数")
    assert states(village) == ["stored", "withdrawn"]


def test_a_no_without_a_question_takes_back_what_was_agreed(
    village: Village, new: Phone, unbound: Person, code_for: Giving
) -> None:
    new.say(code_for(unbound).digits)
    new.say("同意")
    assert "停了" in new.say("不同意")
    assert given(village, unbound.id, new.id) == frozenset()


def test_only_one_purpose_may_be_agreed_to(
    village: Village, new: Phone, unbound: Person, code_for: Giving
) -> None:
    new.say(code_for(unbound).digits)
    assert "记数" in new.say("同意记数")
    assert given(village, unbound.id, new.id) == {"readings"}


def test_a_reminder_is_sent_only_where_it_was_agreed_to(
    village: Village, new: Phone, unbound: Person, code_for: Giving
) -> None:
    new.say(code_for(unbound).digits)

    def may_be_sent() -> bool:
        with village.database.transaction() as session:
            draft = outbound.Draft(
                purpose=outbound.REMINDER,
                text_key="followup.open_neutral",
                body="x",
                send_key=new_id(),
                person_id=unbound.id,
                contact_point_id=new.id,
                expires_at=village.now + timedelta(hours=1),
            )
            row = outbound.queue(session, village.vault, draft, village.now)
            assert row is not None
            found = addressed(session, row, village.now)
            if isinstance(found, ContactPoint):
                found = refused(session, row, found) or found
        return not isinstance(found, Refusal)

    assert not may_be_sent()
    new.say("同意")
    assert may_be_sent()
    new.say("不要提醒")
    assert not may_be_sent()


@pytest.mark.parametrize(
    ("sent", "words"),
    [("绑定码400000", "没对上"), ("绑定码48291", "6个数字")],
)
def test_a_wrong_code_is_answered_kindly(new: Phone, sent: str, words: str) -> None:
    answer = new.say(sent)
    assert words in answer
    assert "哪个村" in answer


def test_expired_used_and_cancelled_codes_say_what_to_do(
    village: Village, new: Phone, unbound: Person, code_for: Giving
) -> None:
    used = code_for(unbound, "mother")
    Phone(village, "openid-first").say(used.digits)
    assert "别的手机用过" in new.say(used.digits)
    cancelled = code_for(unbound, "mother")
    old = code_for(unbound, "mother")
    assert "不用了" in new.say(cancelled.digits)
    village.later(days=7)
    assert "过期" in new.say(old.digits)


def test_a_patient_we_know_may_send_six_digits_that_are_none(village: Village) -> None:
    said = village.say("482913")
    assert "没对上" not in "".join(said)


def test_a_failed_turn_says_the_first_words_when_it_is_taken_again(
    village: Village,
    new: Phone,
    unbound: Person,
    code_for: Giving,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    digits = code_for(unbound).digits
    with monkeypatch.context() as broken:
        broken.setattr("agent.turn.decide", lambda _context: 1 / 0)
        assert new.say(digits) == ""
    village.later(minutes=2)
    take_turn(village.database, village.tools, lambda: village.now)
    (said,) = new.said()
    assert "李秀兰" in said
    assert _WELCOME in said


def test_a_code_that_was_used_here_before_says_so(
    new: Phone, unbound: Person, code_for: Giving
) -> None:
    digits = code_for(unbound).digits
    new.say(digits)
    new.say("同意")
    assert "早就连上了" in new.say(f"绑定码{digits}")


class TestAFamily:
    """A daughter's phone, and whose data she may see."""

    @pytest.fixture
    def daughter(self, village: Village, code_for: Giving) -> Phone:
        phone = Phone(village, "openid-daughter")
        phone.say(code_for(village.patient, "mother").digits)
        return phone

    def test_she_is_told_whose_readings_she_sends(self, daughter: Phone) -> None:
        (said,) = daughter.said()
        assert "替王桂芳" in said
        assert "先问过王桂芳本人" in said

    def test_what_she_sends_is_kept_for_her_mother(self, village: Village, daughter: Phone) -> None:
        daughter.say("同意")
        answer = daughter.say("血压135/85")
        assert "王桂芳的" in answer
        with village.database.reading() as session:
            (row,) = session.exec(select(StoredReading)).all()
        assert (row.person_id, row.state) == (village.patient.id, "stored")

    def test_she_sees_nothing_until_her_mother_agrees(
        self, village: Village, daughter: Phone
    ) -> None:
        village.say("血压151/93")
        daughter.say("同意")
        assert "151" not in daughter.say("我的血压")
        assert "本人同意" in daughter.say("同意共享")
        assert "151" not in daughter.say("我的血压")
        assert "可以看" in village.say("同意共享")[-1]
        assert given(village, village.patient.id, daughter.id) >= {"sharing"}
        assert "151" in daughter.say("我的血压")
        village.say("不共享")
        assert "151" not in daughter.say("我的血压")

    def test_her_mother_is_asked_on_her_own_phone(self, village: Village, daughter: Phone) -> None:
        assert daughter.said()
        (asked,) = village.said()
        assert "您的子女" in asked
        assert "回“同意共享”" in asked

    def test_a_value_her_mother_sent_is_not_told_by_a_correction(
        self, village: Village, daughter: Phone
    ) -> None:
        village.say("血压151/93")
        daughter.say("同意")
        answer = daughter.say("打错了，高压是135")
        assert "93" not in answer

    @pytest.mark.parametrize("answer", ["李秀兰", "婆婆的", "是我婆婆的"])
    def test_of_several_people_she_is_asked_and_a_word_answers(
        self,
        village: Village,
        daughter: Phone,
        unbound: Person,
        code_for: Giving,
        answer: str,
    ) -> None:
        daughter.say("同意")
        daughter.say(code_for(unbound, "mother_in_law").digits)
        daughter.say("同意")
        asked = daughter.say("血压135/85")
        assert "王桂芳、李秀兰" in asked
        assert states(village) == []
        assert "李秀兰的" in daughter.say(answer)
        with village.database.reading() as session:
            (row,) = session.exec(select(StoredReading)).all()
        assert (row.person_id, row.systolic) == (unbound.id, 135)

    def test_an_answer_that_names_nobody_places_nothing(
        self, village: Village, daughter: Phone, unbound: Person, code_for: Giving
    ) -> None:
        daughter.say("同意")
        daughter.say(code_for(unbound, "mother_in_law").digits)
        daughter.say("同意")
        for answer in ("我的", "今天天气真不错啊出去走走", "舅舅的"):
            daughter.say("血压135/85")
            daughter.say(answer)
        assert states(village) == []

    def test_a_value_that_is_named_needs_no_question(
        self, village: Village, daughter: Phone, unbound: Person, code_for: Giving
    ) -> None:
        daughter.say("同意")
        daughter.say(code_for(unbound, "mother_in_law").digits)
        daughter.say("同意")
        assert "李秀兰的" in daughter.say("我婆婆血压135/85")

    def test_agreeing_for_one_more_parent_is_for_that_one(
        self, village: Village, daughter: Phone, unbound: Person, code_for: Giving
    ) -> None:
        daughter.say("同意")
        daughter.say(code_for(unbound, "mother_in_law").digits)
        daughter.say("不同意")
        assert consents.READINGS in given(village, village.patient.id, daughter.id)
        assert consents.READINGS not in given(village, unbound.id, daughter.id)

    def test_her_phone_is_not_taken_for_the_mothers_own(
        self, village: Village, daughter: Phone
    ) -> None:
        with village.database.reading() as session:
            relations = [one.relation for one in links.phones_of(session, village.patient.id)]
        assert sorted(relations) == ["mother", "self"]

    def test_nothing_to_share_is_said_when_nobody_is_bound(self, village: Village) -> None:
        assert "还没有家里人" in village.say("同意共享")[-1]


def test_a_phone_that_is_somebody_elses_own_is_told_how_to_go_on(
    village: Village, unbound: Person, code_for: Giving
) -> None:
    answer = village.say(f"绑定码{code_for(unbound).digits}")[-1]
    assert "王桂芳" in answer
    assert "家人的手机" in answer


class TestAStranger:
    """Somebody nobody registered writes."""

    @pytest.fixture(autouse=True)
    def bare_phone(self, new: Phone) -> Phone:
        return new

    def test_is_asked_once_and_waits_in_the_queue(self, village: Village, new: Phone) -> None:
        assert "哪个村" in new.say("您好")
        assert "哪个村" not in new.say("在吗")
        with village.database.reading() as session:
            (task,) = session.exec(select(Task).where(Task.kind == "identify")).all()
        assert task.closed_at is None

    def test_gets_the_safety_text_alone_and_is_asked_afterwards(
        self, village: Village, new: Phone
    ) -> None:
        new.hear("胸口痛得厉害，出冷汗")
        village.turn()
        assert new.said() == []
        with village.database.reading() as session:
            assert len(session.exec(select(Escalation)).all()) == 1
            assert session.exec(select(Task).where(Task.kind == "identify")).all()
        assert "哪个村" in new.say("好些了")

    def test_says_village_and_name_and_is_seen_there(self, village: Village, new: Phone) -> None:
        new.say("您好")
        assert "建好档" in new.say("上塘的，刘大山")
        with village.database.reading() as session:
            person = session.exec(select(Person).where(Person.status == "unidentified")).one()
            assert people.name_of(village.vault, person) == "刘大山"
            assert person.facility_id == village.facility.id

    def test_a_reading_of_a_stranger_is_kept(self, village: Village, new: Phone) -> None:
        answer = new.say("血压135/85")
        assert "135/85" in answer
        assert "哪个村" in answer
        assert states(village) == ["stored"]

    def test_is_not_asked_who_says_it_at_once(self, new: Phone) -> None:
        answer = new.say("我叫刘大山，上塘村的")
        assert "哪个村" not in answer
        assert "建好档" in answer


def test_who_is_recognised_while_a_turn_thinks_loses_nothing(
    village: Village, new: Phone, unbound: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    new.say("您好")

    def meanwhile(context: TurnContext) -> Decision:
        """The doctor taps "it is she" just now."""
        with village.database.transaction() as session:
            stranger = session.get_one(Person, context.sender.person_id)
            person = session.get_one(Person, unbound.id)
            assert strangers.adopt(session, stranger, person, village.now, actor="practitioner:x")
        return decide(context)

    monkeypatch.setattr("agent.turn.decide", meanwhile)
    new.say("高压182，人没事")
    with village.database.reading() as session:
        assert session.exec(select(StoredReading.person_id)).all() == [unbound.id]
        assert session.exec(select(Escalation.person_id)).all() == [unbound.id]
        tasks = session.exec(select(Task).where(Task.kind == "identify")).all()
    assert [task.closed_at is not None for task in tasks] == [True]


def test_two_phones_with_one_code_at_once_bind_one(
    database: Database, vault: Vault, now: datetime
) -> None:
    village = Village(database, vault, now)
    with database.transaction() as session:
        unbound = people.register(
            session, vault, people.Registration("李秀兰", village.facility.id), now
        )
        doctor = session.exec(select(Practitioner.id)).one()
        code = binding.issue(session, vault, unbound.id, relation="self", issued_by=doctor, now=now)
    phones = [Phone(village, f"openid-new-{number}") for number in range(2)]
    for phone in phones:
        phone.hear(code.digits)
    village.turn()
    village.turn()
    said = sorted(phone.said()[0][:6] for phone in phones)
    assert said == ["李秀兰，您的", "这个码已经被"]
    with database.reading() as session:
        tied = session.exec(
            select(PersonContact).where(PersonContact.person_id == unbound.id)
        ).all()
    assert len(tied) == 1
