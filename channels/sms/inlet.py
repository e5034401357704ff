"""What a provider pushes to us: its shape before and after an adapter has read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from records.messages import Arrival
from records.outbound import Receipt


@dataclass(frozen=True, slots=True)
class PushRequest:
    """One HTTP request as it came. `url` is the address the provider knows us by, with its query.

    `headers` have lower-case names. `query` holds the last value of each name.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What one push held: messages of people, and receipts for messages of ours."""

    arrivals: tuple[Arrival, ...] = ()
    receipts: tuple[Receipt, ...] = ()


class PushError(Exception):
    """A push that is not taken. `reason` is a code for the log and holds nothing of the content.

    `forged`: its signature is not the provider's.
    """

    def __init__(self, reason: str, *, forged: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.forged = forged


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """What the provider wants to hear."""

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: str = ""


class Inlet(Protocol):
    """Where one provider's pushes come in.

    `name` is its part of the address (aliyun, kannel …), `provider` its account in rows
    ("aliyun:main"). `signed`: it signs its pushes, so the address needs no secret part.
    """

    @property
    def name(self) -> str: ...

    @property
    def provider(self) -> str: ...

    @property
    def signed(self) -> bool: ...

    def read(self, request: PushRequest, now: datetime) -> Pushed:
        """What the push says.

        Raises:
            PushError: it cannot be read, or the signature is wrong.
        """
        ...

    def answer(self, *, ok: bool) -> PushAnswer:
        """What tells the provider that we have it (`ok`), or that it should come again."""
        ...
