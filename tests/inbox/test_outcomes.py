"""Every code an adapter knows has plain words; what needs a person says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

import pytest

import channels.sms
import channels.wecom
from channels import routing
from channels.port import Result
from inbox.outcomes import meaning_of, reasons, stands
from inbox.words import because, words_of
from records import outbound

MODULES = (
    "channels.wechat.errors",
    *(f"channels.sms.{one.name}" for one in iter_modules(channels.sms.__path__)),
    *(f"channels.wecom.{one.name}" for one in iter_modules(channels.wecom.__path__)),
)


def codes() -> Iterator[tuple[str, Result, str]]:
    """Every (module, result, reason) of every table of codes."""
    for name in MODULES:
        for value in vars(import_module(name)).values():
            rows = value.values() if isinstance(value, Mapping) else ()
            for row in rows:
                if isinstance(row, tuple) and isinstance(row[0], Result) and row[1]:
                    yield name, row[0], row[1]


def test_every_word_of_an_adapter_is_explained() -> None:
    found = list(codes())
    assert len(found) > 200
    assert {
        f"{name}: {reason}" for name, _, reason in found if reason not in words_of("code_says")
    } == set()


def test_what_waits_for_the_operator_says_what_to_do() -> None:
    idle = {reason for _, result, reason in codes() if result is Result.OPERATOR}
    # Told when the menu or a QR code is made, at the terminal.
    by_hand = {reason for reason in idle if reason.startswith("menu_")}
    by_hand |= {"grant_type_refused", "short_url"}
    assert idle - words_of("code_do").keys() - by_hand == set()


def test_every_advice_belongs_to_a_word() -> None:
    assert words_of("code_do").keys() <= words_of("code_says").keys()


@pytest.mark.parametrize(
    ("provider", "code", "says"),
    [
        ("wechat:wx1", "45015", "微信 48 小时窗口关了"),
        ("aliyun:main", "isv.AMOUNT_NOT_ENOUGH", "余额用完了"),
        ("aliyun:main", "ReadTimeout", "对方没有回话"),
        ("aliyun:main", "isv.BRAND_NEW", "没见过的代码"),
        ("nobody", "x", "没见过的代码"),
        ("kannel:main", "502", "对方的网站答非所问"),
        ("kannel:main", "403", "网关的用户名或密码不对"),
        ("kannel:main", "2/UNDELIV", "运营商网络的问题，没送到"),
    ],
)
def test_a_code_in_plain_words(provider: str, code: str, says: str) -> None:
    found = meaning_of(provider, code)
    assert (found.code, found.says) == (code, says)


def test_no_code_means_nothing() -> None:
    assert meaning_of("aliyun:main", None).says == ""


def test_a_provider_nobody_knows_has_no_table() -> None:
    assert reasons("pigeon") == {}


@pytest.mark.parametrize(
    ("state", "reason", "tone", "words"),
    [
        ("accepted", "", "calm", "平台收下了"),
        ("queued", "quiet_hours", "waiting", "夜里不打扰"),
        ("unknown", "worker_lost", "alarming", "请打电话问一声"),
        ("never", "stopped", "alarming", "没有发出去（已退订）"),
    ],
)
def test_how_a_message_stands(state: str, reason: str, tone: str, words: str) -> None:
    found = stands(state, reason)
    assert found.tone == tone
    assert words in found.text


@pytest.mark.parametrize(
    "reason",
    [
        *(
            routing.NO_ROUTE,
            routing.PROVIDER_SHUT,
            routing.PACED,
            routing.IN_LINE,
            outbound.AWAITS_WINDOW,
        ),
        *(routing.SILENT, routing.WINDOW_CLOSED, routing.LEFT_OUT, outbound.ALL_STOPPED),
        *("quiet_hours", "daily_fuse", "doctor_talks", "too_late", "worker_lost", "no_address"),
        *("practitioner_disabled", "no_bell_left", "no_longer_theirs", "no_consent", "stopped"),
        *("person_away", "person_deceased", "person_moved", "person_refused", "not_following"),
        *("said_already", "broken_ValueError", "gave_up_ReadTimeout"),
    ],
)
def test_whatever_delivery_waits_for_or_ends_with_is_said_in_words(reason: str) -> None:
    assert because(reason) != reason
    assert not re.search("[A-Za-z_]{4,}", because(reason)), because(reason)
