"""What stands between a turn and the model: one call at most, and words that name nobody.

The hint comes first in a turn and may find a danger, so it wins: a turn that asked for a hint answers
in the article's own words.
"""

from __future__ import annotations

from agent.context import Hint, Model, Reworded, TurnContext
from knowledge.answer import Citation
from language.deidentify import deidentified

# What is sent of a message; whoever writes more has said it by then.
_MOST_CHARACTERS = 800


class Consulted:
    """The model for one turn. Whatever is asked after the first call is None."""

    def __init__(self, model: Model, names: tuple[str, ...], places: tuple[str, ...]) -> None:
        self._model, self._names, self._places = model, names, places
        self._asked = False

    def hint(self, text: str) -> Hint | None:
        """What the words may mean."""
        if self._spent():
            return None
        return self._model.hint(self._nameless(text))

    def reword(
        self, question: str, passages: tuple[Citation, ...], conditions: frozenset[str], limit: int
    ) -> Reworded | None:
        """The passages in kinder words."""
        if self._spent():
            return None
        return self._model.reword(self._nameless(question), passages, conditions, limit)

    def _spent(self) -> bool:
        before, self._asked = self._asked, True
        return before

    def _nameless(self, text: str) -> str:
        return deidentified(text[:_MOST_CHARACTERS], self._names, self._places)


def for_one_turn(context: TurnContext) -> Model | None:
    """The model as one turn may use it; None without one."""
    if context.model is None:
        return None
    names = (*(who.name for who in context.members), *context.named)
    places = (context.clinic_name, *context.places.values(), *context.situated)
    return Consulted(context.model, names, places)
