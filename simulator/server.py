"""Puts the simulator together: platform API, SMS cloud, phones, doctors' phones, fault switch, log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from simulator.aliyun import create_aliyun_app
from simulator.api import Api
from simulator.clock import Clock, system_clock
from simulator.control import Control
from simulator.doctor_phone import DoctorPhone
from simulator.faults import FaultGate
from simulator.guard import PageGuard
from simulator.keypad import KeypadPages
from simulator.pages import STATIC, Pages
from simulator.patient import PatientSide
from simulator.phone import PhonePages
from simulator.platform import Platform
from simulator.settings import SimulatorSettings
from simulator.sms_cloud import SmsCloud

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

    sms = SmsCloud(settings.sms, log=platform.log, clock=clock) if settings.sms else None

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with sms.lifespan() if sms else nullcontext():
            yield
        await platform.close()

    pages = Pages(
        account=settings.account_name,
        mode=MODES[settings.mode],
        phrases=settings.phrases,
        links=settings.links,
        keypads=settings.keypads if sms else (),
    )
    phones = PhonePages(platform, patients, pages)
    routes: list[BaseRoute] = [
        *Api(platform).routes(),
        *Control(platform).routes(),
        *phones.routes(),
        *DoctorPhone(platform, pages).routes(),
        *platform.openids.routes(),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    if sms is not None:
        aliyun = create_aliyun_app(sms)
        routes += KeypadPages(settings.keypads, aliyun.state.aliyun, pages, phones).routes()
        routes.append(Mount("/aliyun", aliyun))
    app = Starlette(
        routes=routes,
        middleware=[Middleware(PageGuard), Middleware(FaultGate, faults=platform.faults)],
        lifespan=lifespan,
    )
    app.state.platform = platform
    app.state.sms = sms
    app.state.patients = patients
    return app


def run(settings: SimulatorSettings, host: str = "127.0.0.1", port: int = 8090) -> None:
    """Serve until interrupted."""
    settings = replace(settings, public_url=settings.public_url or f"http://{host}:{port}")
    uvicorn.run(
        create_app(settings), host=host, port=port, ws="none", log_level="warning", access_log=False
    )
