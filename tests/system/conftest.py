"""Builds installations for the tests that run the whole product."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bench.service import Service, free_port, platform_settings
from simulator.background import serving
from tests.system.stage import PEERS, Scene, Stage, missing


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Build a service that is not started yet, beside a platform that is."""
    with ExitStack() as stack:

        def build(database_url: str = "", **settings: str) -> Scene:
            folder, port = tmp_path_factory.mktemp("service"), free_port()
            served = stack.enter_context(serving(platform_settings(port)))
            service = Service(folder, served.url, port, database_url, settings)
            stack.callback(service.stop)
            return Scene(service, served.platform)

        yield build


@pytest.fixture(scope="session")
def npm_sender() -> list[str]:
    """The command of the Node peer that sends messages."""
    if not (PEERS / "node_modules").is_dir() or not shutil.which("node"):
        missing("the Node peers are not installed: run scripts/peers.sh")
    return ["node", "--no-deprecation", str(PEERS / "send_dev.js")]
