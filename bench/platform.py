"""The simulated WeChat as a process of its own, so that it takes no time from who measures."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from bench.service import HOST, ROOT, clean_environment, free_port, platform_settings
from simulator.server import run

_READY_WITHIN = 30.0


@contextmanager
def served_apart(callback_port: int) -> Iterator[str]:
    """Run it and give its address."""
    port = free_port()
    command = [sys.executable, "-m", "bench.platform", str(port), str(callback_port)]
    with launched(command, f"http://{HOST}:{port}/log"):
        yield f"http://{HOST}:{port}"


@contextmanager
def launched(command: list[str], address: str) -> Iterator[int]:
    """Run a server of ours until the block ends; begin when its address answers. Gives its pid."""
    with subprocess.Popen(command, cwd=ROOT, env=clean_environment()) as process:
        try:
            _wait(process, address)
            yield process.pid
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + _READY_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(address, timeout=2.0, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    msg = f"{process.args!r} did not start"
    raise TimeoutError(msg)


if __name__ == "__main__":
    run(platform_settings(int(sys.argv[2])), HOST, int(sys.argv[1]))
