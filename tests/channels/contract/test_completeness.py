"""Nobody is left out: whatever sends words has a bench, and every bench says what it has to."""

from __future__ import annotations

import ast
from pathlib import Path

import httpx
import pytest

from channels.port import Channel, Letter
from records.db import Database
from records.vault import Vault
from tests.channels.contract.bench import Bench, Place
from tests.channels.contract.benches import BENCHES, OVER_HTTP

ROOT = Path(__file__).parents[3]
# The port itself, and the console of `suifang say`, which has no provider.
NO_PROVIDER = {"Channel", "ConsoleChannel"}
ALL = pytest.mark.parametrize("bench", BENCHES, ids=str)


def senders() -> set[str]:
    """Every class of the product that sends words."""
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "channels").rglob("*.py")]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {
        one.name
        for one in classes
        if any(isinstance(n, ast.AsyncFunctionDef) and n.name == "send_text" for n in one.body)
    }


async def built(bench: Bench, database: Database, vault: Vault) -> Channel:
    async with httpx.AsyncClient() as http:
        return bench.build(Place("http://127.0.0.1:9", http, database, vault))


async def test_every_adapter_of_the_product_has_a_bench(
    sqlite_database: Database, vault: Vault
) -> None:
    benched = {type(await built(one, sqlite_database, vault)).__name__ for one in BENCHES}
    assert senders() - NO_PROVIDER == benched


@ALL
async def test_an_adapter_names_its_account_and_what_it_carries(
    sqlite_database: Database, vault: Vault, bench: Bench
) -> None:
    channel = await built(bench, sqlite_database, vault)
    kind, _, account = channel.provider.partition(":")
    assert kind
    assert account
    assert channel.name in {"wechat", "sms", "wecom", "notice"}
    assert channel.free_text is (bench.by_template is None)
    assert not channel.has_template("no_such_template")


@pytest.mark.parametrize("bench", OVER_HTTP, ids=str)
def test_a_table_of_codes_never_says_yes_unless_that_is_the_yes(bench: Bench) -> None:
    said = [code for code, (result, _) in bench.table.items() if result == "accepted"]
    assert said == (["0: Accepted", "3: Queued"] if bench.name == "kannel" else [])


@ALL
def test_the_letter_of_a_bench_is_one_that_its_channel_gets(bench: Bench) -> None:
    letter: Letter = bench.letter
    assert letter.attempt_id
    assert letter.body
    assert bench.text_of(letter)
