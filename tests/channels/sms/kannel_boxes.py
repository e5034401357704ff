"""A real Kannel between our gateway and an SMS centre of npm `smpp`, on loopback and in a folder.

It runs deploy/kannel/kannel.conf: the lines that a site changes are changed here, and only those.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__)
SAMPLE = HERE.parents[3] / "deploy" / "kannel"
PEERS = HERE.parents[2] / "peers"
USER, PASSWORD, TOKEN = "suifang", "hidden-password", "hidden-token"
SENDER, PHONE = "1069001", "+8613800001111"

Json = dict[str, Any]


def missing_here() -> None:
    """Skip on a laptop without the programs; CI has them."""
    # Debian keeps both boxes in sbin, which is not on everybody's path.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    lacking = [
        name for name in ("bearerbox", "smsbox", "node") if not shutil.which(name, path=path)
    ]
    if not (PEERS / "node_modules" / "smpp").is_dir():
        lacking.append("npm smpp (scripts/peers.sh)")
    if not lacking:
        return
    reason = f"not installed here: {', '.join(lacking)}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_ports(count: int) -> list[int]:
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in listening]
    for one in listening:
        one.close()
    return ports


def until(happened: Callable[[], object], within: float = 6.0) -> None:
    """Wait for something, or fail."""
    ends = time.monotonic() + within
    while not happened():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.02)


class Carrier:
    """The SMS centre: what it was told, and what it brings in."""

    def __init__(self, port: int) -> None:
        self.lines: list[Json] = []
        self._process = subprocess.Popen(
            ["node", "--no-deprecation", str(PEERS / "smsc.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PORT": str(port)},
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        until(lambda: self.lines)

    @property
    def submits(self) -> list[Json]:
        return [line["submit"] for line in self.lines if "submit" in line]

    @property
    def bound(self) -> bool:
        return any("bound" in line for line in self.lines)

    def tell(self, **command: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(json.loads(line))


class Kannel:
    """Both boxes and the carrier, each to be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ports = free_ports(5)
        self.web_port, self.sendsms_port, self._carrier_port = ports[:3]
        self._boxes: dict[str, subprocess.Popen[bytes]] = {}
        self._configure(*ports[3:])
        self.carrier = Carrier(self._carrier_port)
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.sendsms_port}"

    @property
    def push_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}/sms/kannel/{TOKEN}"

    @property
    def logs(self) -> str:
        return "".join(one.read_text("utf-8", "replace") for one in self.folder.glob("*.log"))

    def start(self) -> None:
        """Start the boxes; they are ready when smsbox listens and the carrier is bound."""
        self._run("bearerbox")
        until(lambda: self.carrier.bound)
        self._run("smsbox")
        until(lambda: _listens(self.sendsms_port))

    def pid(self, box: str) -> int:
        return self._boxes[box].pid

    def kill(self, *boxes: str) -> None:
        for box in boxes:
            process = self._boxes.pop(box)
            process.kill()
            process.wait()

    def restart_carrier(self) -> None:
        self.carrier = Carrier(self._carrier_port)

    def close(self) -> None:
        self.kill(*tuple(self._boxes))
        self.carrier.kill()

    def _run(self, box: str) -> None:
        program = shutil.which(box) or f"/usr/sbin/{box}"
        with (self.folder / f"{box}.log").open("ab") as log:
            self._boxes[box] = subprocess.Popen(
                [program, "-v", "4", str(self.folder / "kannel.conf")],
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )

    def _configure(self, admin_port: int, box_port: int) -> None:
        text = (SAMPLE / "kannel.conf").read_text("utf-8")
        for old, new in {
            "admin-port = 13000": f"admin-port = {admin_port}",
            "smsbox-port = 13001": f"smsbox-port = {box_port}",
            "sendsms-port = 13013": f"sendsms-port = {self.sendsms_port}",
            "\nport = 2775": f"\nport = {self._carrier_port}",
            "/var/lib/kannel": str(self.folder),
            "/var/log/kannel": str(self.folder),
            "reconnect-delay = 2": "reconnect-delay = 1",
            "http-queue-delay = 20": "http-queue-delay = 1",
            "change-me-user": USER,
            "change-me-secret": PASSWORD,
            "http://127.0.0.1:8000/sms/kannel/change-me-token": self.push_url,
        }.items():
            assert old in text, f"the sample has no {old!r} any more"
            text = text.replace(old, new)
        (self.folder / "kannel.conf").write_text(text, "utf-8")
        (self.folder / "store").mkdir()
        with sqlite3.connect(self.folder / "dlr.sqlite") as made:
            made.executescript((SAMPLE / "dlr.sql").read_text("utf-8"))
        made.close()


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
