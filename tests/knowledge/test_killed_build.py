"""A build that is killed with -9 leaves nothing broken, and the next one goes on where it stood."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.article import read_articles
from knowledge.index import build, current
from knowledge.retrieval import Retriever
from tests.knowledge.conftest import HashEmbedder

DECOYS = {"off_topic": ("今天天气怎么样",)}
BUILD = """
import sys, time
from pathlib import Path
from knowledge.article import read_articles
from knowledge.index import build
from tests.knowledge.conftest import HashEmbedder
build(Path(sys.argv[1]), HashEmbedder(), articles=read_articles()[:6],
      decoys={"off_topic": ("今天天气怎么样",)}, breathe=lambda _: time.sleep(0.04), batch=16)
"""


def embedding(folder: Path) -> bool:
    return any(path.stat().st_size > 5000 for path in folder.glob("vectors/*.f4"))


def writing(folder: Path) -> bool:
    return any(folder.glob("*.partial/chroma.sqlite3"))


@pytest.mark.slow
@pytest.mark.parametrize("moment", [embedding, writing])
def test_a_killed_build_leaves_the_index_in_use_and_is_cleared_away(
    tmp_path: Path, moment: Callable[[Path], bool]
) -> None:
    articles, embedder = read_articles()[:6], HashEmbedder()
    first = build(tmp_path, embedder, articles=articles[:2], decoys=DECOYS)
    retriever = Retriever(articles[:2], DECOYS, tmp_path, embedder)
    assert retriever.rank("打鼾").vectors
    known = sum(path.stat().st_size for path in tmp_path.glob("vectors/*.f4"))
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD, str(tmp_path)], cwd=Path(__file__).parents[2]
    )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        grown = sum(path.stat().st_size for path in tmp_path.glob("vectors/*.f4")) > known
        if grown and moment(tmp_path):
            break
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -9

    assert current(tmp_path) == first.version
    assert retriever.rank("打鼾").vectors
    again = build(tmp_path, embedder, articles=articles, decoys=DECOYS)
    assert again.fresh
    assert again.reused > first.embedded
    assert not list(tmp_path.glob("*.partial"))
    assert Retriever(articles, DECOYS, tmp_path, embedder).rank("打鼾").vectors
