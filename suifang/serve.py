"""`suifang serve`: keeps the web and the worker process running, and stops them together.

A process that dies is started again after a pause that grows with each early death. A process that
leaves with `EXIT_CONFIGURATION` would only do so again, so everything stops and says so.
"""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import structlog

from suifang.errors import EXIT_CONFIGURATION

_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_POLL_SECONDS = 0.1
_STEADY_SECONDS = 60.0
_GRACE_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger("serve")


@dataclass
class _Child:
    """One process of ours and its short history."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    early_deaths: int = 0

    def start(self) -> None:
        self.process = subprocess.Popen(  # noqa: S603 -- our own commands only
            self.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_the_supervisor(),  # noqa: PLW1509 -- the supervisor has one thread
        )
        self.started = time.monotonic()
        log.info("process.started", name=self.name, pid=self.process.pid)

    def mourn(self, code: int) -> None:
        """Note the death and decide how long to pause before the next start."""
        now = time.monotonic()
        steady = now - self.started >= _STEADY_SECONDS
        self.early_deaths = 1 if steady else self.early_deaths + 1
        pause = _PAUSES[min(self.early_deaths, len(_PAUSES)) - 1]
        self.process, self.start_at = None, now + pause
        log.warning("process.died", name=self.name, exit_code=code, pause_seconds=pause)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()


def service_commands() -> dict[str, list[str]]:
    """The two processes that make up an installation on one machine."""
    start = [sys.executable, "-m", "suifang.cli"]
    return {"web": [*start, "web"], "worker": [*start, "worker"]}


def supervise(
    commands: Mapping[str, Sequence[str]], *, grace_seconds: float = _GRACE_SECONDS
) -> int:
    """Run the commands until SIGTERM or SIGINT; returns the exit code for this process."""
    children = [_Child(name, command) for name, command in commands.items()]
    with _stop_on_signal() as stopping:
        try:
            while not stopping.asked:
                if _tend(children) == EXIT_CONFIGURATION:
                    return EXIT_CONFIGURATION
                time.sleep(_POLL_SECONDS)
        finally:
            _stop(children, grace_seconds)
    return 0


def _tend(children: Sequence[_Child]) -> int | None:
    """Start what should run and is not; returns the exit code that ends it all, if one did."""
    for child in children:
        if child.process is None:
            if time.monotonic() >= child.start_at:
                child.start()
            continue
        code = child.process.poll()
        if code == EXIT_CONFIGURATION:
            return code
        if code is not None:
            child.mourn(code)
    return None


def _stop(children: Sequence[_Child], grace_seconds: float) -> None:
    deadline = time.monotonic() + grace_seconds
    for child in children:
        child.stop()
    for child in children:
        if child.process is None:
            continue
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("process.killed", name=child.name)
            child.process.kill()
            child.process.wait()
        log.info("process.stopped", name=child.name, exit_code=child.process.returncode)


@dataclass
class _Stopping:
    """Whether a signal asked us to stop.

    A plain attribute: a `threading.Event` set by a handler while the same thread waits for it can
    lock the process up for good.
    """

    asked: bool = False


@contextmanager
def _stop_on_signal() -> Iterator[_Stopping]:
    stopping = _Stopping()

    def note(_number: int, _frame: FrameType | None) -> None:
        stopping.asked = True

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _die_with_the_supervisor() -> Callable[[], None] | None:
    """On Linux a killed supervisor takes its processes along, so that the port is free again."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)

    def ask_the_kernel() -> None:  # pragma: no cover -- runs in the child, before it is our program
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask_the_kernel
