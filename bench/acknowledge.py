"""How long WeChat waits for us at a hundred messages a second, with the worker idle and busy."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.figure import Figure, process_cpu_seconds
from bench.messages import conversations
from bench.platform import launched, served_apart
from bench.service import AES_KEY, APP_ID, HOST, TOKEN, Service, callback_url, free_port, running
from simulator.traffic import Line, TrafficReport, send_many

RATE, SECONDS, PEOPLE = 100, 15, 400
BAR_MS = 100.0
# So long that no turn begins while we measure, and none at all.
IDLE, BUSY = "30", "0"


@dataclass(frozen=True, slots=True)
class Load:
    """How the load was acknowledged, and the CPU one acknowledgement took in the web process."""

    report: TrafficReport
    cpu_ms: float


def measure() -> list[Figure]:
    """The floor first and last, because other programs disturb this machine."""
    before = _floor()
    idle, busy = _product(IDLE), _product(BUSY)
    after = _floor()
    floor = min(before, after, key=lambda load: load.report.percentile_ms(99))
    return [
        Figure("acknowledge, CPU of the web process", idle.cpu_ms, "ms", floor=floor.cpu_ms),
        *_figures("worker idle", idle.report, floor.report),
        *_figures("worker busy", busy.report, floor.report),
    ]


def _figures(name: str, report: TrafficReport, floor: TrafficReport) -> list[Figure]:
    note = f"{report.repeated} sent again" if report.repeated else ""
    return [
        Figure(
            f"acknowledge at {RATE}/s, {name}, p{percent}",
            report.percentile_ms(percent),
            "ms",
            floor=floor.percentile_ms(percent),
            bar=BAR_MS if percent == 99 else None,
            note=note,
        )
        for percent in (50, 99)
    ]


def _floor() -> Load:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.floor", str(port), folder]
        with launched(command, f"http://{HOST}:{port}/ready") as pid:
            return _load(Line(callback_url(port), APP_ID, TOKEN, AES_KEY), pid)


def _product(settle_seconds: str) -> Load:
    port = free_port()
    settings = {"settle_seconds": settle_seconds, "embeddings": "none"}
    with tempfile.TemporaryDirectory() as folder, served_apart(port) as platform:
        service = Service(Path(folder), platform, port, settings=settings)
        with running(service):
            return _load(service.line, service.processes["web"].pid)


def _load(line: Line, pid: int) -> Load:
    warm = conversations(RATE, PEOPLE)
    asyncio.run(send_many(warm, line, rate=RATE, attempts=1))
    messages = conversations(RATE * SECONDS, PEOPLE)
    began = process_cpu_seconds(pid)
    report = asyncio.run(send_many(messages, line, rate=RATE))
    cpu = process_cpu_seconds(pid) - began
    return Load(report, cpu / (len(messages) + report.repeated) * 1000)
