"""The menu under the chat, as the account published it; with the refusals of the platform."""

from typing import Any

from simulator.errors import ApiError
from simulator.settings import MenuButton

MOST_BUTTONS, MOST_SUB_BUTTONS = 3, 5
NAME_BYTES, SUB_NAME_BYTES, KEY_BYTES = 16, 60, 128
CLICK, VIEW = "click", "view"


class MenuDesk:
    """Holds the published menu; a new one replaces it whole."""

    def __init__(self, published: tuple[MenuButton, ...]) -> None:
        self.buttons = published

    def create(self, request: dict[str, Any]) -> None:
        """Publish, or refuse as WeChat does."""
        wanted = request.get("button")
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= MOST_BUTTONS:
            raise ApiError(40016)
        self.buttons = tuple(_button(one, sub=False) for one in wanted)

    def get(self) -> dict[str, Any]:
        if not self.buttons:
            raise ApiError(46003)
        return {"menu": {"button": [_as_json(one) for one in self.buttons]}}

    def delete(self) -> None:
        self.buttons = ()

    def labels(self) -> dict[str, str]:
        """What each key says on its button."""
        all_buttons = [one for top in self.buttons for one in (top, *top.buttons)]
        return {one.key: one.label for one in all_buttons if one.key}


def _button(wanted: object, *, sub: bool) -> MenuButton:
    if not isinstance(wanted, dict):
        raise ApiError(47001)
    name = str(wanted.get("name") or "")
    if not 0 < len(name.encode()) <= (SUB_NAME_BYTES if sub else NAME_BYTES):
        raise ApiError(40025 if sub else 40018)
    below = wanted.get("sub_button") or []
    if below:
        if sub or not isinstance(below, list) or len(below) > MOST_SUB_BUTTONS:
            raise ApiError(40023)
        return MenuButton("", name, tuple(_button(one, sub=True) for one in below))
    if wanted.get("type") not in {CLICK, VIEW}:
        raise ApiError(40017)
    key = str(wanted.get("key") or wanted.get("url") or "")
    if not 0 < len(key.encode()) <= KEY_BYTES:
        raise ApiError(40026 if sub else 40019)
    return MenuButton(key, name)


def _as_json(button: MenuButton) -> dict[str, Any]:
    if button.buttons:
        return {"name": button.label, "sub_button": [_as_json(one) for one in button.buttons]}
    return {"type": CLICK, "name": button.label, "key": button.key, "sub_button": []}
