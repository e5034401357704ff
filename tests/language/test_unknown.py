"""Words that no list knows: told without messages, and only when many use them."""

from __future__ import annotations

from language.unknown import Known, UnknownWord, unknown_words

AROUND = [
    "今天{}得很",
    "我{}两天了",
    "又{}，血压150/95",
    "老是{}，怎么办",
    "夜里{}吗",
    "还{}，药吃了",
]
KNOWN = Known(
    ["今天好得很，我头晕两天了，又来了，老是这样怎么办，夜里还好吗，还没有，药吃了，血压高"],
    ["张圪料"],
)


def said(word: str, conversations: int) -> list[tuple[str, str]]:
    chat = [(f"chat{n}", "今天头晕得很，我头晕两天了，药吃了") for n in range(20)]
    return [(f"c{n}", AROUND[n % len(AROUND)].format(word)) for n in range(conversations)] + chat


def test_a_word_that_many_use_is_told_with_its_conversations() -> None:
    assert unknown_words(said("扑烂", 8), KNOWN) == [UnknownWord("扑烂", 8)]


def test_a_word_of_four_conversations_is_never_told() -> None:
    assert unknown_words(said("扑烂", 4), KNOWN) == []
    assert unknown_words(said("扑烂", 4), KNOWN, at_least=1) == []


def test_one_talkative_person_is_one_conversation() -> None:
    alone = [("one", text) for _, text in said("扑烂", 8)]
    assert unknown_words(alone, KNOWN) == []


def test_a_known_word_a_name_and_an_address_are_not_told() -> None:
    assert unknown_words(said("头晕", 8), KNOWN) == []
    assert unknown_words(said("圪料", 8), KNOWN) == []
    assert unknown_words(said("扑烂村", 8), KNOWN) == []
    assert unknown_words(said("扑医生", 8), KNOWN) == []


def test_a_number_is_no_word() -> None:
    assert unknown_words(said("13800001111", 8), KNOWN) == []


def test_the_longer_word_is_told_instead_of_its_pieces() -> None:
    assert [w.text for w in unknown_words(said("扑烂瓜", 8), KNOWN)] == ["扑烂瓜"]


def test_a_dialect_word_of_a_pack_is_known() -> None:
    told = [word.text for word in unknown_words(said("脑壳痛", 8), Known(["我头痛两天了，头晕"]))]
    assert [word for word in told if "脑" in word] == []


def test_what_always_stands_before_the_same_sign_is_no_word() -> None:
    texts = [(f"c{n}", f"{sign}扑烂瓜{sign}") for n, sign in enumerate("天地人你我他")]
    assert "扑烂" not in [word.text for word in unknown_words(texts, KNOWN)]
