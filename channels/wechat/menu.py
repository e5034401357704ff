"""The menu under the chat, as data: what the platform is asked to show, and what a tap says."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "menu.toml"
MOST, MOST_BELOW = 3, 5
LONGEST_NAME, LONGEST_NAME_BELOW = 4, 7


class MenuError(ValueError):
    """The menu breaks a rule of the platform. Names the button."""


@dataclass(frozen=True, slots=True)
class Button:
    """A tap on `key` counts as `words`; one with buttons `below` it only opens them."""

    name: str
    key: str = ""
    words: str = ""
    below: tuple[Button, ...] = ()


@lru_cache(maxsize=1)
def menu() -> tuple[Button, ...]:
    """Our menu, read once and checked."""
    return load(SOURCE)


def words_of(key: str) -> str:
    """What a tap on a button says; empty for one that we do not know."""
    return _words().get(key, "")


def as_request(buttons: tuple[Button, ...]) -> dict[str, Any]:
    """The menu as the platform wants it."""
    return {"button": [_as_json(one) for one in buttons]}


def load(path: Path) -> tuple[Button, ...]:
    """Read a menu and hold it against the platform's limits; raises `MenuError`."""
    entries = tomllib.loads(path.read_text("utf-8")).get("button", [])
    buttons = tuple(_button(entry) for entry in entries)
    if not 1 <= len(buttons) <= MOST:
        message = f"{path.name}: {len(buttons)} buttons, allowed are 1 to {MOST}"
        raise MenuError(message)
    for top in buttons:
        _check(top, LONGEST_NAME)
        for one in top.below:
            _check(one, LONGEST_NAME_BELOW)
    keys = [one.key for one in _taps(buttons)]
    if len(set(keys)) < len(keys):
        message = f"{path.name}: a key stands twice"
        raise MenuError(message)
    return buttons


def _button(entry: Mapping[str, Any]) -> Button:
    below = tuple(_button(one) for one in entry.get("below", []))
    return Button(
        str(entry.get("name", "")), str(entry.get("key", "")), str(entry.get("words", "")), below
    )


def _check(button: Button, longest: int) -> None:
    if not 1 <= len(button.name) <= longest:
        message = f"{button.name}: a name here has 1 to {longest} characters"
        raise MenuError(message)
    if len(button.below) > MOST_BELOW:
        message = f"{button.name}: {len(button.below)} buttons below, allowed are {MOST_BELOW}"
        raise MenuError(message)
    if not button.below and not (button.key and button.words):
        message = f"{button.name}: needs a key and the words that a tap stands for"
        raise MenuError(message)


def _taps(buttons: tuple[Button, ...]) -> Iterator[Button]:
    for top in buttons:
        yield from top.below or (top,)


@lru_cache(maxsize=1)
def _words() -> Mapping[str, str]:
    return {one.key: one.words for one in _taps(menu())}


def _as_json(button: Button) -> dict[str, Any]:
    if button.below:
        return {"name": button.name, "sub_button": [_as_json(one) for one in button.below]}
    return {"type": "click", "name": button.name, "key": button.key}
