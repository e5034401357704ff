"""The networks, loaded once; skipped on a laptop without the extra, failing in CI."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from sight import weights

if TYPE_CHECKING:
    from PIL import Image

    from sight.looking import Sight
    from sight.models import Networks

Look = Callable[["Image.Image", str, int], "Sight"]


@pytest.fixture(scope="session")
def networks() -> Networks:
    if weights.missing() and not os.environ.get("CI"):
        pytest.skip(f"the extra [photo] is not installed here: {weights.INSTALL}")
    from sight.models import Networks

    return Networks()


@pytest.fixture(scope="session")
def look(networks: Networks) -> Look:
    """Take a photo of a thing, and look at it."""
    from sight.looking import look as look_at
    from sight.picture import opened
    from simulator.pictures import Difficulty, photograph

    def taken(thing: Image.Image, how: str, seed: int) -> Sight:
        content = photograph(thing, Difficulty(how), random.Random(seed))
        return look_at(opened(content), networks)

    return taken
