"""`suifang serve` from nothing: seconds to the first answer on the phone, and what it then weighs."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench.figure import Figure
from bench.messages import conversations, questions
from bench.platform import served_apart
from bench.service import ROOT, Service, free_port
from simulator.traffic import send_many

INDEX = ROOT / "var" / "index"
COLD_BAR_S, MEMORY_BAR_MB = 5.0, 600.0
_ANSWERED_WITHIN = 60.0


def measure() -> list[Figure]:
    """Start, one message, its answer; then enough of every kind that everything is loaded."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name, served_apart(port) as platform:
        folder = Path(name)
        service = Service(folder, platform, port, settings={"settle_seconds": "0"})
        if (INDEX / "current").exists():
            shutil.copytree(INDEX, folder / "index")
        service.prepare()
        try:
            return _measured(service)
        finally:
            service.stop()


def _measured(service: Service) -> list[Figure]:
    began = time.monotonic()
    process = service.start("serve")
    asyncio.run(
        send_many(
            [("o-first", "血压126/78")], service.line, rate=100, attempts=None, retry_pause=0.05
        )
    )
    _answers(service, 1)
    cold = time.monotonic() - began
    asked = [(f"o-q{number}", text) for number, text in enumerate(questions(40))]
    both = [*conversations(60, 60), *asked]
    asyncio.run(send_many(both, service.line, rate=40, attempts=None))
    _answers(service, 1 + len(both))
    pids = list(_family(process.pid))
    indexed = (service.folder / "index").exists()
    return [
        Figure("cold start to first answer", cold, "s", bar=COLD_BAR_S),
        Figure(
            "memory of suifang serve, resident",
            sum(_kilobytes(pid, "Rss") for pid in pids) / 1024,
            "MB",
            bar=MEMORY_BAR_MB,
            note=f"{len(pids)} processes" + ("" if indexed else ", without an index"),
        ),
        Figure(
            "memory of suifang serve, shared pages counted once",
            sum(_kilobytes(pid, "Pss") for pid in pids) / 1024,
            "MB",
        ),
    ]


def _answers(service: Service, wanted: int) -> None:
    """Wait until so many phones have shown an answer."""
    until = time.monotonic() + _ANSWERED_WITHIN
    while time.monotonic() < until:
        log = httpx.get(f"{service.platform_url}/log", trust_env=False).json()["entries"]
        if len({entry["openid"] for entry in log if entry["kind"] == "custom"}) >= wanted:
            return
        time.sleep(0.02)
    msg = f"not {wanted} answers within {_ANSWERED_WITHIN} s"
    raise TimeoutError(msg)


def _family(pid: int) -> Iterator[int]:
    yield pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in children:
        yield from _family(int(child))


def _kilobytes(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
