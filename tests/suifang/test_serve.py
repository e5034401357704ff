import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from suifang import serve
from suifang.errors import EXIT_CONFIGURATION
from suifang.serve import service_commands, supervise

ROOT = Path(__file__).parents[2]
STEADY = (
    "import os, pathlib, time; f = open({file!r}, 'a'); "
    "f.write(str(os.getpid()) + chr(10)); f.close(); time.sleep(60)"
)
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + STEADY


def _python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def _pids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            msg = "waited too long"
            raise TimeoutError(msg)
        time.sleep(0.02)


def _meanwhile(*steps: Callable[[], object]) -> threading.Thread:
    """Do the steps in a thread, then ask this process to stop as an operator would."""

    def act() -> None:
        try:
            for step in steps:
                step()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_both_processes_run_and_stop_together(tmp_path: Path) -> None:
    web, worker = tmp_path / "web", tmp_path / "worker"
    before = signal.getsignal(signal.SIGTERM)
    thread = _meanwhile(lambda: _wait_for(lambda: _pids(web) and _pids(worker)))
    code = supervise(
        {
            "web": _python(STEADY.format(file=str(web))),
            "worker": _python(STEADY.format(file=str(worker))),
        }
    )
    thread.join()
    assert code == 0
    assert not any(_alive(pid) for pid in _pids(web) + _pids(worker))
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_process_that_is_killed_is_started_again_and_the_other_stays(tmp_path: Path) -> None:
    web, worker = tmp_path / "web", tmp_path / "worker"
    thread = _meanwhile(
        lambda: _wait_for(lambda: _pids(web) and _pids(worker)),
        lambda: os.kill(_pids(worker)[0], signal.SIGKILL),
        lambda: _wait_for(lambda: len(_pids(worker)) == 2),
    )
    supervise(
        {
            "web": _python(STEADY.format(file=str(web))),
            "worker": _python(STEADY.format(file=str(worker))),
        }
    )
    thread.join()
    assert len(_pids(web)) == 1
    assert len(_pids(worker)) == 2


def test_the_pause_before_the_next_start_grows(tmp_path: Path) -> None:
    file = tmp_path / "starts"
    dying = f"import time; f = open({str(file)!r}, 'a'); f.write(f'{{time.monotonic()}}' + chr(10))"
    thread = _meanwhile(lambda: _wait_for(lambda: file.exists() and len(_starts(file)) == 3))
    supervise({"web": _python(dying)})
    thread.join()
    first, second, third = _starts(file)
    assert second - first >= 0.5
    assert third - second >= 1.0


def test_stopping_in_a_pause_starts_nothing_more(tmp_path: Path) -> None:
    file = tmp_path / "starts"
    dying = f"f = open({str(file)!r}, 'a'); f.write('1' + chr(10))"
    thread = _meanwhile(lambda: _wait_for(lambda: _pids(file)), lambda: time.sleep(0.25))
    assert supervise({"web": _python(dying)}) == 0
    thread.join()
    assert _pids(file) == [1]


def test_other_kernels_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert serve._die_with_the_supervisor() is None


def test_a_process_that_is_not_configured_stops_everything(tmp_path: Path) -> None:
    worker = tmp_path / "worker"
    code = supervise(
        {
            "worker": _python(STEADY.format(file=str(worker))),
            "web": _python(f"raise SystemExit({EXIT_CONFIGURATION})"),
        }
    )
    assert code == EXIT_CONFIGURATION
    assert not any(_alive(pid) for pid in _pids(worker))


def test_a_process_that_does_not_listen_is_killed_after_the_grace(tmp_path: Path) -> None:
    web = tmp_path / "web"
    thread = _meanwhile(lambda: _wait_for(lambda: _pids(web)))
    code = supervise({"web": _python(STUBBORN.format(file=str(web)))}, grace_seconds=0.2)
    thread.join()
    assert code == 0
    assert not _alive(_pids(web)[0])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's promise is Linux's")
def test_a_killed_supervisor_takes_its_processes_along(tmp_path: Path) -> None:
    web = tmp_path / "web"
    command = _python(STEADY.format(file=str(web)))
    code = f"from suifang.serve import supervise; supervise({{'web': {command!r}}})"
    supervisor = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    _wait_for(lambda: _pids(web))
    supervisor.kill()
    supervisor.wait()
    _wait_for(lambda: not _alive(_pids(web)[0]))
    assert not _alive(_pids(web)[0])


def test_an_installation_is_one_web_and_one_worker_process() -> None:
    commands = service_commands()
    assert list(commands) == ["web", "worker"]
    assert commands["worker"] == [sys.executable, "-m", "suifang.cli", "worker"]


def _starts(file: Path) -> list[float]:
    return [float(line) for line in file.read_text().split()]
