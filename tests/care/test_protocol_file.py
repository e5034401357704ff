"""Typed access to a protocol file says where it went wrong."""

from __future__ import annotations

import pytest

from care.protocol_file import Entry, ProtocolError

ENTRY = Entry("demo.toml", "ladder[1]", {"steps": 5, "names": "one", "flag": 1})


def test_a_list_of_tables_that_is_none_is_named() -> None:
    with pytest.raises(ProtocolError, match=r"demo\.toml: ladder\[1\]\.steps: a list of tables"):
        list(ENTRY.entries("steps"))


def test_a_list_of_texts_that_is_none_is_named() -> None:
    with pytest.raises(ProtocolError, match=r"names: a list of texts"):
        ENTRY.texts("names")


def test_a_number_is_no_flag() -> None:
    with pytest.raises(ProtocolError, match=r"flag: true or false"):
        ENTRY.flag("flag")


def test_what_is_absent_is_empty() -> None:
    assert list(ENTRY.named("nothing")) == []
    assert list(ENTRY.entries("nothing")) == []
