"""Aliyun's and Tencent's adapters against clouds that check every signature themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import httpx
import pytest

from channels.port import Approval, Balance, Channel, Purse, Result, SendOutcome, TemplateOffice
from channels.sms.aliyun import Aliyun
from channels.sms.tencent import Tencent
from simulator.faults import Fault, FaultKind
from simulator.sms_cloud import CloudTemplate, Fate
from tests.channels.sms.clouds import (
    LI,
    NOW,
    WANG,
    Served,
    a_letter,
    adapter,
    ids_of,
    served,
)

KINDS = ("aliyun", "tencent")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def clouds() -> Iterator[dict[str, Served]]:
    with served("aliyun") as aliyun, served("tencent") as tencent:
        yield {"aliyun": aliyun, "tencent": tencent}


@pytest.fixture
def cloud(kind: str, clouds: dict[str, Served]) -> Served:
    clouds[kind].begin()
    return clouds[kind]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
def channel(kind: str, cloud: Served, http: httpx.AsyncClient) -> Aliyun | Tencent:
    return adapter(kind, cloud.url, http)


async def until(seen: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not seen():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_template_arrives_with_its_signature(
    cloud: Served, channel: Aliyun | Tencent
) -> None:
    outcome = await channel.send_template(
        a_letter("staff_alarm", level="紧急", village="东沟村", code="4821"), NOW()
    )

    assert outcome.result is Result.ACCEPTED
    assert outcome.provider_id
    assert cloud.arrived == [
        (
            WANG,
            "【柳溪卫生院】紧急：东沟村有一位居民要马上联系，编号4821。请打开工作台，看到请回“收到”。",
        )
    ]


async def test_free_text_never_leaves(cloud: Served, channel: Aliyun | Tencent) -> None:
    outcome = await channel.send_text(a_letter(), NOW())

    assert outcome.result is Result.CHANNEL_CLOSED
    assert not channel.free_text
    assert cloud.arrived == []


async def test_a_template_that_is_not_approved_is_the_operators(
    kind: str, cloud: Served, channel: Aliyun | Tencent
) -> None:
    approved = ids_of(kind).of(kind, "followup_due")
    assert approved is not None
    cloud.cloud.templates[approved] = CloudTemplate("别的话", "rejected", "内容不符")

    outcome = await channel.send_template(a_letter(), NOW())
    unknown = await channel.send_template(a_letter("nobody_registered_this"), NOW())

    assert (outcome.result, outcome.reason) == (Result.OPERATOR, "template_not_approved")
    assert unknown.result is Result.OPERATOR
    assert not channel.has_template("nobody_registered_this")
    assert cloud.arrived == []


async def test_both_are_channels_that_know_their_templates(
    kind: str, cloud: Served, channel: Aliyun | Tencent
) -> None:
    as_channel: Channel = channel
    code = ids_of(kind).of(kind, "canary")
    assert code is not None
    cloud.cloud.templates[code] = CloudTemplate("待审的话", "pending")
    missing = ids_of(kind).of(kind, "staff_todo")
    assert missing is not None
    del cloud.cloud.templates[missing]

    approvals = await channel.approvals(NOW())

    assert as_channel.provider == f"{kind}:main"
    assert isinstance(channel, TemplateOffice)
    assert not isinstance(approvals, SendOutcome)
    assert approvals["canary"].state == "pending"
    assert approvals["staff_todo"] == Approval(missing, "rejected", "missing")
    assert approvals["followup_due"].state == "approved"


async def test_what_is_left_in_the_packages_is_told(
    clouds: dict[str, Served], http: httpx.AsyncClient
) -> None:
    cloud = clouds["tencent"]
    cloud.begin(balance=30)
    channel = adapter("tencent", cloud.url, http)
    await channel.send_template(a_letter(), NOW())

    assert isinstance(channel, Purse)
    assert await channel.balance(NOW()) == Balance(29, "sms")


async def test_an_empty_account_is_the_operators(cloud: Served, channel: Aliyun | Tencent) -> None:
    cloud.begin(balance=0)

    outcome = await channel.send_template(a_letter(), NOW())

    assert (outcome.result, outcome.reason) == (Result.OPERATOR, "balance")


@pytest.mark.parametrize(
    ("limit", "result"),
    [
        ({"per_minute": 1}, Result.RETRY),
        ({"per_hour": 1}, Result.CHANNEL_CLOSED),
        ({"per_day": 1}, Result.CHANNEL_CLOSED),
    ],
)
async def test_a_minute_is_waited_for_and_a_day_shuts_the_way(
    limit: dict[str, int], result: Result, cloud: Served, channel: Aliyun | Tencent
) -> None:
    cloud.begin(**limit)

    first = await channel.send_template(a_letter(), NOW())
    second = await channel.send_template(a_letter(), NOW())
    other = await channel.send_template(a_letter(address=LI), NOW())

    assert [first.result, second.result] == [Result.ACCEPTED, result]
    assert other.result is Result.ACCEPTED
    assert len(cloud.arrived) == 2


async def test_a_number_that_is_none_is_refused_for_good(
    cloud: Served, channel: Aliyun | Tencent
) -> None:
    outcome = await channel.send_template(a_letter(address="+8610086"), NOW())

    assert (outcome.result, outcome.reason) == (Result.NEVER, "number_illegal")
    assert cloud.arrived == []


@pytest.mark.parametrize("changes", [{"secret": "another"}, {"key_id": "another"}])
async def test_a_wrong_key_is_the_operators(
    changes: dict[str, str], cloud: Served, channel: Aliyun | Tencent
) -> None:
    cloud.begin(**changes)

    outcome = await channel.send_template(a_letter(), NOW())

    assert (outcome.result, outcome.reason) == (Result.OPERATOR, "key")
    assert cloud.arrived == []


@pytest.mark.parametrize(
    ("fault", "result", "arrives"),
    [
        (FaultKind.GARBAGE, Result.UNKNOWN, 0),
        (FaultKind.CRASH, Result.UNKNOWN, 0),
        (FaultKind.DROP, Result.UNKNOWN, 1),
        (FaultKind.MISLABELLED, Result.ACCEPTED, 1),
        (FaultKind.ERROR, Result.UNKNOWN, 0),
    ],
)
async def test_only_the_body_is_believed(
    fault: FaultKind, result: Result, arrives: int, cloud: Served, channel: Aliyun | Tencent
) -> None:
    cloud.cloud.faults.add(Fault(fault))

    outcome = await channel.send_template(a_letter(), NOW())

    assert outcome.result is result
    assert len(cloud.arrived) == arrives


async def test_a_provider_that_hangs_is_left_in_time(
    cloud: Served, channel: Aliyun | Tencent
) -> None:
    cloud.cloud.faults.add(Fault(FaultKind.HANG))
    began = time.monotonic()

    outcome = await replace(channel, patience=0.2).send_template(a_letter(), NOW())

    assert outcome.result is Result.UNKNOWN
    assert time.monotonic() - began < 2


async def test_without_a_connection_nothing_left_us(kind: str, http: httpx.AsyncClient) -> None:
    outcome = await adapter(kind, "http://127.0.0.1:1", http).send_template(a_letter(), NOW())

    assert outcome.result is Result.RETRY


@pytest.mark.parametrize(
    ("fate", "receipts"),
    [(Fate.DELIVERED, [True]), (Fate.TWICE, [True, True]), (Fate.FAILED, [False])],
)
async def test_receipts_name_the_send(
    fate: Fate, receipts: list[bool], cloud: Served, channel: Aliyun | Tencent
) -> None:
    cloud.cloud.fates[WANG] = fate

    outcome = await channel.send_template(a_letter(), NOW())
    await until(lambda: len(cloud.receipts) == len(receipts))

    assert [one.delivered for one in cloud.receipts] == receipts
    assert {one.provider_id for one in cloud.receipts} == {outcome.provider_id}
    assert {one.provider for one in cloud.receipts} == {channel.provider}


async def test_a_push_that_was_not_stored_comes_again(
    cloud: Served, channel: Aliyun | Tencent
) -> None:
    cloud.collector.refuse = 2

    await channel.send_template(a_letter(), NOW())
    await until(lambda: cloud.collector.pushed)

    assert len(cloud.collector.pushed) == 1


async def test_receipts_may_come_in_the_wrong_order(
    cloud: Served, channel: Aliyun | Tencent
) -> None:
    cloud.cloud.fates[WANG] = Fate.HELD
    sent = [(await channel.send_template(a_letter(), NOW())).provider_id for _ in range(2)]

    cloud.cloud.release(backwards=True)
    await until(lambda: len(cloud.receipts) == len(sent))

    assert [one.provider_id for one in cloud.receipts] == sent[::-1]


async def test_a_person_texts_back(kind: str, cloud: Served) -> None:
    getattr(cloud.app.state, kind).reply(WANG, "135 85，头不晕")
    await until(lambda: cloud.collector.pushed)

    (arrival,) = cloud.collector.pushed[0].arrivals
    assert (arrival.channel, arrival.account, arrival.address) == ("sms", "main", WANG)
    assert arrival.text == "135 85，头不晕"
    assert arrival.external_id.startswith(f"{kind}:")
    assert abs((arrival.sent_at - NOW()).total_seconds()) < 5
