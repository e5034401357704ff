"""Folding words of the regions: places lead back, files of words are checked, packs are chosen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language import dialects
from language.normalise import normalise
from language.pack import PackError, load, parse
from language.reader import read

OWN = """
[[word]]
word = ["圪料", "疙撩"]
means = "头晕"
kind = "trouble"
example = "今天圪料得厉害"

[[word]]
word = ["夜们"]
means = "昨天"
kind = "time"
example = "夜们血压150/95"
standard = "昨天血压150/95"
unless = ["半夜们"]
"""


@pytest.fixture(autouse=True)
def _all_packs_again() -> Iterator[None]:
    yield
    dialects.speak(dialects.dialects())


def concepts(text: str) -> set[str]:
    return {finding.concept for finding in read(text).findings}


def test_places_in_a_folded_text_lead_back_to_the_message() -> None:
    text = "俺娘夜儿个晚上脑壳痛得很,血压165/98"
    said = read(text)
    mention = said.storable[0] if said.storable else said.mentions[0]
    assert text[mention.start : mention.end] == "165/98"
    (headache,) = [f for f in said.findings if "headache" in f.concept]
    assert text[headache.start : headache.end].startswith("脑壳痛")


@given(st.text(alphabet="唔系冇食药脑壳痛今儿个俺娘喽165/98,。 abc嘅咗", max_size=30))
def test_every_place_of_a_folded_text_is_a_place_of_the_message(text: str) -> None:
    spelled = normalise(text)
    folded = dialects.spoken().fold(spelled)
    size = len(folded.normal.text)
    assert [folded.before((at, at))[0] for at in range(size + 1)] == sorted(
        folded.before((at, at))[0] for at in range(size + 1)
    )
    assert all(0 <= folded.normal.origin(at) <= len(text) for at in range(size + 1))


def test_a_word_that_means_something_else_elsewhere_needs_its_pack_named() -> None:
    dialects.speak(dialects.dialects(["all"]))
    assert read("我老汉血压165/98").standard == "我老汉血压165/98"
    dialects.speak(dialects.dialects(["all", "xinan"]))
    assert read("我老汉血压165/98").standard == "我爸血压165/98"


def test_only_the_packs_of_the_county_are_spoken() -> None:
    dialects.speak(dialects.dialects(["yue"]))
    assert dialects.standard("脑壳昏") == "脑壳昏"
    assert dialects.standard("琴日") == "昨天"


def test_an_unknown_pack_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(PackError, match=r"no dialect pack shanghai\. There are: dongbei.*all"):
        dialects.dialects(["shanghai"])


def test_a_last_word_counts_only_at_the_end_of_a_clause() -> None:
    assert dialects.standard("糖尿病可以吃西瓜不嘛") == "糖尿病可以吃西瓜吗"
    assert dialects.standard("不嘛用") == "不嘛用"


def test_words_of_a_county_are_understood() -> None:
    assert concepts("圪料得厉害") == set()
    dialects.speak(dialects.dialects(["all"], parse(OWN, "words.toml")))
    assert concepts("圪料得厉害") == concepts("头晕得厉害") != set()
    assert dialects.standard("半夜们血压") == "半夜们血压"


def test_a_word_of_the_county_counts_more_than_one_of_a_pack() -> None:
    own = OWN.replace("夜们", "夜来").replace("昨天", "今晚")
    dialects.speak(dialects.dialects(["jin"], parse(own, "words.toml")))
    assert dialects.standard("夜来量的") == "今晚量的"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("means = ", "meaning = "), "line 2: the field 'meaning' is not known."),
        (('means = "头晕"\n', ""), "line 2: means is missing: add means = …"),
        (('kind = "time"', 'kind = "times"'), "line 8: kind 'times' is not known. One of: body"),
        (('word = ["夜们"]', 'word = "夜们"'), 'line 8: word must be a list of texts: word = ["…"'),
        (("夜们血压150/95\"\nstandard", "血压150/95\"\nstandard"), "holds none of the words"),
        (('["半夜们"]', '["半夜"]'), "line 8: '半夜' in unless does not hold any of the words."),
        (('["夜们"]', '["夜们", "圪料"]'), "line 8: '圪料' stands in line 2 already"),
        (('"圪料", "疙撩"', '"圪料", "头晕"'), "line 2: '头晕' is what it means already"),
        (('means = "头晕"', "means = 3"), "means must be a text in quotation marks."),
        (('unless = ["半夜们"]', "at_end = 1"), "at_end must be true or false."),
        (('["圪料"', '["圪料'), "quotation mark or a bracket missing?"),
        (("[[word]]\nword = [\"圪", "[wort]\na = 1\n[[word]]\nword = [\"圪"), "[wort] is not known"),
        (('[[word]]\nword = ["圪料", "疙撩"]', "word = 3\n[x]"), "write [[word]] with two brackets."),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_is_named_with_its_line(change: tuple[str, str], problem: str) -> None:
    text = OWN.replace(*change)
    assert text != OWN
    if change[1].startswith("word = 3"):
        text = "word = 3\n"
    with pytest.raises(PackError) as caught:
        parse(text, "words.toml")
    assert problem in str(caught.value)
    assert "words.toml" in str(caught.value)


def test_a_file_that_is_empty_missing_or_not_utf8_says_so(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no word found"):
        parse("", "words.toml")
    with pytest.raises(PackError, match="cannot be read"):
        load(tmp_path / "nothing.toml")
    (tmp_path / "gbk.toml").write_bytes("圪料".encode("gbk"))
    with pytest.raises(PackError, match="not UTF-8"):
        load(tmp_path / "gbk.toml")


def test_words_that_are_not_tables_are_named() -> None:
    with pytest.raises(PackError, match="on a line of its own"):
        parse("word = [1]", "words.toml")
