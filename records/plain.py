"""Words of a stranger's system as every database can hold them."""

from __future__ import annotations

_LONGEST = 200


def plain(text: str) -> str:
    """A provider's code or id without what no row can keep: lone surrogates and zero bytes.

    Cut to a length that no provider's id reaches: what is longer is no id, and an index bears it not.
    """
    kept = text.encode("utf-8", "replace").decode("utf-8")
    return kept.replace("\x00", "")[:_LONGEST]
