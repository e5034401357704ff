"""The way in: everything the rules can read in one text. Pure, total and quick."""

from __future__ import annotations

from language import background, moments
from language.columns import pair_columns
from language.cries import cries
from language.dialects import spoken
from language.expecting import Expecting
from language.findings import findings_of
from language.grammar import Grammar
from language.intent import intent_of, is_question, medicine_taken, no_symptoms
from language.meter import meter_errors
from language.normalise import normalise
from language.owners import give_back, in_order
from language.settle import settle
from language.suspicion import sounds
from language.tokens import Tokens
from language.understanding import Intent, Understanding

__all__ = ["Expecting", "read"]


def read(text: str, *, expecting: Expecting | None = None, unasked: bool = False) -> Understanding:
    """Read one message. Never raises; the same text always gives the same answer.

    Args:
        text: the message as it came, any `str`.
        expecting: what a follow-up asked for, so that a bare number can be placed.
        unasked: these are all the words of a turn before which nothing was asked.
    """
    spelled = normalise(text)
    folded = spoken().fold(spelled)
    normal = folded.normal
    tokens = Tokens(normal.text)
    state = Grammar(tokens, expecting).read()
    found = findings_of(tokens, normal, bool(state.drafts))
    alone = cries(normal.text, unasked=unasked and expecting is None)
    findings = found.findings or alone
    drafts = pair_columns(state.drafts)
    in_order(drafts, tokens)
    give_back(drafts, findings, tokens)
    moments.mark(drafts, tokens)
    mentions, corrects = settle(drafts, tokens, normal)
    intent = intent_of(normal.text, bool(mentions or findings), spelled.text)
    return Understanding(
        text=text,
        mentions=mentions,
        findings=findings,
        denied=found.denied,
        meter_errors=meter_errors(text, normal.text, expecting),
        intent=intent,
        question=is_question(normal.text) and intent is not Intent.HELP,
        corrects=corrects,
        medicine_taken=medicine_taken(normal.text),
        no_symptoms=no_symptoms(normal.text, bool(findings)),
        unread_numbers=state.unread,
        pregnant=background.pregnant(normal.text),
        conditions=background.conditions(normal.text),
        age=background.age(normal.text),
        drugs=background.drugs(normal.text),
        sounds=sounds(spelled.text, [folded.before(span) for span in found.accounted]),
        standard=normal.text,
    )
