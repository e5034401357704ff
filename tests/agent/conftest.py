"""Fixtures over `tests.agent.scene`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from agent.context import Heard, TurnContext
from agent.decision import Decision
from agent.graph import decide
from tests.agent.scene import OneAnswer, patient


@pytest.fixture
def library() -> OneAnswer:
    return OneAnswer()


@pytest.fixture
def thought(now: datetime, library: OneAnswer) -> Callable[..., Decision]:
    """Decide one turn over the given words, without a database."""

    def think(*texts: str, **changes: object) -> Decision:
        heard = tuple(
            Heard(f"m{number}", "text", text, received_at=now)
            for number, text in enumerate(texts, start=1)
        )
        values: dict[str, object] = {
            "now": now,
            "messages": heard,
            "members": (patient(),),
            "answers": library,
            **changes,
        }
        return decide(TurnContext(**values))  # type: ignore[arg-type]

    return think
