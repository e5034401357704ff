"""The last node: nothing leaves that is empty, too long, a dose, or a number nobody sourced."""

from __future__ import annotations

import re

from langgraph.runtime import Runtime

from agent import wording
from agent.context import TurnContext
from agent.decision import Mode, Part
from agent.naming import ask_once
from agent.state import TurnState

# WeChat cuts a customer-service text at 2048 bytes; three bytes a character.
MOST_CHARACTERS = 600
_DOSE = re.compile(r"\d+(?:\.\d+)?\s*(?:毫克|mg|MG|片|粒|丸|单位|iu|IU|支)")
_ADVISES = re.compile(
    r"(?:加|减|停|换|多吃|少吃|改吃|开)(?:点|些|量|掉|用)?[^，。；！？]{0,4}(?:药|胰岛素|片)"
)
_FORBIDS = re.compile(r"(?:不|别|勿|未).{0,6}$")
_PROMISES = re.compile(r"根治|治愈|包好|保证|断根")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def guard(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Check the reply; a reworded answer that fails falls back to the passage it came from."""
    parts = state["parts"]
    reworded = next((part for part in parts if part.key == "answer.reworded"), None)
    if reworded is not None and not faithful(reworded.text, _passages(state)):
        return {"parts": _without_model(state, runtime.context), "mode": Mode.RETRIEVAL}
    kept = _within_length(parts)
    return {**ask_once(state, kept, runtime.context)}


def faithful(text: str, sources: str) -> bool:
    """True when the text adds no number, dose, drug advice or promise to its sources."""
    if not set(_NUMBER.findall(text)) <= set(_NUMBER.findall(sources)):
        return False
    if _DOSE.search(text) or _PROMISES.search(text):
        return False
    return all(_FORBIDS.search(text[: found.start()]) for found in _ADVISES.finditer(text))


def _passages(state: TurnState) -> str:
    return "\n".join(citation.passage for citation in state.get("citations", ()))


def _without_model(state: TurnState, context: TurnContext) -> tuple[Part, ...]:
    """The parts before the reworded answer, then the article's own words."""
    before: list[Part] = []
    for part in state["parts"]:
        if part.key == "answer.reworded":
            break
        before.append(part)
    passages = [Part("answer.passage", c.passage) for c in state.get("citations", ())]
    sources = sorted({citation.source for citation in state.get("citations", ())})
    labels = [wording.part("answer.source_label", source=source) for source in sources]
    return (*before, *passages[:1], *labels[:1])


def _within_length(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    kept: list[Part] = []
    room = MOST_CHARACTERS
    for part in parts:
        if len(part.text) > room:
            break
        kept.append(part)
        room -= len(part.text) + 1
    return tuple(kept) or tuple(Part(part.key, part.text[:MOST_CHARACTERS]) for part in parts[:1])
