from pathlib import Path

import pytest

from inbox import words
from inbox.words import label, telling, word


def test_a_graver_reason_says_the_weaker_one() -> None:
    reasons = ["bp_crisis", "severe_headache", "bp_uncontrolled", "headache"]
    assert telling(reasons) == ["bp_crisis", "severe_headache"]


def test_reasons_of_their_own_all_stay() -> None:
    assert telling(["headache", "vision_loss"]) == ["headache", "vision_loss"]


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert label("reason", "never_heard_of") == "never_heard_of"
    assert word("event", "never_heard_of") == "never_heard_of"
    assert word("event", None) == ""


def test_a_concern_of_the_model_has_a_word() -> None:
    assert label("reason", "model_concern") != "model_concern"


def test_a_code_that_two_files_explain_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text('[sex]\nfemale = "女"\n', encoding="utf-8")
    monkeypatch.setattr(words, "_FOLDER", tmp_path)
    words._words.cache_clear()
    with pytest.raises(ValueError, match=r"b\.toml: \[sex\] says \['female'\]"):
        word("sex", "female")
    words._words.cache_clear()
