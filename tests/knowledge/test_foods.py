from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import pytest

from knowledge.article import Article
from knowledge.foods import FOODS, FoodError, FoodTable
from knowledge.library import Library
from knowledge.question import normalise
from knowledge.reading_level import remarks

BOTH = frozenset({"type2_diabetes", "hypertension"})
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def table() -> FoodTable:
    return FoodTable()


def named(table: FoodTable, text: str) -> list[str]:
    return [mention.food for mention in table.find(normalise(text))]


def test_the_table_knows_enough_foods(table: FoodTable) -> None:
    assert len({food for food, _ in table.names.values()}) >= 250


def test_regional_names_find_the_same_food(table: FoodTable) -> None:
    assert named(table, "能吃苞谷吗") == named(table, "能吃玉米吗") == ["玉米"]
    assert named(table, "红苕能吃不") == ["红薯"]


@pytest.mark.parametrize(
    "text",
    [
        "血糖高怎么办",
        "蛋白尿要紧吗",
        "葡萄糖耐量怎么做",
        "糖化血红蛋白",
        "脚上长鸡眼",
        "盐酸二甲双胍",
    ],
)
def test_words_that_only_look_like_food_are_not_food(table: FoodTable, text: str) -> None:
    assert named(table, text) == []


def test_a_specific_food_stands_before_the_general_word(table: FoodTable) -> None:
    assert named(table, "水果里面苹果能吃吗") == ["苹果"]
    assert named(table, "水果和米饭能吃吗") == ["水果", "米饭"]


def test_kidney_disease_adds_its_own_sentence(table: FoodTable) -> None:
    text = normalise("糖尿病肾不好能吃香蕉吗")
    assert "血钾" in table.advise(table.find(text), text, BOTH).text


def test_every_number_in_an_answer_stands_in_the_data(table: FoodTable) -> None:
    data = set(NUMBER.findall(FOODS.read_text(encoding="utf-8")))
    for name in table.names:
        text = f"{name}能吃吗"
        advice = table.advise(table.find(text), text, BOTH)
        assert set(NUMBER.findall(advice.text)) <= data


def test_every_food_has_advice_for_both_diseases(table: FoodTable) -> None:
    for group in table.groups.values():
        assert set(group.advice) == set(group.sources) == set(group.articles) == BOTH


def test_every_article_behind_a_food_exists(table: FoodTable, corpus: tuple[Article, ...]) -> None:
    known = {article.id for article in corpus}
    for group in table.groups.values():
        assert set(group.articles.values()) | {group.cure_article} <= known


def test_the_table_expires(table: FoodTable) -> None:
    assert table.served(date(2026, 11, 22), pending=True)
    assert not table.served(date(2026, 11, 22), pending=False)
    assert not table.served(date(2029, 1, 1), pending=True)


def damaged(tmp_path: Path, old: str, new: str) -> Path:
    path = tmp_path / "foods.toml"
    path.write_text(FOODS.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    return path


def test_a_missing_field_names_the_group(tmp_path: Path) -> None:
    with pytest.raises(FoodError, match="fruit: 'gi'"):
        FoodTable(damaged(tmp_path, 'gi = "low"\n', ""))


def test_a_food_in_two_places_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FoodError, match="苹果 stands in two places"):
        FoodTable(damaged(tmp_path, '"梨|', '"苹果|梨|'))


def test_cooking_and_prices_are_not_questions_about_eating(library: Library) -> None:
    assert library.examine("红烧肉怎么做好吃") is not None
    assert library.examine("糖尿病能吃红烧肉吗") is None


def test_what_villagers_ask_about_is_in_the_table(table: FoodTable) -> None:
    lines = (Path(__file__).parent / "foods_asked.txt").read_text(encoding="utf-8").splitlines()
    asked = [word for line in lines if not line.startswith("#") for word in line.split()]
    # 低钠盐 has an article of its own.
    missed = [food for food in asked if not table.find(normalise(f"能吃{food}吗"))]
    assert len(asked) >= 150
    assert missed == ["低钠盐"]


def test_star_fruit_is_poison_for_the_kidneys(table: FoodTable) -> None:
    text = normalise("肾不好能吃杨桃吗")
    assert "会中毒" in table.advise(table.find(text), text, BOTH).text


def test_liquorice_water_is_not_for_high_pressure(table: FoodTable) -> None:
    text = normalise("高血压能喝甘草水吗")
    assert "升血压" in table.advise(table.find(text), text, BOTH).text


@pytest.mark.parametrize(
    "question", ["肾不好能吃低钠盐吗", "吃着螺内酯能用低钠盐吗", "低钠盐能不能吃"]
)
def test_low_sodium_salt_comes_with_its_trap(question: str, now: datetime) -> None:
    library = Library(None, None, serve_pending=True)
    answer = library.answer(question, conditions=BOTH, now=now)
    assert "先问医生" in answer.text
    assert "血钾" in answer.text


@pytest.mark.parametrize(
    "text",
    [
        "洋芋长芽了，把芽挖掉还能吃不",
        "豆角没炒熟能吃吗",
        "生豆浆直接喝行不行",
        "苞谷霉了，洗洗能吃吗",
        "馍放得长白毛了，揭皮吃行吗",
        "剩菜馊了热一热能吃吗",
        "隔壁的鸡病死了，炖了能吃吗",
        "瘟猪肉便宜，能不能吃",
        "后山捡的蘑菇能吃吗",
        "青鱼胆泡酒喝能降压吗",
        "草乌炖猪蹄能补身子吗",
        "夹竹桃叶子泡水能喝吗",
        "苦杏仁一天能吃几颗",
        "土三七泡酒能喝吗",
        "孙子有蚕豆病，胡豆能吃吗",
        "木耳泡了两天还能吃吗",
        "刚吃了头孢，能喝酒吗",
    ],
)
def test_what_is_poisonous_or_spoiled_is_never_allowed(table: FoodTable, text: str) -> None:
    whole = normalise(text)
    said = table.advise(table.find(whole), whole, BOTH).text
    assert "120" in said
    assert "可以吃" not in said
    assert "可以喝" not in said


@pytest.mark.parametrize(
    ("text", "food"),
    [
        ("土豆能吃吗", "土豆"),
        ("超市买的香菇能吃吗", "香菇"),
        ("花生豆浆能喝吗", "花生"),
        ("养生豆浆能喝吗", "豆浆"),
        ("霉豆腐能吃吗", "腐乳"),
        ("糖尿病鸡肉能吃吗", "鸡肉"),
        ("蚕豆能吃吗", "蚕豆"),
        ("粥煮烂了能喝吗", "粥"),
        ("这鱼咸死了能吃吗", "鱼"),
        ("三七粉能吃吗", "三七"),
        ("血糖仪坏了，牛肉能吃吗", "牛肉"),
    ],
)
def test_what_only_sounds_spoiled_stays_food(table: FoodTable, text: str, food: str) -> None:
    mention = table.find(normalise(text))[0]
    assert mention.group.key != "danger"
    assert food in (mention.food, mention.name)


def test_every_danger_has_words_and_every_warning_is_plain(table: FoodTable) -> None:
    names = {food for food, group in table.names.values() if group.key == "danger"}
    assert names == set(table._dangers)
    kinds = {"jargon", "latin", "symbol", "sentence", "double_negation", "nominal"}
    texts = [says for _, says in table._dangers.values()] + [table.said("eaten")]
    texts += [said for group in table.groups.values() for said in group.extra.values()]
    assert [(t, r.words) for t in texts for r in remarks(t) if r.kind in kinds] == []


def test_every_group_has_a_word_for_kidneys_and_for_gout(table: FoodTable) -> None:
    assert [g.key for g in table.groups.values() if set(g.extra) != {"kidney", "gout"}] == []


@pytest.mark.parametrize("text", ["尿蛋白高能吃豆腐吗", "蛋白尿能吃咸菜吗", "肾病能喝粥吗"])
def test_the_warning_for_the_kidneys_goes_first(table: FoodTable, text: str) -> None:
    whole = normalise(text)
    assert table.advise(table.find(whole), whole, BOTH).text.startswith("肾不好的人")


def test_protein_powder_is_not_milk(table: FoodTable) -> None:
    whole = normalise("肾不好能吃蛋白粉吗")
    said = table.advise(table.find(whole), whole, BOTH).text
    assert "不能自己吃蛋白粉" in said
    assert "可以喝" not in said


def test_statins_do_not_go_with_pomelo(table: FoodTable) -> None:
    whole = normalise("吃他汀能吃柚子吗")
    for one in BOTH:
        assert "他汀" in table.advise(table.find(whole), whole, frozenset({one})).text


def test_porridge_is_faster_than_bread_and_not_than_honey(table: FoodTable) -> None:
    bread, honey = normalise("稀饭和馒头哪个升糖快"), normalise("稀饭和蜂蜜哪个升糖快")
    diabetes = frozenset({"type2_diabetes"})
    assert table.advise(table.find(bread), bread, diabetes).text.startswith("馒头比稀饭升糖慢")
    assert "蜂蜜比稀饭" not in table.advise(table.find(honey), honey, diabetes).text


def test_a_watermelon_has_one_amount(table: FoodTable) -> None:
    whole = normalise("西瓜能吃吗")
    said = table.advise(table.find(whole), whole, frozenset({"type2_diabetes"})).text
    assert [n for n in NUMBER.findall(said) if n != "100"] == []


@pytest.mark.parametrize(
    ("text", "food"),
    [
        ("能吃醋蛋吗", "醋泡鸡蛋"),
        ("能吃面疙瘩吗", "面条"),
        ("能吃菜籽油吗", "植物油"),
        ("能吃肉粽吗", "粽子"),
        ("能吃醋吗", "醋"),
        ("能吃面吗", "面条"),
        ("能喝淡盐水吗", "盐水"),
    ],
)
def test_the_longest_name_wins_also_behind_a_verb(table: FoodTable, text: str, food: str) -> None:
    assert named(table, text) == [food]


def test_salt_water_is_not_plain_water(table: FoodTable) -> None:
    whole = normalise("淡盐水能喝吗")
    assert "可以喝" not in table.advise(table.find(whole), whole, BOTH).text
