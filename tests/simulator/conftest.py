"""Fixtures: Node peers, real servers on loopback, a clock that can be moved."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PEERS = Path(__file__).parents[1] / "peers"
TOKEN = "demo-token"
APP_ID = "wx5823bf96d3bd56c7"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

Json = dict[str, Any]


class NodePeer:
    """A Node script that is asked and answers in JSON lines."""

    def __init__(self, script: str, environment: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            ["node", "--no-deprecation", str(PEERS / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            text=True,
            encoding="utf-8",
        )

    def read(self) -> Json:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the Node peer ended"
        answer: Json = json.loads(line)
        return answer

    def ask(self, request: Json) -> Json:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self.read()

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate()


@pytest.fixture(scope="session")
def node_packages() -> None:
    """The peers' packages; a laptop may do without them, CI may not."""
    missing = not (PEERS / "node_modules").is_dir() or shutil.which("node") is None
    if not missing:
        return
    reason = "the Node peers are not installed: run scripts/peers.sh"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


StartPeer = Callable[..., NodePeer]


@pytest.fixture
def start_peer(node_packages: None) -> Iterator[StartPeer]:
    running: list[NodePeer] = []

    def start(script: str, environment: dict[str, str] | None = None) -> NodePeer:
        peer = NodePeer(script, environment)
        running.append(peer)
        return peer

    yield start
    for peer in running:
        peer.close()
