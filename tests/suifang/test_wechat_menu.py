"""`suifang wechat menu` against the simulated platform, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.background import Served, serving
from simulator.faults import Fault, FaultKind
from simulator.settings import SimulatorSettings
from tests.suifang.conftest import Command

APP_ID, SECRET, AES_KEY = "wxmenu0000000001", "not-a-secret", "a" * 43


@pytest.fixture
def platform(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A platform without a menu, and an installation that knows it."""
    settings = SimulatorSettings(APP_ID, SECRET, "token", AES_KEY)
    with serving(settings) as served:
        for name, value in {
            "APP_ID": APP_ID,
            "APP_SECRET": SECRET,
            "TOKEN": "token",
            "ENCODING_AES_KEY": AES_KEY,
            "API_BASE": served.url,
        }.items():
            monkeypatch.setenv(f"SUIFANG_WECHAT_{name}", value)
        yield served


def test_ours_is_shown_published_and_read_back(suifang: Command, platform: Served) -> None:
    before = suifang("wechat", "menu")
    assert "  我的血压 → 我的血压" in before.out
    assert "没有菜单" in before.out
    assert "已发布" in suifang("wechat", "menu", "--publish").out
    after = suifang("wechat", "menu").out.partition("微信上现在的")[2]
    assert [line for line in after.splitlines() if line[:1].strip()][1:] == [
        "我的数",
        "找医生",
        "更多",
    ]
    assert platform.platform.menu.labels()["doctor"] == "找医生"


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (48001, "must be a verified 服务号"),
        (40164, "IP白名单"),
        (45009, "midnight"),
        (40018, "40018, menu_name_refused"),
    ],
)
def test_a_refusal_is_told_in_plain_words(
    suifang: Command, platform: Served, code: int, advice: str
) -> None:
    fault = Fault(FaultKind.ERROR, "/cgi-bin/menu/create", times=None, errcode=code)
    platform.platform.faults.add(fault)
    refused = suifang("wechat", "menu", "--publish")
    assert refused.code != 0
    assert advice in refused.err.replace("\n", " ")
    assert platform.platform.menu.buttons == ()


def test_a_platform_that_does_not_answer_is_named(suifang: Command, platform: Served) -> None:
    fault = Fault(FaultKind.GARBAGE, "/cgi-bin/menu/get", times=None)
    platform.platform.faults.add(fault)
    assert "could not be asked" in suifang("wechat", "menu").err


def test_without_an_account_there_is_no_menu(suifang: Command, installed: Path) -> None:
    assert "WeChat is not configured" in suifang("wechat", "menu").err
