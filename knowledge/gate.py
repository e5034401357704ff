"""Whether a question may be answered at all: rules for what we never answer, then a classifier."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from care.situation import Programme
from knowledge.retrieval import Ranking

GATE = Path(__file__).parent / "gate.toml"
OFF_TOPIC = "off_topic"
CHITCHAT = "chitchat"
OTHER_DISEASE = "other_disease"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of refusal: some pattern of `any` stands in the text and none of `unless` does."""

    kind: str
    wanted: re.Pattern[str]
    unless: re.Pattern[str] | None

    def fits(self, text: str) -> bool:
        if not self.wanted.search(text):
            return False
        return self.unless is None or not self.unless.search(text)


class Gate:
    """Reads gate.toml once and judges normalised texts."""

    def __init__(self, path: Path = GATE) -> None:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        self._rules = tuple(_rule(entry) for entry in raw["rules"])
        self._words = {name: re.compile("|".join(words)) for name, words in raw["words"].items()}
        routes = [(bool(e.get("first")), e["article"], _rule(e)) for e in raw.get("routes", ())]
        self._first = tuple((article, rule) for first, article, rule in routes if first)
        self._routes = tuple((article, rule) for first, article, rule in routes if not first)
        # With vectors and without the scores lie elsewhere, so each has weights of its own.
        self._weights: Mapping[str, Mapping[str, float]] = raw["classifier"]["weights"]
        self._threshold: float = raw["classifier"]["threshold"]

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(rule.kind for rule in self._rules) | {OFF_TOPIC, CHITCHAT, OTHER_DISEASE}

    def refusal(self, text: str) -> str | None:
        """Return the kind of refusal the rules see in the whole text, if any."""
        return next((rule.kind for rule in self._rules if rule.fits(text)), None)

    def route(self, sentence: str) -> str | None:
        """Return the article that certain words decide by themselves, if any."""
        return next((article for article, rule in self._routes if rule.fits(sentence)), None)

    def first(self, whole: str) -> str | None:
        """Return the article that a message is about whatever medicine or food it names, if any."""
        return next((article for article, rule in self._first if rule.fits(whole)), None)

    def mentioned(self, text: str) -> frozenset[str]:
        """Return the managed diseases a text is about, by name or by their measurement."""
        return frozenset(c for c in Programme if self._words[c.value].search(text))

    def in_scope(self, text: str) -> bool:
        """Tell whether a text is about what we look after, or about daily life with it."""
        return bool(self._words["core"].search(text) or self._words["scope"].search(text))

    def elsewhere(self, text: str) -> bool:
        """Tell whether a text names a disease that is not ours."""
        return bool(self._words["elsewhere"].search(text))

    def features(self, whole: str, ranking: Ranking) -> dict[str, float]:
        """Describe how well the corpus fits a question."""
        best = ranking.hits[0] if ranking.hits else None
        other = self.elsewhere(whole)
        return {
            "bias": 1.0,
            "score": best.score if best else 0.0,
            "lexical": best.lexical if best else 0.0,
            "cosine": (best.cosine - 0.85) * 10 if best and ranking.vectors else 0.0,
            "margin": min(ranking.margin, 0.3),
            "gap": max(-3.0, min(3.0, 10 * ((best.score if best else 0.0) - ranking.decoy_score))),
            "odds": max(-4.0, min(4.0, ranking.odds)),
            "core": float(bool(self._words["core"].search(whole))),
            "scope": float(bool(self._words["scope"].search(whole))),
            "elsewhere": float(other),
            "health": float(bool(self._words["health"].search(whole))),
            "long": min(len(whole), 120) / 60,
        }

    def confidence(self, features: Mapping[str, float], *, vectors: bool) -> float:
        """Turn features into the calibrated chance that the question is ours to answer."""
        weights = self._weights["vectors" if vectors else "lexical"]
        total = sum(weights[name] * value for name, value in features.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))

    def accepts(self, confidence: float) -> bool:
        return confidence >= self._threshold

    def declined(self, whole: str, ranking: Ranking | None) -> str | None:
        """Name what a declined question is about; None when it is in scope but not known."""
        if self.elsewhere(whole):
            return OTHER_DISEASE
        if ranking and ranking.hits and ranking.decoy_score > ranking.hits[0].score:
            return ranking.decoy
        if self.in_scope(whole):
            return None
        return CHITCHAT if self._words["chitchat"].search(whole) else OFF_TOPIC


def _rule(entry: Mapping[str, Any]) -> Rule:
    unless = entry.get("unless")
    return Rule(
        entry.get("kind", ""),
        re.compile("|".join(entry["any"])),
        re.compile("|".join(unless)) if unless else None,
    )
