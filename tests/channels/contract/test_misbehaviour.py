"""Whatever a provider does, an adapter says by name what became of the message, once and in time."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import delete
from structlog.testing import capture_logs

from channels.port import Result, SendOutcome
from records.db import Database
from records.tables import AccessToken
from records.vault import Vault
from tests.channels.contract.bench import Answer, Bench, Place
from tests.channels.contract.benches import OVER_HTTP
from tests.channels.contract.hostile import Behaviour, HurriedLoop, hostile
from tests.channels.sms.clouds import NOW

# What a lane of delivery waits for at most, in the provider's seconds.
DEADLINE = 22.0
GIVEN_UP = 30.0
ENOUGH_READ = 8 << 20
BENCHES = pytest.mark.parametrize("bench", OVER_HTTP, ids=str)


@dataclass(frozen=True)
class Ending:
    """What an adapter said, how long it took in the provider's seconds, what the provider saw."""

    outcome: SendOutcome | BaseException
    seconds: float
    sends: int
    written: int


Log = list[MutableMapping[str, Any]]


@dataclass(frozen=True)
class Trial:
    """One misbehaviour, met by all adapters at once."""

    endings: dict[str, Ending]
    log: Log


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Database]:
    file = tmp_path_factory.mktemp("contract") / "suifang.db"
    shutil.copyfile(sqlite_template, file)
    made = Database(f"sqlite:///{file}")
    yield made
    made.dispose()


async def _end(
    bench: Bench,
    database: Database,
    vault: Vault,
    behaviour: Behaviour,
    answer: Answer | None = None,
) -> Ending:
    async with (
        hostile(behaviour, bench.honest, answer) as provider,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        channel = bench.build(Place(provider.url, http, database, vault))
        began = asyncio.get_running_loop().time()
        outcome: SendOutcome | BaseException
        try:
            async with asyncio.timeout(GIVEN_UP):
                outcome = await bench.send(channel)(bench.letter, NOW())
        except Exception as error:  # noqa: BLE001 - that it was raised is the finding
            outcome = error
        seconds = asyncio.get_running_loop().time() - began
    return Ending(outcome, seconds, provider.sends, provider.written)


@pytest.fixture(scope="module")
def met(database: Database, vault: Vault) -> Callable[[Behaviour], Trial]:
    """All adapters against one misbehaviour at once, in a hurry; each is met once."""
    known: dict[Behaviour, Trial] = {}

    async def everybody(behaviour: Behaviour) -> dict[str, Ending]:
        ends = (_end(bench, database, vault, behaviour) for bench in OVER_HTTP)
        return dict(zip(map(str, OVER_HTTP), await asyncio.gather(*ends), strict=True))

    def meet(behaviour: Behaviour) -> Trial:
        if behaviour not in known:
            with capture_logs() as log, asyncio.Runner(loop_factory=HurriedLoop) as runner:
                known[behaviour] = Trial(runner.run(everybody(behaviour)), log)
        return known[behaviour]

    return meet


@BENCHES
@pytest.mark.parametrize("behaviour", Behaviour)
def test_a_misbehaving_provider_leaves_a_named_doubt_and_gets_one_call(
    met: Callable[[Behaviour], Trial], bench: Bench, behaviour: Behaviour
) -> None:
    """The message may be out: nothing is raised, nothing is called sent, nothing is sent again."""
    ending = met(behaviour).endings[bench.name]
    assert isinstance(ending.outcome, SendOutcome), repr(ending.outcome)
    assert ending.outcome.result is bench.endings.get(behaviour, Result.UNKNOWN), ending.outcome
    assert ending.sends == 1
    assert ending.seconds < DEADLINE
    assert ending.outcome.provider_id is None
    assert ending.outcome.reason or ending.outcome.result is Result.ACCEPTED


@BENCHES
@pytest.mark.parametrize("behaviour", [Behaviour.HUGE, Behaviour.BOMB])
def test_an_endless_answer_is_not_read_to_its_end(
    met: Callable[[Behaviour], Trial], bench: Bench, behaviour: Behaviour
) -> None:
    assert met(behaviour).endings[bench.name].written < ENOUGH_READ


@pytest.mark.parametrize("behaviour", Behaviour)
def test_the_log_of_a_misbehaviour_holds_no_secret_and_nobody(
    met: Callable[[Behaviour], Trial], behaviour: Behaviour
) -> None:
    trial = met(behaviour)
    said = repr(trial.log) + repr([ending.outcome for ending in trial.endings.values()])
    for bench in OVER_HTTP:
        for hidden in bench.hidden:
            assert hidden not in said


@BENCHES
async def test_without_a_connection_it_is_certain_that_nothing_was_said(
    database: Database, vault: Vault, bench: Bench
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with httpx.AsyncClient(trust_env=False) as http:
            channel = bench.build(Place(url, http, database, vault))
            outcome = await bench.send(channel)(bench.letter, NOW())
    assert outcome.result is Result.RETRY
    assert outcome.reason


@BENCHES
async def test_every_code_of_the_table_means_on_the_wire_what_the_table_says(
    database: Database, vault: Vault, bench: Bench
) -> None:
    assert bench.table
    assert bench.refusal is not None
    differs = {}
    async with (
        hostile(Behaviour.EMPTY, bench.honest, bench.accepted) as provider,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        channel = bench.build(Place(provider.url, http, database, vault))
        for code, listed in bench.table.items():
            provider.answer = bench.refusal(code)
            outcome = await bench.send(channel)(bench.letter, NOW())
            if (outcome.result, outcome.reason) != listed:
                differs[code] = outcome
    assert differs == {}


@BENCHES
async def test_a_code_that_nobody_has_listed_is_never_taken_for_a_yes(
    database: Database, vault: Vault, bench: Bench
) -> None:
    assert bench.refusal is not None
    unheard_of = 999 if isinstance(next(iter(bench.table)), int) else "Unheard.Of"
    ending = await _end(bench, database, vault, Behaviour.EMPTY, bench.refusal(unheard_of))
    assert isinstance(ending.outcome, SendOutcome)
    assert ending.outcome.result in {Result.UNKNOWN, Result.OPERATOR}
    assert ending.outcome.reason


@BENCHES
async def test_a_yes_is_accepted_under_the_providers_id(
    database: Database, vault: Vault, bench: Bench
) -> None:
    began = time.monotonic()
    ending = await _end(bench, database, vault, Behaviour.EMPTY, bench.accepted)
    assert isinstance(ending.outcome, SendOutcome)
    assert ending.outcome.result is Result.ACCEPTED
    assert bool(ending.outcome.provider_id) is bench.has_id
    assert time.monotonic() - began < DEADLINE


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour.HANG, Behaviour.DRIP, Behaviour.CUT, Behaviour.PAGE, Behaviour.DEEP, Behaviour.LIST],
)
@pytest.mark.parametrize("bench", [one for one in OVER_HTTP if one.honest], ids=str)
def test_while_no_token_comes_nothing_was_said_and_it_is_tried_again(
    database: Database, vault: Vault, bench: Bench, behaviour: Behaviour
) -> None:
    with database.transaction() as session:
        session.execute(delete(AccessToken))
    asked = _end(replace(bench, honest={}), database, vault, behaviour)
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        ending = runner.run(asked)
    assert isinstance(ending.outcome, SendOutcome), repr(ending.outcome)
    assert ending.outcome.result is Result.RETRY
    assert (ending.sends, ending.seconds < DEADLINE) == (1, True)
