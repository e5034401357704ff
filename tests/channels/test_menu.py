"""The menu: its data, what a tap on the phone becomes, and what the platform says to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from channels.port import Result
from channels.wechat.menu import MenuError, as_request, load, menu, words_of
from language.reader import read
from language.understanding import Intent
from records import windows
from records.messages import text_of
from records.tables import InboundMessage
from simulator.settings import MenuButton
from tests.channels.world import WANG, World

WANTED = {
    "my_bp": Intent.MY_READINGS,
    "my_glucose": Intent.MY_READINGS,
    "doctor": Intent.DOCTOR,
    "help": Intent.HELP,
    "time": Intent.REMINDER_TIME,
    "stop": Intent.STOP,
    "resume": Intent.RESUME,
}


def test_every_button_says_words_that_are_understood() -> None:
    keys = [one.key for top in menu() for one in (top.below or (top,))]
    assert {key: read(words_of(key)).intent for key in keys} == WANTED


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "buttons"),
        ("[[button]]\nname = '找医生'\n" * 4, "allowed are 1 to 3"),
        ("[[button]]\nname = '我要找医生'\nkey = 'a'\nwords = 'a'", "1 to 4 characters"),
        ("[[button]]\nname = '找医生'", "needs a key"),
        ("[[button]]\nname = '甲'\nkey = 'a'\nwords = 'x'\n" * 2, "stands twice"),
        ("[[button]]\nname = '甲'\n" + "[[button.below]]\nname='乙'\n" * 6, "below"),
    ],
)
def test_a_menu_that_the_platform_would_refuse_is_refused_here(
    tmp_path: Path, text: str, why: str
) -> None:
    file = tmp_path / "menu.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(MenuError, match=why):
        load(file)


async def test_a_tap_through_the_encrypted_callback_is_its_words_at_once(wired: World) -> None:
    wired.platform.menu.create(as_request(menu()))
    await wired.patients.press(WANG, "my_bp")
    with wired.db.reading() as session:
        [heard] = session.exec(select(InboundMessage)).all()
        assert text_of(wired.vault, heard) == "我的血压"
        assert (heard.kind, heard.event) == ("event", {"event": "CLICK", "key": "my_bp"})
    contact = wired.contact()
    assert contact.wake_at == wired.clock.now, "nothing follows a tap: no need to wait for it"
    assert windows.room(contact, wired.clock.now).left == 3


async def test_a_key_that_nobody_knows_any_more_is_help(wired: World) -> None:
    wired.platform.menu.buttons = (MenuButton("OLD", "老按钮"),)
    await wired.patients.press(WANG, "OLD")
    with wired.db.reading() as session:
        [heard] = session.exec(select(InboundMessage)).all()
        assert text_of(wired.vault, heard) == ""
        assert heard.state == "waiting"


async def test_the_menu_is_published_whole_and_read_back(world: World) -> None:
    now = world.clock.now
    assert (await world.client.create_menu(as_request(menu()), now)).outcome.result == "accepted"
    published = (await world.client.published_menu(now)).body["menu"]["button"]
    assert [one["name"] for one in published] == [one.name for one in menu()]
    assert world.platform.menu.labels()["my_bp"] == "我的血压"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({}, 40016),
        ({"button": [{"type": "click", "name": "甲", "key": "a"}] * 4}, 40016),
        ({"button": [{"type": "click", "name": "甲乙丙丁戊己", "key": "a"}]}, 40018),
        ({"button": [{"type": "click", "name": "甲"}]}, 40019),
        ({"button": [{"type": "dance", "name": "甲", "key": "a"}]}, 40017),
        ({"button": [{"name": "甲", "sub_button": [{"name": "乙"}] * 6}]}, 40023),
        ({"button": [{"name": "甲", "sub_button": [{"name": ""}]}]}, 40025),
        ({"button": [{"name": "甲", "sub_button": [{"type": "click", "name": "乙"}]}]}, 40026),
        ({"button": ["甲"]}, 47001),
    ],
)
async def test_the_platform_refuses_what_breaks_its_rules(
    world: World, request_: dict[str, object], code: int
) -> None:
    before = world.platform.menu.buttons
    answer = await world.client.create_menu(request_, world.clock.now)
    assert answer.errcode == code
    assert answer.outcome.result in {Result.OPERATOR, Result.NEVER}
    assert world.platform.menu.buttons == before


async def test_without_a_menu_the_platform_says_so(world: World) -> None:
    world.platform.menu.delete()
    assert (await world.client.published_menu(world.clock.now)).errcode == 46003
