"""A doctor reads no codes: whatever WeChat answers has Chinese words on the pages."""

from __future__ import annotations

import pytest

from channels.wechat.errors import ERRORS
from inbox.words import word


@pytest.mark.parametrize("reason", sorted({reason for _, reason in ERRORS.values()}))
def test_every_refusal_of_wechat_has_words(reason: str) -> None:
    said = word("delivery_reason", reason)
    assert not said.isascii()
    assert len(said) <= 24


@pytest.mark.parametrize(
    "reason", ["code_unlisted", "no_answer_in_body", "token_busy", "failed:user block", "1003"]
)
def test_what_no_code_stands_for_has_words_too(reason: str) -> None:
    assert not word("delivery_reason", reason).isascii()
