"""Words of the regions folded to standard ones, before grammar, frames and concepts look at a text.

So every other table needs a word only once. Which packs are spoken is settled at the start of a
process (`speak`); until then it is all of them. Places in the folded text lead back to the message.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from language.normalise import Normal, normalise
from language.pack import Entry, Pack, PackError, packs

ALL = "all"
_END = re.compile(r"[^0-9a-z\u3400-\u9fff]|$")


class _Form(NamedTuple):
    """A word as it is written, what it is read as (None: it is left alone), where it counts."""

    text: str
    means: str | None
    at_end: bool


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in standard words; `places` leads from it to the text before, None when equal."""

    normal: Normal
    places: tuple[int, ...] | None = None

    def before(self, span: tuple[int, int]) -> tuple[int, int]:
        """Where a stretch of the folded text stood before."""
        if self.places is None:
            return span
        last = len(self.places) - 1
        return self.places[min(span[0], last)], self.places[min(span[1], last)]


class Dialects:
    """The words of some packs, found by longest match; a word of `unless` is left as it is."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        listed = list(entries)
        forms: dict[str, _Form] = {}
        for entry in listed:
            for word in entry.unless:
                text = normalise(word).text
                forms[text] = _Form(text, None, at_end=False)
        for entry in listed:
            for word in entry.words:
                text = normalise(word).text
                forms[text] = _Form(text, normalise(entry.means).text, entry.at_end)
        starts: dict[str, list[_Form]] = {}
        for form in sorted(forms.values(), key=lambda form: -len(form.text)):
            starts.setdefault(form.text[0], []).append(form)
        self._starts: Mapping[str, tuple[_Form, ...]] = {k: tuple(v) for k, v in starts.items()}
        self._first = re.compile(f"[{re.escape(''.join(starts))}]") if starts else None

    def fold(self, normal: Normal) -> Folded:
        """Return the text with every known dialect word in standard words."""
        text = normal.text
        if self._first is None or self._first.search(text) is None:
            return Folded(normal)
        pieces: list[str] = []
        places: list[int] = []
        done = 0
        for found in self._first.finditer(text):
            start = found.start()
            form = self._at(text, start) if start >= done else None
            if form is None:
                continue
            end = start + len(form.text)
            said = form.text if form.means is None else form.means
            pieces += (text[done:start], said)
            places += range(done, start)
            places += (min(start + i, end - 1) for i in range(len(said)))
            done = end
        if not pieces:
            return Folded(normal)
        pieces.append(text[done:])
        places += range(done, len(text) + 1)
        offsets = tuple(map(normal.origin, places))
        return Folded(Normal("".join(pieces), offsets), tuple(places))

    def _at(self, text: str, start: int) -> _Form | None:
        for form in self._starts[text[start]]:
            if text.startswith(form.text, start) and not (
                form.at_end and _END.match(text, start + len(form.text)) is None
            ):
                return form
        return None


def dialects(names: Sequence[str] = (ALL,), own: Pack | None = None) -> Dialects:
    """The packs with these names, and a county's own words over them.

    "all" stands for every pack, without the words that mean something else in another region; a
    pack that is named brings those too.
    """
    known = packs()
    unknown = [name for name in names if name != ALL and name not in known]
    if unknown:
        message = f"no dialect pack {', '.join(unknown)}. There are: {', '.join(known)}, {ALL}."
        raise PackError([message])
    entries: list[Entry] = []
    if ALL in names:
        entries += [e for pack in known.values() for e in pack.entries if not e.by_name]
    for name in names:
        entries += known[name].entries if name != ALL else ()
    return Dialects([*entries, *(own.entries if own is not None else ())])


@functools.cache
def _every() -> Dialects:
    return dialects()


_spoken: list[Dialects] = []


def speak(chosen: Dialects) -> None:
    """Settle, once at the start of a process, which words are folded."""
    _spoken[:] = [chosen]


def spoken() -> Dialects:
    """The words folded in this process: all packs when nothing else was settled."""
    return _spoken[0] if _spoken else _every()


def standard(text: str) -> str:
    """A message in one spelling and in standard words."""
    return spoken().fold(normalise(text)).normal.text
