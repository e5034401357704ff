"""Words that end what we start by SMS: exact, before anything else is read, because people know them.

T, N and 取消 are no such words here: they are also answers to what we ask. The turn reads them.
"""

from __future__ import annotations

import re
import unicodedata

# What carriers taught everybody to reply.
OUT = frozenset(
    {
        "r", "td", "退订", "拒收", "r退订", "td退订", "退订r", "退订td", "退订了", "我要退订", "拒收了",
        "回复r", "回r", "回复td", "回td", "回复退订", "拒收请回复r", "拒收请回r", "拒收回复r", "拒收回r",
        "退订回r", "退订回复r", "退订请回复r", "退订回td", "退订回复td", "退订请回复td",
    }
)  # fmt: skip
# Quotation marks and what stands between the words of a copied line.
_SIGNS = re.compile(r"[\s。.!！,，:：“”\"'‘’「」\u200b]+")


def wants_out(text: str) -> bool:
    """Whether this is the whole message of somebody who wants no more from us."""
    return _SIGNS.sub("", unicodedata.normalize("NFKC", text)).casefold() in OUT
