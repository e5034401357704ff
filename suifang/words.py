"""The words of a county: the dialect packs it names and the file of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from care.situation import Background, Programme
from language import dialects
from language.judgement import highest, judge
from language.pack import Pack, PackError, load
from language.reader import read
from language.understanding import Understanding
from suifang.errors import ConfigurationError
from suifang.settings import Settings


def names(settings: Settings) -> tuple[str, ...]:
    """The packs named in the settings."""
    return tuple(name.strip().lower() for name in settings.dialects.split(",") if name.strip())


def own_words(settings: Settings) -> Pack | None:
    """The county's own words; None when there is no file.

    Raises:
        ConfigurationError: the file cannot be used.
    """
    with _refusing():
        return load(settings.words_file) if settings.words_file is not None else None


def settle_words(settings: Settings) -> None:
    """Tell the reading, once at the start of a process, which words are spoken here.

    Raises:
        ConfigurationError: a pack is not known, or the file of own words cannot be used.
    """
    _speak(names(settings), own_words(settings))


def unheard(named: Sequence[str], own: Pack) -> list[tuple[str, str]]:
    """Examples of a file that are not understood as their standard sentences, with those.

    Raises:
        ConfigurationError: a pack is not known.
    """
    before = dialects.spoken()
    _speak(named, own)
    try:
        return [
            (entry.example, entry.standard)
            for entry in own.entries
            if _gist(read(entry.example)) != _gist(read(entry.standard))
        ]
    finally:
        dialects.speak(before)


def told(text: str) -> Iterator[str]:
    """What was understood of a sentence, as lines to show. The sender has both diseases."""
    said = read(text)
    yield f"读作  {said.standard}"
    for mention in said.mentions:
        reading = mention.reading
        value = (
            f"{reading.value:g}"
            if reading.value is not None
            else f"{reading.systolic or 0:g}/{reading.diastolic or 0:g}"
        )
        yield f"数值  {reading.kind} {value} ({mention.relation or mention.subject}, {mention.when})"
    for finding in said.findings:
        yield f"症状  {finding.concept} ({finding.relation or finding.subject})"
    both = Background(conditions=frozenset(Programme))
    yield f"意图  {said.intent}"
    yield f"急缓  {highest(judge(said, both))}"


def _speak(named: Sequence[str], own: Pack | None) -> None:
    with _refusing():
        dialects.speak(dialects.dialects(named, own))


@contextmanager
def _refusing() -> Iterator[None]:
    """What is wrong with a pack is the operator's to mend."""
    try:
        yield
    except PackError as error:
        raise ConfigurationError(list(error.problems)) from None


def _gist(said: Understanding) -> tuple[object, ...]:
    """What two sentences share that mean the same."""
    return (
        {(finding.concept, finding.subject) for finding in said.findings},
        [(mention.reading, mention.subject, mention.when) for mention in said.mentions],
        (said.intent, said.medicine_taken, said.no_symptoms, said.denied),
    )
