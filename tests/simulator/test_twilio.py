"""The simulated Twilio: who is let in, what it breaks, how often it comes again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx
import pytest

from simulator.faults import Fault, FaultKind
from simulator.log import Kind
from simulator.sms_cloud import Fate
from simulator.twilio import Twilio, TwilioSettings, create_twilio_app

SID, TOKEN, SENDER, PHONE = "AC1", "hidden-token", "+15005550006", "+8613800001111"
CALLBACK = "http://product/sms/twilio"


@dataclass
class Product:
    """Answers what it is told, and remembers what was posted."""

    answers: list[int] = field(default_factory=list)
    posted: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.posted.append(dict(parse_qsl(request.content.decode())))
        status = self.answers.pop(0) if self.answers else 200
        if not status:
            raise httpx.ConnectError("away")
        return httpx.Response(status)


@dataclass
class World:
    service: Twilio
    product: Product
    http: httpx.AsyncClient

    async def send(self, callback: str = CALLBACK, **changes: str) -> httpx.Response:
        form = {"To": PHONE, "From": SENDER, "Body": "记下了", "StatusCallback": callback}
        url = f"http://twilio/2010-04-01/Accounts/{SID}/Messages.json"
        return await self.http.post(url, data={**form, **changes}, auth=(SID, TOKEN))

    async def pushed(self, count: int) -> list[bool]:
        def pushes() -> list[bool]:
            entries = self.service.log.entries(None, Kind.PUSH)
            return [entry.details["taken"] for entry in entries]

        await self.service.log.until(lambda _: len(pushes()) >= count)
        return pushes()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    product = Product()
    told = httpx.AsyncClient(transport=httpx.MockTransport(product))
    settings = TwilioSettings(SID, TOKEN, frozenset({SENDER}), CALLBACK)
    service = Twilio(settings, http=told)
    transport = httpx.ASGITransport(create_twilio_app(service))
    async with service.lifespan(), httpx.AsyncClient(transport=transport) as http:
        yield World(service, product, http)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "13800001111"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "+15005550001"}, 21606),
        ({"Body": ""}, 21602),
        ({"Body": "长" * 1601}, 21617),
        ({"callback": "clinic.example/sms"}, 21609),
    ],
)
async def test_a_call_that_lacks_something_is_refused(
    world: World, changes: dict[str, str], code: int
) -> None:
    answer = await world.send(**changes)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert world.service.log.texts_seen(PHONE) == []


async def test_only_the_accounts_own_key_is_let_in(world: World) -> None:
    for account, auth in ((SID, None), (SID, (SID, "no")), (SID, ("AC2", TOKEN))):
        url = f"http://twilio/2010-04-01/Accounts/{account}/Balance.json"
        assert (await world.http.get(url, auth=auth)).status_code == 401
    other = await world.http.get(
        "http://twilio/2010-04-01/Accounts/AC2/Balance.json", auth=(SID, TOKEN)
    )
    garbage = await world.http.get(
        f"http://twilio/2010-04-01/Accounts/{SID}/Balance.json",
        headers={"authorization": "Basic ???"},
    )
    assert (other.status_code, garbage.status_code) == (404, 401)


async def test_a_fault_is_answered_in_twilios_words(world: World) -> None:
    world.service.faults.add(Fault(FaultKind.ERROR, "Messages", code="20429"))
    world.service.faults.add(Fault(FaultKind.ERROR, "Messages"))
    assert [(await world.send()).status_code for _ in range(3)] == [429, 500, 201]


async def test_it_comes_again_only_where_the_address_asks_for_it(world: World) -> None:
    world.service.fates[PHONE] = Fate.HELD
    await world.send(f"{CALLBACK}#rc=2&rp=5xx,ct,rt")
    world.product.answers = [503, 0]
    world.service.release()
    assert await world.pushed(3) == [False, False, True]
    await world.send()
    world.product.answers = [503]
    world.service.release()
    assert await world.pushed(4) == [False, False, True, False]


async def test_some_networks_never_say_what_became_of_it(world: World) -> None:
    world.service.fates[PHONE] = Fate.SILENT
    await world.send()
    world.service.write(PHONE, "收到")
    await world.pushed(1)
    assert world.service.log.texts_seen(PHONE) == ["记下了"]
    assert [form["Body"] for form in world.product.posted] == ["收到"]
