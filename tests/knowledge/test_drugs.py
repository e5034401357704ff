"""What is said of a medicine by name: the right one, the right thing, never an amount."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import pytest

from knowledge.article import read_articles
from knowledge.drugs import DRUGS, DrugError, DrugTable
from knowledge.foods import FoodTable
from knowledge.library import Library
from knowledge.question import normalise, sentences
from knowledge.reading_level import remarks
from language.medicines import by_name, medicines

ASKED = Path(__file__).parent / "drugs.tsv"
TODAY = date(2026, 11, 22)
NONE: frozenset[str] = frozenset()
# An amount to take, or how often: never in a text about a medicine.
DOSE = re.compile(
    r"\d+\s*(?:mg|毫克|单位|片|粒|支)|[一二两三四半]\s*(?:片|粒|针|颗|次)(?!里|药|维生素|血|肝|尿)|每天[一二两三四\d]次"
)
NOT_A_DOSE = re.compile(
    r"一片里|少吃一颗药|一种维生素|测一次血糖|查一次|数一分钟|打一次|一阵|一顿|一下"
)


@pytest.fixture(scope="module")
def table() -> DrugTable:
    return DrugTable()


def said(table: DrugTable, question: str) -> str:
    whole = normalise(question)
    answer = table.answer(
        sentences(whole), whole, {"htn.c_class", "htn.a_class", "med.interaction"}
    )
    return "" if answer is None else answer.text or str(answer.refusal)


def texts(table: DrugTable) -> list[str]:
    found: list[str] = [pair.says for pair in table._pairs] + [food.says for food in table._foods]
    found += [now.says for now in table._now]
    for group in table.classes.values():
        found += [*group.says.values(), *(s for _, s, _ in group.feel), *(s for _, s in group.who)]
        found += [n for note in group.notes.values() for n in note.values() if isinstance(n, str)]
    return found


def test_every_class_of_the_list_has_its_advice_and_no_other(table: DrugTable) -> None:
    assert set(table.classes) == {medicine.kind for medicine in medicines()}


def test_a_note_is_about_a_medicine_of_its_class(table: DrugTable) -> None:
    for group in table.classes.values():
        for generic in group.notes:
            assert by_name()[generic.lower()].kind == group.key


def test_every_class_cites_a_packaged_article(table: DrugTable) -> None:
    known = {article.id for article in read_articles()}
    assert {group.article for group in table.classes.values()} <= known


def test_no_text_gives_an_amount(table: DrugTable) -> None:
    wrong = [text for text in texts(table) if DOSE.search(NOT_A_DOSE.sub("", text))]
    assert wrong == []


def test_no_text_tells_to_stop_or_to_change(table: DrugTable) -> None:
    told = re.compile(r"(?<!别自己)(?<!不要自己)(?<!不能)(?:停掉|停药吧|先停|换成|改吃|减到|加到)")
    assert [text for text in texts(table) if told.search(text)] == []


def test_every_text_is_plain(table: DrugTable) -> None:
    kinds = {"jargon", "latin", "symbol", "sentence", "double_negation", "nominal"}
    wrong = [(t, r.words) for t in texts(table) for r in remarks(t) if r.kind in kinds]
    assert wrong == []


def test_medicines_and_foods_are_two_lists() -> None:
    assert set(by_name()) & set(FoodTable().names) == set()


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("落活喜是治什么的", "氨氯地平（络活喜）是"),
        ("二假双瓜吃了拉肚子正常吗", "跟饭一起吃"),
        ("消渴丸和格列齐特能一起吃吗", "不能自己一起吃"),
        ("科素亚跟贝那普利能一块吃吗", "不能一起吃"),
        ("络活喜和拜新同能一起吃吗", "同一类药"),
        ("津力达和络活喜能一起吃吗", "医生一起开的"),
        ("吃络活喜能吃柚子吗", "西柚"),
        ("缬沙坦和低钠盐能一起用吗", "血钾可能太高"),
        ("有哮喘能吃比索洛尔吗", "诱发气喘"),
        ("捷诺维我能吃吗", "先问医生或药师"),
        ("来得时一般什么时候打", "打多少、停不停，由医生定"),
        ("氨绿地平有什么副作用", "地平"),
        ("倍他乐克能突然停药吗", "不要自己突然停"),
        ("硝苯地平缓释片可以掰开吃吗", "别掰开嚼碎"),
        ("吃着辛伐他汀，都说他汀有副作用，是吗", "辛伐他汀是名字带"),
        ("瑞舒伐他丁早上吃还是晚上吃，能不能和柚子一起吃", "早上晚上都行"),
        ("瑞舒伐他丁早上吃还是晚上吃，能不能和柚子一起吃", "西柚"),
        ("亚莫利和倍欣分别治什么", "倍欣就是伏格列波糖"),
        ("我吃络活喜一个月了。脚肿正常吗", "脚脖子轻轻肿"),
        ("泰诺治什么病", "泰诺就是酚麻美敏"),
        ("脑立清是什么药", "脑立清是"),
        ("田七粉跟阿司匹林能一块吃吗", "更容易出血"),
        ("银杏叶片和波立维能同时吃吗", "更容易出血"),
        ("吃拜新同，药片的壳子整个拉出来了", "不是没吸收"),
        ("甘草片和血压药能一块吃吗", "升血压"),
        ("复方甘草片和代文能同时吃吗", "升血压"),
        ("我胸口疼，速效救心丸管用吗", "马上打120"),
        ("心口闷得慌，丹参滴丸有副作用吗", "马上打120"),
        ("我爸嘴歪了，安宫牛黄丸能治吗", "马上打120"),
        ("突然一边没劲，阿司匹林和波立维能一起吃吗", "马上打120"),
        ("胸口疼，硝酸甘油什么时候用", "马上打120"),
    ],
)
def test_a_question_about_a_name_gets_what_it_asks(
    table: DrugTable, question: str, says: str
) -> None:
    assert says in said(table, question)


def test_pain_now_does_not_make_an_amount_answerable(table: DrugTable) -> None:
    assert said(table, "胸口疼，阿司匹林能吃三片吗") == "dose_change"


def test_an_old_stroke_is_not_one_that_happens_now(table: DrugTable) -> None:
    assert "打120，别喂药" not in said(table, "半身不遂好几年了，阿司匹林有什么副作用")


def test_a_brand_is_never_called_by_the_brand_of_another(table: DrugTable) -> None:
    assert "白加黑" not in said(table, "泰诺是什么药")
    assert "感冒清热" not in said(table, "板蓝根是什么药")


@pytest.mark.parametrize(
    "question",
    [
        "络活喜我能吃两片吗",
        "倍他乐克能不能停",
        "代文换成络活喜行不行",
        "立普妥能不能隔天吃一次",
        "诺和锐换甘精行吗",
    ],
)
def test_an_amount_or_a_change_is_refused(table: DrugTable, question: str) -> None:
    assert said(table, question) == "dose_change"


@pytest.mark.parametrize(
    "question",
    [
        "吃二甲双胍能吃西瓜吗",
        "胰岛素放冰箱吗",
        "络活喜忘了吃怎么办",
        "今天血压130/80",
        "他汀伤肝吗",
        "我吃络活喜。西瓜能吃吗",
        "络活喜",
        "吃着达美康，血糖一周测几次",
        "爷爷七十二岁，得糖尿病八年了，一直在乡下住，目前治疗的情况：二甲双胍，想问问的是：一日三餐家里的饭菜，要怎么吃才好",
    ],
)
def test_what_is_not_about_the_medicine_is_left_alone(table: DrugTable, question: str) -> None:
    assert said(table, question) == ""


def test_a_complaint_of_low_sugar_cites_what_to_do(table: DrugTable) -> None:
    known = {article.id for article in read_articles()}
    answer = table.answer(["吃了亚莫利心慌手抖怎么办"], "吃了亚莫利心慌手抖怎么办", known)
    assert answer is not None
    assert {c.article for c in answer.citations} == {"dm.hypo.first_aid", "dm.sulfonylurea"}


def test_an_answer_carries_its_source_and_label_and_fits_two_messages(table: DrugTable) -> None:
    answer = table.answer(["络活喜有什么副作用"], "络活喜有什么副作用", {"htn.c_class"})
    assert answer is not None
    assert answer.pending
    assert [citation.article for citation in answer.citations] == ["htn.c_class"]
    assert "来源" in answer.text
    assert len(answer.short) <= 134
    assert answer.short.endswith("待医生审核）")


def test_an_unsigned_or_expired_table_is_silent(table: DrugTable) -> None:
    assert table.served(TODAY, pending=True)
    assert not table.served(TODAY, pending=False)
    assert not table.served(date(2030, 1, 1), pending=True)


def test_a_damaged_table_names_class_and_field(tmp_path: Path) -> None:
    path = tmp_path / "drugs.toml"
    text = DRUGS.read_text(encoding="utf-8")
    path.write_text(text.replace('article = "htn.c_class"\n', "", 1), encoding="utf-8")
    with pytest.raises(DrugError, match=r"ccb: 'article'"):
        DrugTable(path)


def test_a_library_that_serves_only_signed_texts_says_nothing_of_medicines(now: datetime) -> None:
    library = Library(None, None, serve_pending=False)
    answer = library.answer("络活喜是治什么的", conditions=NONE, now=now)
    assert answer.kind != "answer"


def asked() -> list[tuple[str, str]]:
    lines = [line for line in ASKED.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    return [(line.split("\t")[0], line.split("\t")[2]) for line in lines]


def test_questions_as_people_ask_them_land_on_the_medicine(now: datetime) -> None:
    library = Library(None, None, serve_pending=True)
    wrong = []
    for expected, question in asked():
        answer = library.answer(question, conditions=NONE, now=now)
        if expected.startswith("!"):
            right = answer.refusal == expected[1:]
        else:
            right = all(name in answer.text for name in expected.split(","))
        if not right:
            wrong.append(question)
    assert wrong == []
