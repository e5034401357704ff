"""The line in which SQLite's writers stand, across threads and processes."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from records.writers import Line

ROOT = Path(__file__).parents[2]
GREEDY = """
import sys, time
from pathlib import Path
from records.writers import Line
line = Line(Path(sys.argv[1]))
print("in", flush=True)
while True:
    with line:
        time.sleep(0.005)
"""


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    made = Line(tmp_path / "suifang.db")
    yield made
    made.close()


@contextmanager
def another_process(code: str, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", code, str(tmp_path / "suifang.db")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_process_that_never_rests_lets_the_others_in(line: Line, tmp_path: Path) -> None:
    with another_process(GREEDY, tmp_path):
        began = time.monotonic()
        for _ in range(20):
            with line:
                pass
        assert time.monotonic() - began < 2


def test_a_process_that_dies_inside_leaves_the_line_free(line: Line, tmp_path: Path) -> None:
    inside = GREEDY.replace('print("in", flush=True)', "").replace(
        "time.sleep(0.005)", 'print("in", flush=True); time.sleep(60)'
    )
    with another_process(inside, tmp_path) as process:
        waiting = Thread(target=line.__enter__)
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        process.kill()
        waiting.join(5)
        assert not waiting.is_alive()


def test_the_same_thread_may_come_in_twice(line: Line) -> None:
    with line, line:
        other = Thread(target=line.__enter__, daemon=True)
        other.start()
        other.join(0.1)
        assert other.is_alive()
    other.join(5)
    assert not other.is_alive()
