"""The way in: everything the rules can read in one text. Pure, total and quick."""

from __future__ import annotations

from language.expecting import Expecting
from language.findings import findings_of
from language.grammar import Grammar
from language.normalise import normalise
from language.settle import settle
from language.tokens import Tokens
from language.understanding import Understanding

__all__ = ["Expecting", "read"]


def read(text: str, *, expecting: Expecting | None = None) -> Understanding:
    """Read one message. Never raises; the same text always gives the same answer."""
    normal = normalise(text)
    tokens = Tokens(normal.text)
    grammar = Grammar(tokens, expecting)
    grammar.read()
    mentions, corrects = settle(grammar.drafts, tokens, normal)
    findings, denied = findings_of(tokens, normal, bool(mentions))
    return Understanding(
        text=text, mentions=mentions, findings=findings, denied=denied,
        corrects=corrects, unread_numbers=grammar.unread,
    )  # fmt: skip
