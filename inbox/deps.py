"""What the web app is given by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from fastapi import APIRouter
from starlette.requests import HTTPConnection
from starlette.types import Lifespan

from channels.authorizing import IdentitySource
from inbox.offers import Offers
from records.db import Database
from records.vault import Vault

WORKER_SILENCE = timedelta(seconds=60)

# The address behind a scene, or None when it could not be had.
PictureOf = Callable[[str, int, datetime], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class InboxDeps:
    """`loopback`: only this machine can reach the server, so demo accounts and plain cookies are fine.

    `routers` are mounted beside the pages (the channels' webhooks); they do their own checking.
    `picture_of` asks WeChat what to put into a QR picture (scene, seconds, now); None without WeChat.
    `sources` are the platforms that can say who holds a phone, by name; `texts`: SMS is set up.
    `ways`: the providers that are set up to carry words, as rows call them. `offers`: what may go
    while no chat is open.
    """

    database: Database
    vault: Vault
    clock: Callable[[], datetime]
    loopback: bool
    routers: Sequence[APIRouter] = ()
    lifespan: Lifespan[object] | None = None
    worker_silence: timedelta = WORKER_SILENCE
    picture_of: PictureOf | None = None
    sources: Mapping[str, IdentitySource] = field(default_factory=dict)
    texts: bool = False
    ways: Sequence[str] = ()
    offers: Offers = field(default_factory=Offers)


def deps_of(connection: HTTPConnection) -> InboxDeps:
    """The dependencies of the app that serves this request."""
    return cast("InboxDeps", connection.app.state.deps)
