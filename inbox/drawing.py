"""What pygal draws, without anything the pages' policy refuses; the style sheet colours it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pygal

# pygal hooks a finder of an obsolete kind into every import of the process; nobody here needs it.
sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, pygal.PluginImportFixer)]

_DROPPED = frozenset({"style", "script", "desc"})


def bare(root: Any, tones: Sequence[str]) -> Any:
    """Take out what the page's policy refuses, and name each series by its tone."""
    for parent in list(root.iter()):
        for child in list(parent):
            tag = str(child.tag).rpartition("}")[2]
            noise = not isinstance(child.tag, str) or "tooltip" in child.get("class", "").split()
            if noise or tag in _DROPPED:
                parent.remove(child)
    for element in root.iter():
        element.attrib.pop("style", None)
        classes = element.get("class", "").split()
        for name in classes:
            if name.startswith("serie-"):
                tone = tones[int(name.removeprefix("serie-"))]
                element.set("class", f"series {tone}")
    for name in ("id", "width", "height"):
        root.attrib.pop(name, None)
    root.set("aria-hidden", "true")
    return root
