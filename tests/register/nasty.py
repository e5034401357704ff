"""A register as townships really send it, from a seed, with the answer that is expected for each row."""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from openpyxl import Workbook

from records.register.identities import check_digit

HEADER = [
    "序号", "姓 名", "身份证号", "联系电话（手机）", "所属村委会", "性别", "出生日期", "高血压",
    "2型糖尿病", "建档日期", "最近随访日期", "最近血压(mmHg)", "空腹血糖", "用药情况", "紧急联系人",
    "紧急联系人电话", "责任医生",
]  # fmt: skip
TODAY = date(2026, 11, 23)
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "芳伟娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂花春梅国建华玉珍凤莲"


@dataclass
class Expected:
    """What should become of the sheet: states of rows by number, and codes that must be noted."""

    states: dict[int, str] = field(default_factory=dict)
    codes: dict[int, set[str]] = field(default_factory=dict)
    phones: dict[int, str] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        return dict(Counter(self.states.values()))


@dataclass
class Being:
    """Somebody who is written down."""

    name: str
    identity: str
    phone: str
    village: str
    sex: str
    born: date


class Nasty:
    """Writes rows one trouble at a time."""

    def __init__(self, seed: int, villages: list[str]) -> None:
        self.dice = random.Random(seed)
        self.villages = villages
        self.expected = Expected()
        self.used: set[str] = set()
        self.plain: list[list[Any]] = []

    def sheet(self, size: int) -> tuple[bytes, Expected]:
        """`size` rows of people and troubles, with titles above and totals below."""
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "名册"
        sheet.append(["清水县慢性病患者健康管理名册（２０２６年）"])
        sheet.merge_cells("A1:Q1")
        sheet.append(["填报单位：清水镇卫生院", None, None, "填报日期：2026.11"])
        sheet.append(HEADER)
        number = 3
        for _ in range(size):
            if self.dice.random() < 0.01:
                sheet.append([])
                number += 1
            number += 1
            sheet.append(self.row(number))
        sheet.append(["合计", f"{size}人"])
        self.expected.states[number + 1] = "left_out"
        sheet.append(["填表人：张三", None, None, "审核：李四"])
        self.expected.states[number + 2] = "left_out"
        file = io.BytesIO()
        book.save(file)
        return file.getvalue(), self.expected

    def row(self, number: int) -> list[Any]:
        being = self.being()
        cells: list[Any] = [
            number - 3, being.name, being.identity, being.phone, being.village, being.sex,
            being.born.isoformat(), "√", None, "2024.5.6", "2026-08-15", "142/86", None, "氨氯地平",
            None, None, "李医生",
        ]  # fmt: skip
        self.expected.states[number] = "created"
        self.expected.phones[number] = being.phone
        trouble = self.dice.choice(self.troubles())
        trouble(number, being, cells)
        if trouble == self.nothing:
            self.plain.append(cells)
        return cells

    def being(self) -> Being:
        born = date(1940, 1, 1) + timedelta(days=self.dice.randrange(14_000))
        while True:
            first = f"330182{born:%Y%m%d}{self.dice.randrange(1, 1000):03d}"
            identity = first + check_digit(first)
            if identity not in self.used and not identity.endswith("000"):
                break
        self.used.add(identity)
        given = "".join(self.dice.choices(_GIVEN, k=self.dice.choice((1, 2, 2))))
        # A number that ends in zeros is one of the troubles below.
        phone = f"1{self.dice.choice('35789')}{self.dice.randrange(10**8, 10**9 - 1) | 1:09d}"
        sex = "男" if int(identity[16]) % 2 else "女"
        name = self.dice.choice(_SURNAMES) + given
        return Being(name, identity, phone, self.dice.choice(self.villages), sex, born)

    def troubles(self) -> list[Callable[[int, Being, list[Any]], None]]:
        return [self.nothing] * 24 + [
            self.full_width, self.typeset_name, self.phone_float, self.phone_spaces, self.phone_two,
            self.phone_science, self.phone_number, self.phone_landline_eaten, self.identity_number,
            self.identity_typo, self.identity_old, self.other_birthday, self.other_sex, self.nowhere,
            self.nameless, self.again, self.serial_date, self.dotted_date, self.lunar, self.formula,
            self.both_flags, self.reversed_pressure, self.small_x,
        ]  # fmt: skip

    def told(self, number: int, *codes: str) -> None:
        self.expected.codes.setdefault(number, set()).update(codes)

    def fails(self, number: int, code: str) -> None:
        self.expected.states[number] = "failed"
        self.expected.phones.pop(number, None)
        self.told(number, code)

    def loses_phone(self, number: int, code: str) -> None:
        self.expected.phones[number] = ""
        self.told(number, code)

    def nothing(self, number: int, being: Being, cells: list[Any]) -> None:
        pass

    def full_width(self, number: int, being: Being, cells: list[Any]) -> None:
        wide = {ord(digit): chr(ord(digit) + 0xFEE0) for digit in "0123456789X"}
        cells[2], cells[3] = being.identity.translate(wide), being.phone.translate(wide)

    def small_x(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[2] = f" {being.identity.lower()} "

    def typeset_name(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[1] = "\u3000".join(being.name) + " "
        cells[4] = f" {being.village} 村委会"

    def phone_float(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[3] = f"{being.phone}.0"
        self.told(number, "phone_repaired")

    def phone_spaces(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[3] = f"{being.phone[:3]} {being.phone[3:7]}-{being.phone[7:]}"
        self.told(number, "phone_repaired")

    def phone_two(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[3] = f"{being.phone}/13912345678"
        self.told(number, "phone_others")

    def phone_number(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[3] = int(being.phone)

    def phone_science(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[3] = f"{int(being.phone):.2E}"
        self.loses_phone(number, "phone_scientific")

    def phone_landline_eaten(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[3] = 57163712345
        self.loses_phone(number, "phone_wrong")

    def identity_number(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[2] = int(being.identity[:15] + "000")
        self.fails(number, "identity_eaten")

    def identity_typo(self, number: int, being: Being, cells: list[Any]) -> None:
        wrong = "1" if being.identity[15] != "1" else "2"
        cells[2] = being.identity[:15] + wrong + being.identity[16:]
        self.fails(number, "identity_check")

    def identity_old(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[2] = being.identity[:6] + being.identity[8:17]

    def other_birthday(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[6] = (being.born + timedelta(days=40)).isoformat()
        self.fails(number, "birthday_differs")

    def other_sex(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[5] = "女" if being.sex == "男" else "男"
        self.fails(number, "sex_differs")

    def nowhere(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[4] = "桃花源村"
        self.fails(number, "village_unknown")

    def nameless(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[1] = None
        self.fails(number, "name_missing")

    def again(self, number: int, being: Being, cells: list[Any]) -> None:
        if not self.plain:
            return
        cells[1:] = self.dice.choice(self.plain)[1:]
        self.expected.states[number] = "repeated"
        self.expected.phones.pop(number, None)
        self.told(number, "same_person_above")

    def serial_date(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[6] = (being.born - date(1899, 12, 30)).days
        cells[10] = (date(2026, 8, 15) - date(1899, 12, 30)).days

    def dotted_date(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[6] = f"{being.born:%y}年{being.born.month}月"

    def lunar(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[2], cells[6] = None, "农历八月初三"
        self.told(number, "date_lunar")

    def formula(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[3] = f"=D{number - 1}"
        self.loses_phone(number, "formula")

    def both_flags(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[7], cells[8], cells[12] = "是", 1, "7.2"

    def reversed_pressure(self, number: int, being: Being, cells: list[Any]) -> None:
        cells[11] = "86/142"
        self.told(number, "pressure_doubtful")
