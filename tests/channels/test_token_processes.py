"""One token for every process: two real ones, asked in the same moment, make one call between them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from records.db import Database
from simulator.faults import Fault, FaultKind
from simulator.platform import Platform
from simulator.server import create_app
from tests.channels.world import APP_ID, SECRET, a_port, a_settings, on_loopback

ROOT = Path(__file__).parents[2]
PROCESSES = 2
ASKED = "/cgi-bin/stable_token"

pytestmark = pytest.mark.slow


@pytest.fixture
async def platform() -> AsyncIterator[tuple[Platform, str]]:
    """On the real clock, because the processes are."""
    listening, url = a_port()
    app = create_app(a_settings(), clock=lambda: datetime.now(UTC))  # noqa: TID251
    async with on_loopback((app, listening)):
        yield app.state.platform, url


@asynccontextmanager
async def processes(database_url: str, platform_url: str) -> AsyncIterator[list[_Asker]]:
    command = [sys.executable, "-m", "tests.channels.asking"]
    command += [database_url, platform_url, APP_ID, SECRET]
    pipe = asyncio.subprocess.PIPE
    running = [
        await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
        for _ in range(PROCESSES)
    ]
    try:
        yield [_Asker(one) for one in running]
    finally:
        for one in running:
            one.terminate()
            await one.wait()


class _Asker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def token(self) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        async with asyncio.timeout(20):
            # Its log is on the same stream.
            async for line in self._process.stdout:
                if line.startswith(b"token="):
                    return line.decode().strip()
        pytest.fail("the process ended")


async def test_two_processes_share_one_token_and_renew_it_once(
    sqlite_database: Database, platform: tuple[Platform, str]
) -> None:
    simulated, url = platform
    stable, calls = simulated.tokens.stable, list[bool]()

    def counted(now: datetime, *, force: bool = False) -> tuple[str, int]:
        calls.append(force)
        return stable(now, force=force)

    simulated.tokens.stable = counted  # type: ignore[method-assign]
    async with processes(sqlite_database.url, url) as both:
        # Slow enough for the second to come while the first one asks.
        simulated.faults.add(Fault(FaultKind.LATENCY, ASKED, times=None, seconds=0.5))
        first = set(await asyncio.gather(*(one.token() for one in both)))
        assert (len(first), calls) == (1, [False])
        simulated.tokens.revoke_all()
        second = set(await asyncio.gather(*(one.token() for one in both)))
    assert (len(second), calls) == (1, [False, False])
    assert "token=" not in first | second
    assert not first & second
