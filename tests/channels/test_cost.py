"""What a message costs is counted from our own sentences; the prices are data with a source."""

from __future__ import annotations

import tomllib

from bench.cost import PRICES, costs
from suifang.carriers import SMS_PROVIDERS


def test_every_sms_provider_has_an_example_price_with_its_source() -> None:
    prices = tomllib.loads(PRICES.read_text("utf-8"))
    assert set(SMS_PROVIDERS) <= prices.keys()
    assert all(entry["source"] for entry in prices.values())


def test_a_registered_template_is_one_sms_with_its_signature() -> None:
    figures = {figure.name: figure for figure in costs()}
    assert figures["SMS a registered template"].holds
    assert figures["a thousand messages by wechat"].value == 0
    assert figures["a thousand messages by aliyun"].value == 45
