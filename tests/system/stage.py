"""The product as processes on one side, the simulated platform and its log on the other."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from bench.service import Service
from simulator.platform import Platform

PEERS = Path(__file__).parents[1] / "peers"


@dataclass
class Scene:
    """One installation, and the judge of what arrived."""

    service: Service
    platform: Platform

    def texts(self, openid: str) -> list[str]:
        """What the account made appear on this phone, oldest first."""
        return self.platform.log.texts_seen(openid)


Stage = Callable[..., Scene]


def missing(reason: str) -> NoReturn:
    """Skip on a laptop; in CI whatever is missing is an error."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
