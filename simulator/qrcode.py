"""Enrolment codes: `/cgi-bin/qrcode/create` and what happens when one is scanned."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulator.errors import ApiError

LONGEST = 2_592_000
DEFAULT = 60
SCENE_LENGTH = 64
LIMIT_SCENES = 100_000
LARGEST_SCENE = 2**32 - 1
TEMPORARY = frozenset({"QR_SCENE", "QR_STR_SCENE"})
PERMANENT = frozenset({"QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"})


@dataclass(frozen=True, slots=True)
class Ticket:
    """One code and the scene behind it."""

    value: str
    scene: str
    expires_at: datetime | None
    expire_seconds: int

    @property
    def url(self) -> str:
        """What the printed code contains."""
        return f"http://weixin.qq.com/q/{self.value[:20]}"


class TicketOffice:
    """Creates codes and finds the scene again."""

    def __init__(self) -> None:
        self._tickets: dict[str, Ticket] = {}

    def create(self, request: dict[str, Any], now: datetime) -> Ticket:
        action = request.get("action_name")
        if action not in TEMPORARY | PERMANENT:
            raise ApiError(40053)
        scene = _scene(str(action), request)
        lasts = 0 if action in PERMANENT else _seconds(request)
        expires_at = now + timedelta(seconds=lasts) if lasts else None
        ticket = Ticket(secrets.token_urlsafe(60), scene, expires_at, lasts)
        self._tickets[ticket.value] = ticket
        return ticket

    def scan(self, value: str, now: datetime) -> Ticket | None:
        """Return the ticket, or nothing when the code is unknown or has expired."""
        ticket = self._tickets.get(value) or self._by_url(value)
        if ticket is None or (ticket.expires_at is not None and now >= ticket.expires_at):
            return None
        return ticket

    def _by_url(self, url: str) -> Ticket | None:
        return next((ticket for ticket in self._tickets.values() if ticket.url == url), None)


def _scene(action: str, request: dict[str, Any]) -> str:
    info = request.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    if not isinstance(scene, dict):
        raise ApiError(40053)
    if "STR" in action:
        text = scene.get("scene_str")
        if not isinstance(text, str) or not 1 <= len(text) <= SCENE_LENGTH:
            raise ApiError(40053)
        return text
    number = scene.get("scene_id")
    largest = LIMIT_SCENES if action in PERMANENT else LARGEST_SCENE
    if not isinstance(number, int) or not 1 <= number <= largest:
        raise ApiError(40053)
    return str(number)


def _seconds(request: dict[str, Any]) -> int:
    lasts = request.get("expire_seconds", DEFAULT)
    if not isinstance(lasts, int) or lasts < 1:
        raise ApiError(40053)
    return min(lasts, LONGEST)
