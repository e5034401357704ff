"""Phone numbers in every way that people and providers write them."""

from __future__ import annotations

import pytest

from records.phone_numbers import domestic, e164


@pytest.mark.parametrize(
    "raw",
    [
        "13800001111",
        "8613800001111",
        "008613800001111",
        "+8613800001111",
        "+86 138 0000 1111",
        "138-0000-1111",
        "１３８００００１１１１",
        " 13800001111\n",
    ],
)
def test_a_chinese_mobile_is_one_number_however_it_is_written(raw: str) -> None:
    assert e164(raw) == "+8613800001111"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "abc",
        "10086",
        "4008001234",
        "106901234567",
        "1440012345678",
        "087165123456",
        "138",
        "12800001111",
    ],
)
def test_what_is_no_persons_phone_is_refused(raw: str) -> None:
    assert e164(raw) is None


def test_a_foreign_mobile_keeps_its_country() -> None:
    assert e164("+254712345678") == "+254712345678"
    assert domestic("+254712345678") == "+254712345678"
    assert domestic("+8613800001111") == "13800001111"
