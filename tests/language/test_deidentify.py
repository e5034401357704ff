import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.deidentify import HANDLE, NUMBER, SOMEBODY, SOMEWHERE, deidentified

PHONES = [
    "13800138000",
    "138 0013 8000",
    "138-0013-8000",
    "１３８００１３８０００",
    "+86 138 0013 8000",
    "1 3 8 0 0 1 3 8 0 0 0",
    "一三八零零一三八零零零",
    "幺三八 零零幺三 八零零零",
    "1三8零0一3八0零0",
    "一、三、八、零、零、一、三、八、零、零、零",
    "①③⑧00138000",
    "138\u200b0013\u200b8000",
    "0571-88001234",
    "8800123",
]


@pytest.mark.parametrize("phone", PHONES)
def test_a_telephone_number_goes_however_it_is_written(phone: str) -> None:
    said = deidentified(f"我电话{phone}，血压高怎么办")
    assert NUMBER in said
    assert not any(sign.isdigit() or sign in "零幺" for sign in said)


@pytest.mark.parametrize(
    "number", ["11010119600101123X", "110101 19600101 1234", "6222021234567890123"]
)
def test_an_identity_or_card_number_goes(number: str) -> None:
    assert deidentified(f"身份证{number}") == f"身份证{NUMBER}"


@pytest.mark.parametrize(
    "said",
    [
        "血压128/78，心跳72",
        "138 88 72",
        "138 88 140 90 150 95",
        "早上152/94，晚上148/90，空腹6.8",
        "一百四十五，九十",
        "一四八九二",
        "我是糖尿病",
        "农村人吃什么好",
        "我们村里都这样",
        "每天吃盐5克",
        "老是头晕",
        "小便多",
        "黄瓜能吃吗",
        "白天犯困",
        "去哪个县医院",
        "金针菇和黄花菜能吃吗",
        "马铃薯、白云豆、石榴都行吗",
        "高血压安全吗",
        "常生气会升血压",
        "牛奶温一温再喝",
        "糖尿病人能吃什么",
        "高血压患者怎么锻炼",
        "我是高血压",
        "帮我叫医生",
        "小孙子拉肚子",
        "想跟村医说话",
    ],
)
def test_values_and_plain_words_stay(said: str) -> None:
    assert deidentified(said) == said


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("我叫王桂芳，血压高", f"我叫{SOMEBODY}，血压高"),
        ("我是李建国，头晕", f"我是{SOMEBODY}，头晕"),
        ("张大爷也是这样", f"{SOMEBODY}也是这样"),
        ("患者：王桂芳，血压高", f"患者：{SOMEBODY}，血压高"),
        ("李秀英的血压是多少", f"{SOMEBODY}的血压是多少"),
        ("问下张建国来过没", f"问下{SOMEBODY}来过没"),
        ("老王说不用吃药", f"{SOMEBODY}说不用吃药"),
        ("赵医生让我问", f"{SOMEBODY}让我问"),
        ("我住上塘村三组", f"我住{SOMEWHERE}"),
        ("加微信abc12345", f"加{HANDLE}"),
        ("看 https://a.example/x?id=1 行吗", f"看 {HANDLE} 行吗"),
        ("oXy1z2A3b4C5d6E7f8G9h0I1j2K3 问下", f"{HANDLE} 问下"),
        ("发我a.b@example.com", f"发我{HANDLE}"),
    ],
)
def test_what_names_a_person_or_a_place_goes(said: str, left: str) -> None:
    assert deidentified(said) == left


def test_the_people_and_places_that_are_known_go() -> None:
    said = deidentified(
        "桂芳在陈家畈，莫愁大夫管她", names=("王桂芳", "莫愁"), places=("陈家畈村",)
    )
    assert said == f"{SOMEBODY}在{SOMEWHERE}，{SOMEBODY}大夫管她"


@given(st.text(), st.lists(st.text(), max_size=3))
def test_any_text_is_accepted(text: str, known: list[str]) -> None:
    assert "\u200b" not in deidentified(text, known, known)


@given(
    st.text(alphabet="盐血压高怎么办，。", max_size=20),
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
)
def test_no_mobile_number_ever_stays(words: str, phone: str) -> None:
    assert phone not in deidentified(f"{words}{phone}{words}")
