"""How a contact was held, as the pages offer it, and what was typed about it."""

from __future__ import annotations

from collections.abc import Mapping

from care.form import Mode

# What can be chosen → what it is, and the form's own code. A message has no code on the form.
CONTACTS: Mapping[str, tuple[Mode, str | None]] = {
    "message": (Mode.MESSAGE, None),
    "phone": (Mode.PHONE, "3"),
    "clinic": (Mode.FACE_TO_FACE, "1"),
    "home": (Mode.FACE_TO_FACE, "2"),
}


def choices(mode: Mode, *, fresh: bool = False) -> tuple[str, ...]:
    """What the doctor may say it was. What began as a message never becomes face to face."""
    if fresh:
        return ("clinic", "home", "phone")
    if mode is Mode.FACE_TO_FACE:
        return ("clinic", "home")
    return ("message", "phone")


def chosen(typed: Mapping[str, str], allowed: tuple[str, ...]) -> tuple[str, Mode, dict[str, str]]:
    """The chosen contact, its kind, and what was typed with the form's code for it."""
    name = typed.get("contact", "")
    if name not in allowed:
        name = allowed[0]
    mode, code = CONTACTS[name]
    return name, mode, {**typed, "mode": code or ""}


def name_of(mode: Mode, code: str | None) -> str:
    """The choice that stands for a stored form."""
    known = (name for name, (kind, own) in CONTACTS.items() if kind is mode and own == code)
    return next(known, "message" if mode is Mode.MESSAGE else choices(mode)[0])
