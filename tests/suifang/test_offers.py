"""What an installation can send while no chat is open, read from its settings."""

from __future__ import annotations

import pytest

from inbox.offers import Offer, Offers
from suifang.offers import offers_of
from suifang.settings import load_settings

WECHAT = {
    "SUIFANG_WECHAT_APP_ID": "wx1",
    "SUIFANG_WECHAT_APP_SECRET": "s",
    "SUIFANG_WECHAT_TOKEN": "t",
    "SUIFANG_WECHAT_ENCODING_AES_KEY": "a" * 43,
}


def offered(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Offers:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return offers_of(load_settings(env_file=None))


def test_without_channels_nothing_can_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered(monkeypatch) == Offers(None, None, "none")


def test_templates_are_offered_with_whose_leave_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    found = offered(
        monkeypatch,
        **WECHAT,
        SUIFANG_WECHAT_TEMPLATE_ID_REPLY="tpl-reply",
        SUIFANG_WECHAT_TEMPLATE_KIND_REPLY="one_time",
    )
    assert (found.reply, found.reminder) == (Offer("tpl-reply", "one_time"), None)
    assert found.reply is not None
    assert found.reply.needs_leave


def test_a_modem_carries_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = str(tmp_path_factory.mktemp("gammu"))
    found = offered(monkeypatch, SUIFANG_SMS_ROUTE="gammu", SUIFANG_GAMMU_DIR=folder)
    assert found.sms == "words"


def test_a_cloud_carries_registered_sentences_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    aliyun = {
        "SUIFANG_SMS_ROUTE": "aliyun",
        "SUIFANG_ALIYUN_ACCESS_KEY_ID": "a",
        "SUIFANG_ALIYUN_ACCESS_KEY_SECRET": "b",
        "SUIFANG_ALIYUN_SIGN_NAME": "柳溪卫生院",
        "SUIFANG_ALIYUN_PUSH_TOKEN": "t" * 48,
    }
    assert offered(monkeypatch, **aliyun).sms == "templates"
