"""`python -m bench.retrieval FILE`: how high the right articles rank, by words, by vectors and by both.

Ranking alone: no rules, no foods, no routes, no gate. A line counts when an article answers it; the
two first asking sentences are ranked, each article by the better of them.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge import index
from knowledge.article import Article, read_articles
from knowledge.decoys import read_decoys
from knowledge.gate import Gate
from knowledge.question import normalise, sentences
from knowledge.retrieval import Retriever
from language.dialects import standard

if TYPE_CHECKING:
    from knowledge.embedder import Embedder

DEPTH = 10
_SENTENCES = 2
_RESAMPLES = 1000
_SEED = 20261122
MEASURES = ("R@1", "R@3", "MRR@10", "nDCG@10")

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One line as it is ranked: the articles that answer it, and where it comes from."""

    sentences: tuple[str, ...]
    whole: str
    conditions: frozenset[str]
    gold: frozenset[str]
    region: str
    style: str


def asked_of(lines: Sequence[Line], known: frozenset[str]) -> tuple[Asked, ...]:
    """The lines that some article answers and whose label is not in doubt."""
    return tuple(_asked_of(lines, known))


def _asked_of(lines: Sequence[Line], known: frozenset[str]) -> Iterator[Asked]:
    for line in lines:
        gold = frozenset(line["articles"]) & known
        if line["want"] != "answer" or line.get("doubt") or not gold:
            continue
        whole = normalise(standard(line["text"]))
        conditions = (line.get("patient") or {}).get("conditions", ())
        yield Asked(
            sentences(whole)[:_SENTENCES] or (whole,),
            whole,
            frozenset(conditions),
            gold,
            line.get("region", ""),
            line.get("style", ""),
        )


def ranked(retriever: Retriever, gate: Gate, asked: Asked) -> list[str]:
    """The first articles for a line, the best first."""
    best: dict[str, float] = {}
    for sentence in asked.sentences:
        named = gate.mentioned(sentence) or gate.mentioned(asked.whole)
        for hit in retriever.rank(sentence, named, asked.conditions, kept=DEPTH).hits:
            best[hit.article.id] = max(hit.score, best.get(hit.article.id, -1.0))
    return sorted(best, key=lambda name: -best[name])[:DEPTH]


def measures(order: Sequence[str], gold: frozenset[str]) -> tuple[float, ...]:
    """R@1, R@3, MRR@10 and nDCG@10 of one line; any of the right articles first is as good."""
    places = [place for place, name in enumerate(order[:DEPTH]) if name in gold]
    if not places:
        return (0.0, 0.0, 0.0, 0.0)
    gained = sum(1 / np.log2(place + 2) for place in places)
    most = sum(1 / np.log2(place + 2) for place in range(min(len(gold), DEPTH)))
    first = places[0]
    return float(first == 0), float(first < 3), 1 / (first + 1), float(gained / most)


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """A mean with its 95 % interval by the bootstrap."""
    sample = np.asarray(values)
    picks = np.random.default_rng(_SEED).integers(0, len(sample), (_RESAMPLES, len(sample)))
    low, high = np.percentile(sample[picks].mean(axis=1), (2.5, 97.5))
    return float(sample.mean()), float(low), float(high)


def table(lines: Sequence[Line], place: Path, embedder: Embedder) -> str:
    """The whole table, and the parts of the last row by region and style."""
    articles = read_articles()
    asked = asked_of(lines, frozenset(article.id for article in articles))
    gate = Gate()
    rows = [f"{len(asked)} questions", f"{'':24}" + "".join(f"{m:>23}" for m in MEASURES)]
    found: list[tuple[float, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, retriever in _systems(articles, place, Path(folder), embedder):
            found = [measures(ranked(retriever, gate, one), one.gold) for one in asked]
            rows.append(f"{name:24}" + _row(found))
            retriever.close()
    parts: Mapping[str, Callable[[Asked], str]] = {
        "region": lambda one: one.region,
        "style": lambda one: one.style,
    }
    for part, of in parts.items():
        groups: dict[str, list[tuple[float, ...]]] = defaultdict(list)
        for one, said in zip(asked, found, strict=True):
            groups[of(one)].append(said)
        for group, values in sorted(groups.items()):
            rows.append(f"{part} {group} ({len(values)})".ljust(24) + _row(values))
    return "\n".join(rows) + "\n"


def _row(found: Sequence[tuple[float, ...]]) -> str:
    shown = [interval(column) for column in zip(*found, strict=True)]
    return "".join(f"  {mean:.3f} ({low:.3f}-{high:.3f})" for mean, low, high in shown)


def _systems(
    articles: Sequence[Article], place: Path, folder: Path, embedder: Embedder
) -> Iterator[tuple[str, Retriever]]:
    decoys = read_decoys()
    bare = tuple(replace(article, questions=()) for article in articles)
    if (place / "vectors").exists():
        shutil.copytree(place / "vectors", folder / "vectors")
    index.build(folder, embedder, articles=bare, decoys=decoys)
    both = ((0.0, 1.0), (0.4, 0.6))
    for label, corpus, where in (("no variants", bare, folder), ("variants", articles, place)):
        yield f"BM25, {label}", Retriever(corpus, decoys, None, None)
        for name, shares in zip(("vectors", "fused"), both, strict=True):
            yield f"{name}, {label}", Retriever(corpus, decoys, where, embedder, shares)


def main() -> int:
    """Print the table of one file."""
    from knowledge.embedder import LocalEmbedder  # noqa: PLC0415 - loads a model

    parser = argparse.ArgumentParser(prog="python -m bench.retrieval")
    parser.add_argument("file", type=Path)
    parser.add_argument("--index", type=Path, default=Path("var/index"))
    options = parser.parse_args()
    embedder = LocalEmbedder()
    index.build(options.index, embedder)
    from bench.answers import read  # noqa: PLC0415 - brings the whole agent

    sys.stdout.write(table(read(options.file), options.index, embedder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
