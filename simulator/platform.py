"""One simulated WeChat platform: its parts, and the work it does in the background."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import httpx

from simulator.callback import CallbackWire
from simulator.clock import Clock, system_clock
from simulator.codec import Codec
from simulator.daily import DailyCalls
from simulator.delivery import Delivery
from simulator.faults import Faults
from simulator.followers import Followers
from simulator.log import Log
from simulator.media import MediaStore
from simulator.menu import MenuDesk
from simulator.messages import MessageWriter, seconds
from simulator.oauth import OpenidDesk
from simulator.qrcode import TicketOffice
from simulator.quota import QuotaLedger
from simulator.settings import SimulatorSettings
from simulator.subscription import ConsentLedger
from simulator.template_message import TemplateDesk
from simulator.tokens import TokenDesk

T = TypeVar("T")


class Platform:
    """Holds the state that the HTTP API, the phones and the callback share."""

    def __init__(
        self,
        settings: SimulatorSettings,
        *,
        clock: Clock = system_clock,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.consents = ConsentLedger()
        self.daily = DailyCalls(settings.daily_quotas)
        self.log = Log(settings.log_path, clock=clock)
        self.faults = Faults()
        self.followers = Followers(settings.patients, open_to_all=settings.open_to_all)
        self.media = MediaStore()
        self.menu = MenuDesk(settings.menu)
        self.quota = QuotaLedger()
        self.templates = TemplateDesk(settings.templates, first_id=seconds(clock()))
        self.tickets = TicketOffice()
        self.tokens = TokenDesk()
        self.openids = OpenidDesk(settings.app_id, settings.secret, clock=clock)
        self.openids.page.holder = settings.phone_holder
        self.writer = MessageWriter(settings.account_id, clock=clock)
        # A proxy from the environment must not stand between two loopback ports.
        self.http = http or httpx.AsyncClient(trust_env=False)
        self.delivery = Delivery(
            CallbackWire(
                self.http,
                settings.callback_url,
                Codec(settings.token, settings.encoding_aes_key, settings.app_id),
                clock=clock,
                mode=settings.mode,
                answer_within=settings.answer_within,
            ),
            self.log,
            attempts=settings.attempts,
            retry_pause=settings.retry_pause,
        )
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something in the background and keep hold of it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settle(self) -> None:
        """Wait until nothing is under way any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.http.aclose()
        self.log.close()
