"""Subscription messages from end to end: a yes on the phone, the send, its receipt, and the ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from channels.wechat.account import WeChatAccount
from records import subscriptions
from records.subscriptions import LONG_TERM, ONE_TIME, Leave
from records.tables import InboundMessage
from simulator.faults import Fault, FaultKind
from simulator.settings import TemplateSpec
from simulator.template_message import TemplateDesk
from tests.channels.world import WANG, World, attempts, outbound_rows

ONCE, LASTING = "tpl-once", "tpl-lasting"
BIZSEND = "/cgi-bin/message/subscribe/bizsend"
FIELDS = {"thing1": "事项", "time2": "日期", "thing3": "怎么做"}
REMINDER = {"name": "followup_due", "title": "健康随访提醒", "date": "2026-11-30"}
AGAIN = {**REMINDER, "name": "followup_reminder"}


@pytest.fixture
def account(account: WeChatAccount) -> WeChatAccount:
    """An account whose first reminder needs a yes each time, and the second one a lasting one."""
    return replace(
        account,
        templates={"followup_due": ONCE, "followup_reminder": LASTING},
        kinds={"followup_due": ONE_TIME, "followup_reminder": LONG_TERM},
    )


def offer(world: World, *, tells_msgid: bool = False) -> None:
    """The platform has both templates; by default it tells no id when it takes a message."""
    specs = (
        TemplateSpec(ONCE, "随访到期提醒", FIELDS, kind="one_time"),
        TemplateSpec(LASTING, "随访再次提醒", FIELDS, kind="long_term"),
    )
    world.platform.templates = TemplateDesk(specs, first_id=1000)
    world.platform.settings = replace(world.platform.settings, tells_msgid=tells_msgid)


async def met(world: World) -> None:
    """The patient wrote once, two days and more ago."""
    offer(world)
    await world.patients.say(WANG, "你好")
    world.clock.move(hours=49)


def remind(world: World, template: dict[str, str] = REMINDER, **changes: object) -> None:
    contact = world.contact().id
    values = {"purpose": "reminder", "text_key": "followup.reminder1", "template": template}
    world.queue(contact_point_id=contact, **{**values, **changes})


def leave(world: World, template_id: str = ONCE) -> Leave:
    with world.db.reading() as session:
        return subscriptions.leave_for(session, world.contact().id, template_id)


def states(world: World) -> list[tuple[str, str | None]]:
    return [(row.state, row.reason) for row in outbound_rows(world.db)]


async def test_a_yes_on_the_phone_is_one_credit_and_needs_no_turn(wired: World) -> None:
    await met(wired)
    await wired.patients.answer(WANG, {ONCE: "accept", LASTING: "reject"})
    assert leave(wired) == Leave("accepted", 1)
    assert leave(wired, LASTING).state == "rejected"
    with wired.db.reading() as session:
        events = session.exec(select(InboundMessage).where(InboundMessage.kind == "event")).all()
    assert [(one.state, one.event["event"]) for one in events] == [
        ("done", "subscribe_msg_popup_event")
    ]


async def test_the_same_yes_told_three_times_is_one_credit(world: World) -> None:
    await met(world)
    await world.patients.answer(WANG, {ONCE: "accept"})
    for _ in range(2):
        again = world.patients.repeat(WANG)
        assert again is not None
        await again
    assert leave(world).credits == 1


async def test_a_reminder_outside_the_window_spends_the_yes_and_its_receipt_closes_it(
    wired: World,
) -> None:
    await met(wired)
    await wired.patients.answer(WANG, {ONCE: "accept"})
    remind(wired)
    await wired.deliver()
    assert leave(wired).credits == 0
    await wired.platform.settle()
    assert states(wired) == [("delivered", None)]
    assert "健康随访提醒" in wired.seen()[-1]


async def test_a_second_reminder_without_a_second_yes_is_never_tried(world: World) -> None:
    await met(world)
    await world.patients.answer(WANG, {ONCE: "accept"})
    for _ in range(2):
        remind(world)
        await world.deliver()
        await world.platform.settle()
    assert [state for state, _ in states(world)] == ["delivered", "channel_closed"]
    assert len(attempts(world.db)) == 1


async def test_a_lasting_yes_carries_every_reminder(world: World) -> None:
    await met(world)
    await world.patients.answer(WANG, {LASTING: "accept"})
    for _ in range(3):
        remind(world, AGAIN)
        await world.deliver()
    await world.platform.settle()
    assert [state for state, _ in states(world)] == ["delivered"] * 3


async def test_switched_off_on_the_phone_nothing_more_is_tried(world: World) -> None:
    await met(world)
    await world.patients.answer(WANG, {LASTING: "accept"})
    await world.patients.switch_off(WANG, LASTING)
    remind(world, AGAIN)
    await world.deliver()
    assert [state for state, _ in states(world)] == ["channel_closed"]
    assert attempts(world.db) == []


async def test_when_the_platform_knows_of_no_yes_it_is_right(world: World) -> None:
    """It lost one, or we counted one too many: the ledger is put right, and nobody tries again."""
    await met(world)
    for _ in range(2):
        await world.patients.answer(WANG, {ONCE: "accept"})
        world.clock.move(seconds=2)
    world.platform.consents.switch_off(WANG, world.platform.templates.subscribable()[0])
    remind(world)
    await world.deliver()
    assert leave(world).credits == 0
    (attempt,) = attempts(world.db)
    assert (attempt.result, attempt.code) == ("channel_closed", "43101")
    assert [state for state, _ in states(world)] == ["channel_closed"]


async def test_a_message_that_may_have_gone_costs_its_yes(wired: World) -> None:
    await met(wired)
    await wired.patients.answer(WANG, {ONCE: "accept"})
    wired.platform.faults.add(Fault(FaultKind.DROP, BIZSEND))
    remind(wired)
    await wired.deliver()
    assert leave(wired).credits == 0


async def test_a_receipt_tells_what_became_of_a_message_whose_answer_was_lost(wired: World) -> None:
    await met(wired)
    await wired.patients.answer(WANG, {ONCE: "accept"})
    wired.platform.faults.add(Fault(FaultKind.DROP, BIZSEND))
    remind(wired)
    await wired.deliver()
    await wired.platform.settle()
    assert states(wired) == [("delivered", None)]


@pytest.mark.parametrize("tells_msgid", [True, False])
async def test_a_refusal_afterwards_puts_the_person_on_the_call_list(
    world: World, *, tells_msgid: bool
) -> None:
    from records.tables import Task

    await met(world)
    offer(world, tells_msgid=tells_msgid)
    world.platform.followers.get(WANG).receipt = "failed:system"
    await world.patients.answer(WANG, {ONCE: "accept"})
    remind(world)
    await world.deliver()
    await world.platform.settle()
    assert states(world) == [("channel_closed", "1003")]
    with world.db.reading() as session:
        assert session.exec(select(Task)).one().reason == "undelivered:1003"


async def test_a_message_nobody_refused_costs_nothing_when_it_never_left(world: World) -> None:
    await met(world)
    await world.patients.answer(WANG, {ONCE: "accept"})
    world.platform.faults.add(Fault(FaultKind.ERROR, BIZSEND, errcode=-1))
    remind(world)
    await world.deliver()
    assert leave(world).credits == 1
