"""A doctor's bells have an order; one that fails is followed by the next; nobody is rung zero times."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from channels.delivery import Limits, Routes, deliver_due
from channels.notice import NoticeChannel
from channels.port import Channel, Result, SendOutcome
from channels.receipts import take_receipt
from records import alarms, bells, identities, numbers, outbound
from records.db import Database
from records.identities import WECOM, Subject
from records.identity import new_id
from records.outbound import Draft, Receipt
from records.tables import (
    DeliveryAttempt,
    Escalation,
    Facility,
    OutboundMessage,
    Person,
    Practitioner,
    ProviderState,
)
from records.vault import Vault
from tests.channels.world import ScriptedChannel

NUMBER = "+8613800001111"
OK = SendOutcome(Result.ACCEPTED, "0")
BUSY = SendOutcome(Result.RETRY, reason="busy")
LOST = SendOutcome(Result.UNKNOWN, reason="lost")
NOBODY = SendOutcome(Result.CHANNEL_CLOSED, "81013", "member_not_reachable")
REFUSED = SendOutcome(Result.NEVER, "410", "refused")
OURS = SendOutcome(Result.OPERATOR, "40001", "secret_wrong")


def channel(
    name: str, *, free_text: bool = True, templates: tuple[str, ...] = ()
) -> ScriptedChannel:
    return ScriptedChannel(
        name=name,
        provider=f"{name}:main",
        windowed=False,
        free_text=free_text,
        templates=templates,
    )


@dataclass
class Ward:
    """One doctor with every bell there is, and a notice for them."""

    db: Database
    vault: Vault
    now: datetime
    doctor: str = ""
    facility: str = ""
    wecom: ScriptedChannel = field(default_factory=lambda: channel("wecom"))
    sms: ScriptedChannel = field(default_factory=lambda: channel("sms"))
    common: ScriptedChannel = field(default_factory=lambda: channel("notice"))
    limits: Limits = field(default_factory=Limits)

    def begin(self) -> None:
        with self.db.transaction() as session:
            place = Facility(id=new_id(), kind="village_clinic", name="上塘村", path="v/")
            session.add(place)
            session.flush()
            row = Practitioner(
                facility_id=place.id,
                role="village_doctor",
                login="d",
                password_hash="x",
                created_at=self.now,
            )
            row.name_sealed = self.vault.seal("李建国", "practitioners.name", row.id)
            session.add(row)
            session.flush()
            self.doctor, self.facility = row.id, place.id

    def has(self, *ways: str) -> None:
        with self.db.transaction() as session:
            if "wecom" in ways:
                subject = Subject(WECOM, "corp", "LiJianGuo")
                identities.bind(session, self.vault, self.doctor, subject, self.now)
            if "own" in ways:
                bells.set_webhook(session, self.vault, self.doctor, "https://a.test/1", self.now)
            if "sms" in ways:
                bells.set_number(session, self.vault, self.doctor, NUMBER, self.now)

    def alarm(self, session: Session, level: str) -> str:
        person = Person(
            id=new_id(), status="active", facility_id=self.facility, registered_at=self.now
        )
        session.add(person)
        session.flush()
        case = Escalation(
            person_id=person.id, level=level, state="open", opened_at=self.now, step=0
        )
        session.add(case)
        session.flush()
        return case.id

    def notice(self, level: str = "", text_key: str = "notice.emergency") -> None:
        with self.db.transaction() as session:
            draft = Draft(
                purpose=outbound.NOTICE,
                text_key=text_key,
                body="紧急：上塘村有姓王的居民要马上联系，编号4821。",
                send_key=f"ring:{new_id()}",
                practitioner_id=self.doctor,
                escalation_id=self.alarm(session, level) if level else None,
                template={"level": "紧急", "village": "上塘村", "code": "4821"},
                expires_at=self.now + timedelta(hours=12),
            )
            assert outbound.queue(session, self.vault, draft, self.now)

    async def deliver(self, common: Channel | None = None) -> OutboundMessage:
        routes = Routes(
            {("wecom", "corp"): self.wecom, ("sms", "main"): self.sms}, common or self.common
        )
        await deliver_due(self.db, self.vault, routes, self.now, limits=self.limits)
        with self.db.reading() as session:
            rows = session.exec(
                select(OutboundMessage).order_by(col(OutboundMessage.created_at).desc())
            ).all()
            return rows[0]

    def tried(self) -> list[str]:
        with self.db.reading() as session:
            rows = session.exec(
                select(DeliveryAttempt).order_by(
                    col(DeliveryAttempt.began_at), col(DeliveryAttempt.number)
                )
            ).all()
            return [one.route for one in rows]


@pytest.fixture
def ward(sqlite_database: Database, vault: Vault, now: datetime) -> Ward:
    made = Ward(sqlite_database, vault, now)
    made.begin()
    return made


async def test_a_bound_member_is_rung_in_wecom_first(ward: Ward) -> None:
    ward.has("wecom", "own", "sms")
    ward.notice()
    assert (await ward.deliver()).state == "accepted"
    assert ward.tried() == ["wecom:text"]
    (letter,) = ward.wecom.sent
    assert letter.address == "LiJianGuo"
    assert letter.ring
    assert letter.ring.token


@pytest.mark.parametrize("answer", [NOBODY, REFUSED, LOST, BUSY, OURS, OSError("cut")])
async def test_whatever_goes_wrong_with_a_bell_the_next_one_rings_at_once(
    ward: Ward, answer: SendOutcome | Exception
) -> None:
    ward.has("wecom", "sms")
    ward.wecom.answers = [answer]
    ward.notice()
    assert (await ward.deliver()).state == "accepted"
    assert ward.tried() == ["wecom:text", "sms:text"]
    assert ward.sms.sent[0].address == NUMBER


async def test_the_ways_follow_each_other_to_the_common_bell(ward: Ward) -> None:
    ward.has("wecom", "own", "sms")
    ward.wecom.answers, ward.sms.answers = [NOBODY], [REFUSED]
    ward.common.answers = [REFUSED, OK]
    ward.notice()
    assert (await ward.deliver()).state == "accepted"
    assert ward.tried() == ["wecom:text", "notice:own", "sms:text", "notice:text"]
    own, common = ward.common.sent
    assert own.ring
    assert own.ring.url == "https://a.test/1"
    assert common.ring
    assert common.ring.url == ""


async def test_without_anything_of_ones_own_the_common_bell_rings(ward: Ward) -> None:
    ward.notice()
    assert (await ward.deliver()).state == "accepted"
    assert ward.tried() == ["notice:text"]


async def test_a_common_bell_that_is_only_a_log_line_does_not_count_as_rung(ward: Ward) -> None:
    ward.has("wecom")
    ward.wecom.answers = [NOBODY]
    ward.notice()
    row = await ward.deliver(NoticeChannel())
    assert (row.state, row.reason) == ("channel_closed", "member_not_reachable")
    assert ward.tried() == ["wecom:text"]


async def test_bells_that_may_still_work_are_rung_again_in_rounds(ward: Ward) -> None:
    ward.has("wecom", "sms")
    ward.wecom.answers, ward.sms.answers, ward.common.answers = [BUSY] * 9, [BUSY] * 9, [REFUSED]
    ward.notice()
    states = []
    for _ in range(5):
        row = await ward.deliver()
        states.append((row.state, row.reason, len(ward.tried())))
        ward.now += timedelta(minutes=10)
    ends = ("never", "gave_up_busy", 9)
    assert [(state, tries) for state, _, tries in states[:3]] == [
        ("queued", 3),
        ("queued", 5),
        ("queued", 7),
    ]
    assert states[3:] == [ends, ends]


async def test_a_bell_whose_last_neighbour_is_useless_is_tried_again(ward: Ward) -> None:
    ward.has("wecom")
    ward.wecom.answers, ward.common.answers = [BUSY, OK], [REFUSED]
    ward.notice()
    assert (await ward.deliver()).state == "queued"
    ward.now += timedelta(minutes=1)
    assert (await ward.deliver()).state == "accepted"
    assert ward.tried() == ["wecom:text", "notice:text", "wecom:text"]


async def test_an_sms_provider_that_takes_templates_gets_one_without_a_name(ward: Ward) -> None:
    ward.has("sms")
    ward.sms = channel("sms", free_text=False, templates=("staff_alarm",))
    ward.notice()
    assert (await ward.deliver()).state == "accepted"
    assert ward.tried() == ["sms:template"]
    assert ward.sms.sent[0].template == {
        "level": "紧急",
        "village": "上塘村",
        "code": "4821",
        "name": "staff_alarm",
    }


async def test_an_sms_provider_without_the_template_is_no_way(ward: Ward) -> None:
    ward.has("sms")
    ward.sms = channel("sms", free_text=False)
    ward.notice()
    await ward.deliver()
    assert ward.tried() == ["notice:text"]


async def test_one_phone_gets_so_many_sms_a_day_and_the_operator_is_told(ward: Ward) -> None:
    ward.limits = Limits(doctor_sms_cap=2)
    ward.has("sms")
    for _ in range(4):
        ward.notice("urgent")
        await ward.deliver()
        ward.now += timedelta(seconds=1)
    assert ward.tried() == ["sms:text", "sms:text", "notice:text", "notice:text"]
    with ward.db.reading() as session:
        (alarm,) = alarms.open_alarms(session)
        assert (alarm.kind, alarm.subject, alarm.count) == (
            alarms.DOCTOR_SMS,
            "d",
            2,
        )
        assert NUMBER not in repr(alarm)
    ward.now += timedelta(days=1)
    ward.notice("urgent")
    await ward.deliver()
    assert ward.tried()[-1] == "sms:text"


async def test_an_emergency_goes_over_the_cap_and_is_counted(ward: Ward) -> None:
    ward.limits = Limits(doctor_sms_cap=1)
    ward.has("sms")
    for level in ("emergency", "emergency", "urgent"):
        ward.notice(level)
        await ward.deliver()
        ward.now += timedelta(seconds=1)
    assert ward.tried() == ["sms:text", "sms:text", "notice:text"]


async def test_over_the_cap_with_no_other_bell_the_alarm_climbs(ward: Ward) -> None:
    ward.limits = Limits(doctor_sms_cap=1)
    ward.has("sms")
    ward.notice("urgent")
    assert (await ward.deliver(NoticeChannel())).state == "accepted"
    ward.now += timedelta(seconds=1)
    ward.notice("urgent")
    row = await ward.deliver(NoticeChannel())
    assert (row.state, row.reason) == ("never", "doctor_sms_cap")


async def test_who_is_to_be_rung_nowhere_has_no_bell_of_their_own(ward: Ward) -> None:
    ward.has("wecom", "own", "sms")
    with ward.db.transaction() as session:
        assert bells.silence(session, ward.doctor, ward.now)
        assert bells.silenced(session, ward.doctor)
    ward.notice()
    await ward.deliver()
    assert ward.tried() == ["notice:text"]


async def test_a_closed_account_is_not_rung(ward: Ward) -> None:
    ward.has("wecom")
    with ward.db.transaction() as session:
        session.get_one(Practitioner, ward.doctor).disabled_at = ward.now
    ward.notice()
    row = await ward.deliver()
    assert (row.state, row.reason) == ("never", "practitioner_disabled")


def test_a_number_is_found_again_until_it_is_dropped(ward: Ward) -> None:
    ward.has("sms")
    with ward.db.transaction() as session:
        assert bells.number_of(session, ward.vault, ward.doctor) == NUMBER
        assert bells.holders(session, ward.vault, NUMBER) == [ward.doctor]
        assert bells.holders(session, ward.vault, "+8613800002222") == []
        assert bells.drop_number(session, ward.doctor)
        assert not bells.drop_number(session, ward.doctor)
        assert bells.number_of(session, ward.vault, ward.doctor) is None
        assert not bells.silenced(session, ward.doctor)


async def test_the_code_for_a_number_goes_to_that_number_alone(ward: Ward) -> None:
    ward.has("wecom")
    with ward.db.transaction() as session:
        assert numbers.send_code(session, ward.vault, ward.doctor, NUMBER, ward.now)
    assert (await ward.deliver()).state == "accepted"
    assert ward.tried() == ["sms:text"]
    assert ward.sms.sent[0].address == NUMBER
    assert "验证码" in ward.sms.sent[0].body
    ward.sms = channel("sms", free_text=False, templates=("number_code",))
    ward.now += timedelta(minutes=1)
    with ward.db.transaction() as session:
        assert numbers.send_code(session, ward.vault, ward.doctor, NUMBER, ward.now)
    assert (await ward.deliver()).state == "accepted"
    assert ward.tried()[-1] == "sms:template"
    assert ward.sms.sent[0].template["code"] in ward.sms.sent[0].body


async def test_with_no_way_at_all_a_notice_waits_for_one(ward: Ward) -> None:
    ward.notice()
    routes = Routes({("sms", "main"): ward.sms})
    await deliver_due(ward.db, ward.vault, routes, ward.now, limits=ward.limits)
    with ward.db.reading() as session:
        row = session.exec(select(OutboundMessage)).one()
    assert (row.state, row.reason, ward.tried()) == ("queued", "no_route", [])


async def test_a_provider_that_is_down_rings_after_the_others(ward: Ward) -> None:
    ward.has("wecom", "sms")
    with ward.db.transaction() as session:
        session.add(
            ProviderState(
                provider="wecom:main",
                opened_at=ward.now,
                open_until=ward.now + timedelta(minutes=5),
                failures=5,
            )
        )
    ward.notice()
    assert (await ward.deliver()).state == "accepted"
    assert ward.tried() == ["sms:text"]


@pytest.mark.parametrize(
    ("state", "tried"),
    [("open", ["sms:text", "notice:text"]), ("acknowledged", ["sms:text"])],
)
async def test_an_sms_that_never_landed_is_followed_by_the_next_bell_while_nobody_took_the_alarm(
    ward: Ward, state: str, tried: list[str]
) -> None:
    ward.has("sms")
    ward.sms.answers = [SendOutcome(Result.ACCEPTED, provider_id="p-1")]
    ward.notice("emergency")
    assert (await ward.deliver()).state == "accepted"
    ward.now += timedelta(minutes=1)
    with ward.db.transaction() as session:
        case = session.exec(select(Escalation)).one()
        case.state = state
        session.add(case)
        session.flush()
        failed = Receipt("p-1", delivered=False, code="UNDELIV", provider=ward.sms.provider)
        assert take_receipt(session, failed, ward.now)
        assert not take_receipt(session, failed, ward.now)
    await ward.deliver()
    assert ward.tried() == tried
