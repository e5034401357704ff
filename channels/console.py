"""The console channel of `suifang say`: whoever sits at the terminal reads the answer there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from channels.port import Letter, Result, SendOutcome

CHANNEL = "console"


@dataclass(frozen=True, slots=True)
class ConsoleChannel:
    """Writes letters through `write`. Always accepted, never shut."""

    write: Callable[[str], None]
    name: str = CHANNEL
    provider: str = f"{CHANNEL}:main"
    windowed: bool = False
    free_text: bool = True

    def has_template(self, name: str) -> bool:
        return False

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        self.write(letter.body)
        return SendOutcome(Result.ACCEPTED)

    async def send_picture(self, letter: Letter, now: datetime) -> SendOutcome:
        return await self.send_text(letter, now)

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        return await self.send_text(letter, now)
