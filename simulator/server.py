"""Puts the simulator together: platform API, phones, doctors' phones, fault switch, log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from simulator.api import Api
from simulator.clock import Clock, system_clock
from simulator.control import Control
from simulator.faults import FaultGate
from simulator.patient import PatientSide
from simulator.platform import Platform
from simulator.settings import SimulatorSettings


def create_app(
    settings: SimulatorSettings,
    *,
    clock: Clock = system_clock,
    http: httpx.AsyncClient | None = None,
) -> Starlette:
    """Build the ASGI app; its `state` holds `platform` and `patients` for tests."""
    platform = Platform(settings, clock=clock, http=http)
    patients = PatientSide(platform)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await platform.close()

    routes: list[BaseRoute] = [*Api(platform).routes(), *Control(platform).routes()]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(FaultGate, faults=platform.faults)],
        lifespan=lifespan,
    )
    app.state.platform = platform
    app.state.patients = patients
    return app


def run(settings: SimulatorSettings, host: str = "127.0.0.1", port: int = 8090) -> None:
    uvicorn.run(create_app(settings), host=host, port=port, log_level="warning", access_log=False)
