"""What the platform says of our templates: there with our fields, there with others, or not there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.port import Approval, Result, SendOutcome, TemplateOffice
from channels.wechat.account import WeChatAccount
from channels.wechat.office import SUBSCRIBED_TEMPLATES
from simulator.faults import Fault, FaultKind
from simulator.settings import TemplateSpec
from simulator.template_message import TemplateDesk
from tests.channels.world import World

FIELDS = {"thing1": "事项", "time2": "日期", "thing3": "怎么做"}


@pytest.fixture
def account(account: WeChatAccount) -> WeChatAccount:
    return replace(
        account,
        templates={"followup_due": "tpl-due", "reply_waiting": "tpl-reply", "lesson": "tpl-lesson"},
    )


def offer(world: World, *specs: TemplateSpec) -> None:
    world.platform.templates = TemplateDesk(specs, first_id=1)


async def test_each_template_stands_where_the_platform_has_it(world: World) -> None:
    offer(
        world,
        TemplateSpec("tpl-due", "随访到期提醒", FIELDS),
        TemplateSpec("tpl-lesson", "课堂", {"thing1": "事项", "thing2": "怎么做"}, kind="one_time"),
    )
    assert isinstance(world.client, TemplateOffice)
    assert await world.client.approvals(world.clock.now) == {
        "followup_due": Approval("tpl-due", "approved"),
        "reply_waiting": Approval("tpl-reply", "rejected", "missing"),
        "lesson": Approval("tpl-lesson", "approved"),
    }


async def test_fields_of_another_name_would_be_refused_and_are_found_before(world: World) -> None:
    offer(
        world,
        TemplateSpec("tpl-due", "随访到期提醒", {**FIELDS, "phrase4": "状态"}),
        TemplateSpec("tpl-reply", "医生回复", {"thing4": "事项", "thing2": "怎么做"}),
    )
    found = await world.client.approvals(world.clock.now)
    assert not isinstance(found, SendOutcome)
    assert found["followup_due"] == Approval("tpl-due", "rejected", "fields_differ")
    assert found["reply_waiting"] == Approval("tpl-reply", "rejected", "fields_differ")


async def test_a_list_that_is_refused_says_nothing_of_the_templates(world: World) -> None:
    path = "/cgi-bin/template/get_all_private_template"
    world.platform.faults.add(Fault(FaultKind.ERROR, path, errcode=48001))
    outcome = await world.client.approvals(world.clock.now)
    assert outcome == SendOutcome(Result.OPERATOR, "48001", "permission_missing")


async def test_an_account_that_only_subscribes_asks_for_one_list(
    world: World, account: WeChatAccount
) -> None:
    client = replace(world.client, account=replace(account, templates={"lesson": "tpl-lesson"}))
    offer(world)
    assert await client.approvals(world.clock.now) == {
        "lesson": Approval("tpl-lesson", "rejected", "missing")
    }
    assert SUBSCRIBED_TEMPLATES.startswith("/wxaapi/")


async def test_without_templates_nothing_is_asked(world: World, account: WeChatAccount) -> None:
    client = replace(world.client, account=replace(account, templates={}))
    assert await client.approvals(world.clock.now) == {}
