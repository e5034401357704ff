"""What a sentence accounts for by itself, and what takes that back."""

from __future__ import annotations

import pytest

from language.reader import read


def heard(text: str) -> set[str]:
    return {finding.concept for finding in read(text).findings}


@pytest.mark.parametrize(
    "text",
    [
        "养生堂里讲突然一只手没力气、说话不清就是中风",
        "小说里那个人中风了嘴歪眼斜",
        "墙上贴的那张纸写着低血糖会出冷汗手抖",
        "我家老母猪今早口吐白沫，站不起来",
        "刚拔了牙打了麻药，半边嘴没知觉，直漏水",
        "笑得我肚子疼，喘不上气",
        "肉涨价涨得我心口疼",
        "昨天喝醉了，走路东倒西歪",
        "叫三遍才应，一直是这样，耳朵背",
        "洋葱辣得眼睛看不见",
        "大夫问胸口疼不疼",
        "我家老头子喊他洗碗就装死，叫都叫不应",
        "坐中巴晕车，吐了两回",
        "吃了猪血，大便发黑",
    ],
)
def test_nobody_is_ill_in_it(text: str) -> None:
    assert heard(text) == set()


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("电视里讲中风会嘴歪，我今天嘴就歪了", "face_droop"),
        ("今天杀猪，我爸突然半边身子没劲", "one_sided_weakness"),
        ("让驴踢了一脚，人喊不应了", "unrousable"),
        ("气得心窝子疼，到现在还在疼", "chest_pain"),
        ("脸跟打了麻针一样，半边木的", "one_sided_numbness"),
        ("没喝酒，走路往一边倒", "sudden_imbalance"),
        ("邻居过去一看，我妈嘴都歪了", "face_droop"),
        ("羊癫疯犯了，抽起来了", "seizure"),
    ],
)
def test_somebody_is_ill_after_all(text: str, concept: str) -> None:
    assert concept in heard(text)


def test_a_jest_takes_back_a_weary_word_but_never_a_plan() -> None:
    assert heard("活着没意思，开玩笑的") == set()
    assert "suicidal_plan" in heard("农药准备好了不想活了，开玩笑的")
