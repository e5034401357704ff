"""A transcriber in another thread, spoken to over real HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn

from simulator.transcription import TranscriptionStand, create_transcription_app


@dataclass
class Running:
    """The server's stand, and where it listens."""

    stand: TranscriptionStand
    url: str


@pytest.fixture
def transcription() -> Iterator[Running]:
    stand = TranscriptionStand()
    config = uvicorn.Config(
        create_transcription_app(stand),
        port=0,
        ws="none",
        log_level="critical",
        timeout_graceful_shutdown=0,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Running(stand, f"http://127.0.0.1:{port}/v1")
    server.should_exit = server.force_exit = True
    thread.join(5)
