"""What an adapter brings to the contract suite: how it is built, how its provider speaks, and a peer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from channels.port import Channel, Letter, Result
from records.db import Database
from records.outbound import Receipt
from records.vault import Vault
from tests.channels.contract.hostile import Behaviour

Answer = tuple[int, bytes]
# Somewhere to build an adapter: the provider's address, a client, and what tokens are kept in.
Build = Callable[["Place"], Channel]


@dataclass(frozen=True)
class Place:
    """Where an adapter is to work."""

    url: str
    http: httpx.AsyncClient
    db: Database
    vault: Vault


@dataclass(frozen=True)
class Peer:
    """Something that takes messages, and its own log of them: (address, text)."""

    url: str
    arrived: Callable[[], Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Bench:
    """One adapter and its provider.

    `table`: its codes; `refusal`: how the provider says one of them; `accepted`: how it says yes.
    `honest`: what it answers, by path, before anything is sent. `endings`: where a behaviour means
    something else than `unknown` here, and why is the adapter's own affair. `has_id`: False where the
    provider names no message. `same_phone`: the address in another form; `no_phone`: no address;
    `checks_address`: False where every address is taken. `by_template`: only these words travel,
    filled from the letter; `as_said`: what is changed in ours. `closing`: receipts as the adapter
    reads them, from (provider id, attempt id, delivered). `secrets`: what stands in no log.
    """

    name: str
    build: Build
    peer: Callable[[Path], AbstractContextManager[Peer]]
    letter: Letter
    accepted: Answer
    table: Mapping[Any, tuple[Result, str]] = field(default_factory=dict)
    refusal: Callable[[Any], Answer] | None = None
    honest: Mapping[str, bytes] = field(default_factory=dict)
    endings: Mapping[Behaviour, Result] = field(default_factory=dict)
    has_id: bool = True
    same_phone: str | None = None
    no_phone: str | None = None
    checks_address: bool = True
    by_template: Callable[[Letter], str] | None = None
    as_said: Callable[[Letter], str] | None = None
    closing: Callable[[str, str, bool], Sequence[Receipt]] | None = None
    secrets: tuple[str, ...] = ()
    slow: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def hidden(self) -> tuple[str, ...]:
        """What stands in no log. A practitioner's address is our own id."""
        whom = () if self.letter.purpose == "notice" else (self.letter.address,)
        return (*self.secrets, *whom, self.letter.body)

    def text_of(self, letter: Letter) -> str:
        """What the person is to read."""
        words = self.by_template or self.as_said
        return words(letter) if words else letter.body

    def send(self, channel: Channel) -> Any:
        """The call that is made for it."""
        return channel.send_template if self.by_template else channel.send_text
