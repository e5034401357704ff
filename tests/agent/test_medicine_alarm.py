"""A complaint after a medicine is judged by the rules before anything is said of the medicine."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from agent import batch
from knowledge.library import Library

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
BOTH = ["hypertension", "type2_diabetes"]


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(None, None, serve_pending=True)


def said(library: Library, text: str) -> dict[str, object]:
    line = json.dumps({"id": "1", "text": text, "patient": {"age": 65, "conditions": BOTH}})
    (result,) = batch.run([line.encode()], library, NOW)
    assert not isinstance(result, batch.BadLine)
    return dict(result)


@pytest.mark.parametrize(
    "text",
    [
        "吃了络活喜脸肿喉咙紧",
        "吃卡托普利后舌头肿了正常吗",
        "亚莫利吃了两片叫不醒",
        "把降压0号吃了一把",
        "吃阿司匹林拉黑便正常吗",
        "吃安达唐吐得厉害肚子疼喘大气",
    ],
)
def test_a_danger_after_a_medicine_is_an_alarm(library: Library, text: str) -> None:
    assert said(library, text)["level"] == "emergency"


def test_a_mild_known_complaint_is_answered_from_the_table(library: Library) -> None:
    result = said(library, "吃落活喜脚脖子两边有点肿正常吗")
    assert result["level"] in {"routine", "none"}
    assert "不是肾坏了" in str(result["answer"])


def test_an_amount_is_refused_in_the_turn(library: Library) -> None:
    result = said(library, "络活喜我能吃两片吗")
    assert result["answered"] is False
    assert "我不能说" in str(result["answer"])
