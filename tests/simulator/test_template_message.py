import pytest

from simulator.settings import TemplateSpec
from simulator.template_message import fits

FITTING = [
    ("thing1", "高血压随访(第3次)"),
    ("thing2", "字" * 20),
    ("character_string1", "SF-2026/11#7"),
    ("time1", "2019年10月1日 15:01"),
    ("time1", "15:01"),
    ("date1", "2023-09-12 19:43:07"),
    ("date2", "2019年10月1日~2019年10月8日"),
    ("amount1", "¥12.50"),
    ("phone_number1", "+86-0912-6612120"),
    ("car_number1", "陕A8Z888"),
    ("const1", "任何短语"),
    ("phrase1", "待随访"),
    ("name1", "欧阳娜娜"),
    ("number1", "165"),
    ("letter1", "ABC"),
    ("symbol1", "+"),
]
BREAKING = [
    ("thing1", "字" * 21),
    ("thing1", "两\n行"),
    ("character_string1", "编号7"),
    ("character_string1", "x" * 33),
    ("time1", "明天下午"),
    ("time1", "25:01"),
    ("date1", "2023/09/12"),
    ("amount1", "十二元"),
    ("phone_number1", "1" * 18),
    ("car_number1", "九个字符的车牌号码"),
    ("phrase1", "超过五个汉字"),
    ("name1", "十一个汉字的名字太长了吧"),
    ("number1", "一百"),
    ("letter1", "7"),
    ("symbol1", "文"),
    ("unheard_of1", "x"),
]


@pytest.mark.parametrize(("name", "value"), FITTING)
def test_a_value_of_its_type_fits(name: str, value: str) -> None:
    assert fits(TemplateSpec("t", "t", {}), name, value)


@pytest.mark.parametrize(("name", "value"), BREAKING)
def test_a_value_that_breaks_its_type_does_not_fit(name: str, value: str) -> None:
    assert not fits(TemplateSpec("t", "t", {}), name, value)


def test_a_constant_must_be_one_of_the_approved_strings() -> None:
    spec = TemplateSpec("t", "t", {}, {"const1": frozenset({"待随访"})})
    assert fits(spec, "const1", "待随访")
    assert not fits(spec, "const1", "已随访")
