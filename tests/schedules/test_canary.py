"""The daily canary over every provider, and what is asked of providers between messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from channels.parcel import Routes
from channels.port import Approval, Balance, Letter, Result, SendOutcome
from channels.receipts import take_receipt
from records import alarms, canaries, halting, messages, windows
from records.identity import new_id
from records.outbound import Receipt
from records.tables import (
    Canary,
    ContactPoint,
    DeliveryAttempt,
    OutboundMessage,
    ProviderState,
    TemplateApproval,
)
from schedules.canary import Perch, send_due
from schedules.polling import poll
from tests.agent.scene import Village

MINUTE = timedelta(minutes=1)
PERCH = Perch(phones=("+8613900001111",), openids=("o-operator",))
TAKEN = SendOutcome(Result.ACCEPTED, "OK", provider_id="b^0")


@dataclass
class Bird:
    """A provider that answers what it is told."""

    name: str = "sms"
    provider: str = "aliyun:main"
    windowed: bool = False
    free_text: bool = False
    templates: tuple[str, ...] = ("canary",)
    answer: SendOutcome | Exception = TAKEN
    sent: list[tuple[str, Letter]] = field(default_factory=list)
    left: Balance | SendOutcome | Exception = field(default_factory=lambda: Balance(500, "sms"))
    standing: Mapping[str, Approval] | SendOutcome = field(
        default_factory=lambda: {"canary": Approval("SMS_1", "approved")}
    )
    asked: list[str] = field(default_factory=list)

    def has_template(self, name: str) -> bool:
        return name in self.templates

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        return self._take("text", letter)

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        return self._take("template", letter)

    async def balance(self, now: datetime) -> Balance | SendOutcome:
        self.asked.append("balance")
        if isinstance(self.left, Exception):
            raise self.left
        return self.left

    async def approvals(self, now: datetime) -> Mapping[str, Approval] | SendOutcome:
        self.asked.append("templates")
        return self.standing

    def _take(self, way: str, letter: Letter) -> SendOutcome:
        self.sent.append((way, letter))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def routes(*birds: Bird) -> Routes:
    return Routes({(bird.name, bird.provider): bird for bird in birds})


@pytest.fixture
def morning(village: Village) -> datetime:
    """Half past nine where the people live."""
    return village.now.replace(hour=1, minute=30)


async def fly(village: Village, now: datetime, *birds: Bird, perch: Perch = PERCH) -> int:
    return await send_due(village.database, village.vault, routes(*birds), perch, now)


def today(village: Village) -> list[Canary]:
    with village.database.reading() as session:
        return list(session.exec(select(Canary).order_by(Canary.provider)).all())


def opened(village: Village) -> list[tuple[str, str]]:
    with village.database.reading() as session:
        return [(one.kind, one.subject) for one in alarms.open_alarms(session)]


async def test_it_flies_once_a_day_and_leaves_no_row_of_a_patient(
    village: Village, morning: datetime
) -> None:
    bird = Bird()
    assert await fly(village, morning, bird) == 1
    assert await fly(village, morning + MINUTE, bird) == 0
    [(way, letter)] = bird.sent
    [canary] = today(village)
    assert (way, letter.address, letter.template) == (
        "template",
        "+8613900001111",
        {"name": "canary"},
    )
    assert (letter.attempt_id, canary.provider_id, canary.result) == (canary.id, "b^0", "accepted")
    with village.database.reading() as session:
        assert session.exec(select(OutboundMessage)).all() == []
        assert session.exec(select(DeliveryAttempt)).all() == []
    assert await fly(village, morning + timedelta(days=1), bird) == 1


@pytest.mark.parametrize(("hours", "minutes"), [(0, -1), (7, 30)])
async def test_it_flies_in_working_hours_only(
    village: Village, morning: datetime, hours: int, minutes: int
) -> None:
    bird = Bird()
    at = morning + timedelta(hours=hours, minutes=minutes)
    assert await fly(village, at, bird) == 0
    assert bird.sent == []


async def test_what_is_stopped_sends_no_canary(village: Village, morning: datetime) -> None:
    with village.database.transaction() as session:
        halting.halt(session, "operator", "everything", "x", morning)
    bird = Bird()
    assert await fly(village, morning, bird) == 0
    assert bird.sent == []


async def test_each_provider_has_its_own_way(village: Village, morning: datetime) -> None:
    modem = Bird(provider="gammu:main", free_text=True, templates=())
    cloud = Bird()
    await fly(village, morning, modem, cloud)
    assert [way for way, _ in modem.sent + cloud.sent] == ["text", "template"]
    assert modem.sent[0][1].body == "这是随访系统每天的通道自检，收到就是正常，不用回复。"


@pytest.mark.parametrize(
    ("bird", "perch", "code"),
    [
        (Bird(), Perch(), "no_phone"),
        (Bird(templates=()), PERCH, "template_missing"),
        (Bird("wechat", "wechat:wx1", templates=()), Perch(), "no_openid"),
        (Bird("wechat", "wechat:wx1", templates=()), PERCH, "openid_never_wrote"),
    ],
)
async def test_what_cannot_be_tried_says_why_and_rings_nobody(
    village: Village, morning: datetime, bird: Bird, perch: Perch, code: str
) -> None:
    await fly(village, morning, bird, perch=perch)
    [canary] = today(village)
    assert (canary.result, canary.code, bird.sent) == (canaries.CANNOT, code, [])
    assert opened(village) == []


async def test_on_wechat_it_needs_an_open_window_and_is_tried_again(
    village: Village, morning: datetime
) -> None:
    bird = Bird("wechat", "wechat:wx1", windowed=True, free_text=True, templates=())
    with village.database.transaction() as session:
        row = new_id()
        contact = ContactPoint(
            id=row,
            channel="wechat",
            account="wx1",
            address_index=village.vault.index("o-operator", "address"),
            address_sealed=village.vault.seal("o-operator", messages.ADDRESS, row),
            created_at=morning,
        )
        session.add(contact)
    await fly(village, morning, bird)
    assert [one.code for one in today(village)] == ["window_shut"]
    with village.database.transaction() as session:
        contact = session.get_one(ContactPoint, row)
        windows.grant(contact, windows.Window(timedelta(hours=48), 5), morning)
        session.add(contact)
    assert await fly(village, morning + 31 * MINUTE, bird) == 1
    [(way, letter)] = bird.sent
    assert (way, letter.address) == ("text", "o-operator")
    with village.database.reading() as session:
        assert session.get_one(ContactPoint, row).window_left == 4
    [canary] = today(village)
    assert canaries.verdict(canary, morning + 32 * MINUTE) == canaries.GOOD


async def test_without_a_receipt_it_failed_until_another_one_arrives(
    village: Village, morning: datetime
) -> None:
    bird = Bird()
    await fly(village, morning, bird)
    await fly(village, morning + 29 * MINUTE, bird)
    assert opened(village) == []
    for minutes in (31, 32):
        await fly(village, morning + minutes * MINUTE, bird)
    with village.database.reading() as session:
        [alarm] = alarms.open_alarms(session)
    assert (alarm.kind, alarm.count, alarm.detail) == ("canary", 1, {"code": "no_receipt"})
    with village.database.transaction() as session:
        receipt = Receipt("b^0", delivered=True, code="DELIVERED", provider="aliyun:main")
        assert not take_receipt(session, receipt, morning + 40 * MINUTE)
    assert await fly(village, morning + 41 * MINUTE, bird) == 2
    assert opened(village) == []


@pytest.mark.parametrize(
    "answer",
    [SendOutcome(Result.OPERATOR, "isv.AMOUNT_NOT_ENOUGH", "balance"), RuntimeError("x")],
)
async def test_a_refusal_or_a_fault_is_written_down(
    village: Village, morning: datetime, answer: SendOutcome | Exception
) -> None:
    bird = Bird("wechat", "wechat:wx1", templates=("canary",), answer=answer)
    await fly(village, morning, bird)
    assert opened(village) == [(alarms.CANARY, "wechat:wx1")]


async def test_one_that_is_taken_ends_the_troubles_of_its_provider(
    village: Village, morning: datetime
) -> None:
    with village.database.transaction() as session:
        session.add(ProviderState(provider="aliyun:main", trouble="balance", failures=3))
        alarms.raise_for_operator(session, alarms.TROUBLE, "aliyun:main", morning)
    await fly(village, morning, Bird())
    assert opened(village) == []
    with village.database.reading() as session:
        assert session.get_one(ProviderState, "aliyun:main").trouble is None


def test_perches_are_read_from_the_settings() -> None:
    perch = Perch.of(" 13900001111, 010-1234 ,+8613900002222", "o1,")
    assert perch == Perch(("+8613900001111", "+8613900002222"), ("o1",))
    assert Perch.of(None, None) == Perch()


async def test_several_phones_take_turns(village: Village, morning: datetime) -> None:
    bird = Bird()
    perch = Perch(phones=("+8613900001111", "+8615000002222"))
    for days in (0, 1):
        await fly(village, morning + timedelta(days=days), bird, perch=perch)
    assert {letter.address for _, letter in bird.sent} == set(perch.phones)


async def test_balances_are_asked_hourly_and_templates_daily(
    village: Village, morning: datetime
) -> None:
    bird = Bird()
    for minutes in (0, 30, 60, 24 * 60):
        await poll(village.database, routes(bird), morning + minutes * MINUTE)
    assert bird.asked == ["balance", "templates", "balance", "balance", "templates"]
    with village.database.reading() as session:
        state = session.get_one(ProviderState, "aliyun:main")
        approval = session.get_one(TemplateApproval, ("aliyun:main", "canary"))
    assert (state.balance, state.balance_unit) == (500, "sms")
    assert (approval.template_id, approval.state) == ("SMS_1", "approved")


async def test_a_template_of_former_days_is_forgotten(village: Village, morning: datetime) -> None:
    bird = Bird()
    await poll(village.database, routes(bird), morning)
    bird.standing = {"danger": Approval("SMS_2", "rejected", "格式")}
    await poll(village.database, routes(bird), morning + timedelta(days=1))
    with village.database.reading() as session:
        assert [one.name for one in session.exec(select(TemplateApproval)).all()] == ["danger"]


@pytest.mark.parametrize("left", [SendOutcome(Result.UNKNOWN), RuntimeError("x")])
async def test_who_does_not_tell_changes_nothing(
    village: Village, morning: datetime, left: SendOutcome | Exception
) -> None:
    bird = Bird(left=left, standing=SendOutcome(Result.RETRY))
    assert await poll(village.database, routes(bird), morning) == 0
    with village.database.reading() as session:
        assert session.exec(select(ProviderState)).all() == []
