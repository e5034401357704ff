import pytest

from language.replies import short_answer


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("按时", True),
        ("都按时吃着", True),
        ("没漏过", True),
        ("从来没忘", True),
        ("嗯", True),
        ("漏过", False),
        ("有时按时", False),
        ("没吃", False),
        ("没有", False),
        ("忘了两回", False),
        ("阿巴", None),
        ("", None),
        ("按时吃着呢，就是最近总头晕，还有点恶心想吐", None),
    ],
)
def test_a_short_answer_about_medicine(text: str, taken: bool | None) -> None:
    assert short_answer("medicine_taken", text) is taken


@pytest.mark.parametrize(("text", "none"), [("没有", True), ("都好", True), ("头晕", None)])
def test_a_short_answer_about_symptoms(text: str, none: bool | None) -> None:
    assert short_answer("no_symptoms", text) is none
