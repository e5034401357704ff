"""`suifang demo` really started, looked at, and stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from suifang.demo import HOST, free_port
from suifang.seed.places import demo_accounts

ROOT = Path(__file__).parents[2]
_STARTS_WITHIN = 90.0
_STOPS_WITHIN = 30.0
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Demonstration:
    """The running command, where its pages are, and where it writes what it says."""

    process: subprocess.Popen[bytes]
    pages: str
    phones: str
    said: Path

    def ready(self) -> str:
        """What it said by the time it was ready."""
        deadline = time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < deadline and self.process.poll() is None:
            said = self.said.read_text(encoding="utf-8")
            if "is ready after" in said:
                return said
            time.sleep(0.1)
        raise AssertionError(self.said.read_text(encoding="utf-8"))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_STOPS_WITHIN)


@pytest.fixture
def demonstration(tmp_path: Path) -> Iterator[Demonstration]:
    pages, phones = free_port(0), free_port(0)
    said = tmp_path / "said"
    folder = tmp_path / "demo"
    words = ["--port", str(pages), "--simulator-port", str(phones), "--data-dir", str(folder)]
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "suifang.cli", "demo", *words],
            cwd=ROOT,
            env=os.environ | {"SUIFANG_EMBEDDINGS": "none", "COLUMNS": "120"},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        made = Demonstration(process, f"http://{HOST}:{pages}", f"http://{HOST}:{phones}", said)
        try:
            yield made
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.mark.slow
def test_a_newcomer_finds_phones_and_a_desk_and_can_stop_it_all(
    demonstration: Demonstration,
) -> None:
    said = demonstration.ready()
    account = next(one for one in demo_accounts() if one.role == "village_doctor")
    assert f"{account.login} / {account.password}" in said
    assert demonstration.pages in said
    with httpx.Client(trust_env=False) as newcomer:
        assert newcomer.get(demonstration.phones).status_code == httpx.codes.OK
        form = newcomer.get(f"{demonstration.pages}/sign-in")
        token = _CSRF.search(form.text)
        assert token is not None
        known = {"login": account.login, "password": account.password, "csrf": token[1]}
        entered = newcomer.post(f"{demonstration.pages}/sign-in", data=known)
        assert entered.status_code == httpx.codes.SEE_OTHER
        assert newcomer.get(f"{demonstration.pages}/").status_code == httpx.codes.OK
    assert demonstration.stop() == 0
    for address in (demonstration.pages, demonstration.phones):
        with pytest.raises(httpx.ConnectError):
            httpx.get(address, trust_env=False)
    assert "Traceback" not in demonstration.said.read_text(encoding="utf-8")
