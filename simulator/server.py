"""Puts the simulator together: platform API, phones, doctors' phones, fault switch, log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from simulator.api import Api
from simulator.clock import Clock, system_clock
from simulator.control import Control
from simulator.doctor_phone import DoctorPhone
from simulator.faults import FaultGate
from simulator.guard import PageGuard
from simulator.pages import STATIC, Pages
from simulator.patient import PatientSide
from simulator.phone import PhonePages
from simulator.platform import Platform
from simulator.settings import SimulatorSettings

MODES = {"safe": "安全模式 · 加密", "compatible": "兼容模式", "plain": "明文模式"}


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

    pages = Pages(
        account=settings.account_name,
        mode=MODES[settings.mode],
        phrases=settings.phrases,
        links=settings.links,
    )
    routes: list[BaseRoute] = [
        *Api(platform).routes(),
        *Control(platform).routes(),
        *PhonePages(platform, patients, pages).routes(),
        *DoctorPhone(platform, pages).routes(),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(PageGuard), Middleware(FaultGate, faults=platform.faults)],
        lifespan=lifespan,
    )
    app.state.platform = platform
    app.state.patients = patients
    return app


def run(settings: SimulatorSettings, host: str = "127.0.0.1", port: int = 8090) -> None:
    """Serve until interrupted."""
    settings = replace(settings, public_url=settings.public_url or f"http://{host}:{port}")
    uvicorn.run(
        create_app(settings), host=host, port=port, ws="none", log_level="warning", access_log=False
    )
