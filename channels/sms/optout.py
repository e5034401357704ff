"""Words that end what we start by SMS: exact, before anything else is read, because people know them.

T, N and 取消 are no such words here: they are also answers to what we ask. The turn reads them.
"""

from __future__ import annotations

import unicodedata

# What carriers taught everybody to reply.
OUT = frozenset({"r", "td", "退订", "拒收"})


def wants_out(text: str) -> bool:
    """Whether this is the whole message of somebody who wants no more from us."""
    return unicodedata.normalize("NFKC", text).strip().strip("。.!！").casefold() in OUT
