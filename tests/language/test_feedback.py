"""What is said of an answer, and what only sounds like it."""

from __future__ import annotations

import pytest

from language.feedback import Feedback, feedback_of
from language.reader import read


@pytest.mark.parametrize(
    "said",
    [
        "没用", "没用。", "没 用", "没有用", "没什么用啊", "冇用", "没啥用", "你说的没用", "回答没用", "一点也没用",
    ],
)  # fmt: skip
def test_no_use_is_heard(said: str) -> None:
    assert feedback_of(said) is Feedback.NO_USE


@pytest.mark.parametrize(
    "said",
    [
        "没听懂", "我没听懂", "听不懂你说的", "医生我看不懂", "不是这个意思", "我不是这个意思啊", "不是问这个", "我问的不是这个", "没回答我的问题",
        "没答到点上", "你没说清楚", "等于没说", "什么意思？", "这是啥意思呀", "驴唇不对马嘴", "你答错了", "完全没明白", "还是没懂", "还是不明白说的",
    ],
)  # fmt: skip
def test_an_answer_beside_the_point_is_heard(said: str) -> None:
    assert feedback_of(said) is Feedback.UNHELPFUL


@pytest.mark.parametrize(
    "said", ["有用", "有用，谢谢", "谢谢，有用", "很有帮助", "你说的真有用", "听懂了谢谢"]
)
def test_praise_is_heard(said: str) -> None:
    assert feedback_of(said) is Feedback.HELPFUL


COMPLAINTS = [
    "药没用", "吃药没用", "吃了药没用", "吃了没用", "这药没用", "这个药没用", "这药一点用都没有", "打针没用", "打了针没用", "胰岛素没用", "降压药没用",
    "降压药吃了没用", "吃了三天没用", "吃了还是没用", "换了药还是没用", "二甲双胍没用", "你开的药没用", "医生开的药没用", "你说的药没用", "药没有用", "药都没用",
    "我吃的药没用", "喝芹菜水没用", "泡脚没用", "少吃盐也没用", "走路没用", "试了没用", "照做了没用", "吃糖没用", "喝了糖水没用", "喝糖水也没用", "止痛片没用",
    "血压计没用了", "血糖仪没用", "试纸没用", "量了没用", "测了没用", "手没用了", "腿没用了", "左边没用了", "胳膊没用", "眼睛没用了", "我没用了", "我没用", "人没用了",
    "我这人没用", "活着没用", "老了没用了", "活着没什么用", "我是个没用的人", "我真没用", "我太没用了", "没用的东西", "死了算了没用", "没用药", "没用胰岛素", "没用过",
    "没用过药", "今天没用药", "忘了没用", "药没用完", "还没用", "一直没用", "没用上", "没用针", "没用力", "使不上劲没用", "说话没听懂", "他说话我听不懂", "别人说话听不懂了",
    "老伴说话听不懂", "突然听不懂别人说话", "她什么意思都听不懂", "看不懂字了", "眼睛看不懂", "说话颠三倒四听不懂", "药有用", "吃了有用", "这药有用", "打针有用吗", "有用吗", "有没有用",
    "有用不", "吃洋葱有用吗", "这药有用没", "不是", "不对", "不是我的", "错了", "没有", "不懂怎么吃药", "不明白血压为什么高", "低压什么意思", "什么意思低压高", "高压160什么意思",
    "没用，头晕", "没用 我胸口疼", "没听懂，血压190", "没听懂 195/110", "没用 退订", "有用 血压130/80", "听不懂，右手没劲", "救命没用",
]  # fmt: skip


@pytest.mark.parametrize("said", COMPLAINTS)
def test_a_complaint_about_anything_else_is_no_feedback(said: str) -> None:
    assert feedback_of(said) is None


FEEDBACK = [
    "没用",
    "没听懂",
    "不是这个意思",
    "看不懂",
    "你说的没用",
    "没答到点上",
    "有用",
    "什么意思",
]


@pytest.mark.parametrize("said", FEEDBACK)
def test_no_feedback_holds_a_value_or_a_sign_of_danger(said: str) -> None:
    understood = read(said)
    assert (understood.mentions, understood.findings, understood.sounds) == ((), (), frozenset())
