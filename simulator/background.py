"""Serves a simulator from a thread of this process, for tests and benchmarks of the product."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from simulator.clock import Clock, system_clock
from simulator.platform import Platform
from simulator.server import create_app
from simulator.settings import SimulatorSettings


@dataclass(frozen=True, slots=True)
class Served:
    """A running simulator.

    Attributes:
        url: its address; phones are used through it (`POST {url}/phone/{openid}/text`).
        platform: its state. The log and the ledgers may be read from the caller's thread.
    """

    url: str
    platform: Platform


@contextmanager
def serving(
    settings: SimulatorSettings, *, port: int = 0, clock: Clock = system_clock
) -> Iterator[Served]:
    """Run a simulator on loopback until the block ends; port 0 takes a free one."""
    listening = socket.create_server(("127.0.0.1", port))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    app = create_app(replace(settings, public_url=settings.public_url or url), clock=clock)
    with in_thread(app, listening):
        yield Served(url, app.state.platform)


@contextmanager
def in_thread(app: ASGIApp, listening: socket.socket) -> Iterator[None]:
    """Serve any ASGI app on a socket that already listens, so that nobody has to wait for it."""
    config = uvicorn.Config(app, ws="none", log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
