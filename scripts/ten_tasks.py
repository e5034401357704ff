"""Counts taps, fields and machine seconds of the ten commonest tasks: `python -m scripts.ten_tasks`.

A browser at 360 px does each of them once on the demonstration's county, signed in already. Seconds
are from the first tap until the page says that it is done: the machine's share, not a person's.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, ViewportSize, expect, sync_playwright

from tests.journeys.conftest import CHROMIUM, FLAGS
from tests.journeys.county import County, grow, living
from tests.journeys.desk import Desk
from tests.journeys.phone import Phone

SMALL: ViewportSize = {"width": 360, "height": 740}
ALARM = "高压190低压115，头痛得厉害"


@dataclass
class Hand:
    """One doctor's thumb."""

    page: Page
    taps: int = 0
    fields: int = 0

    def taps_on(self, what: Locator) -> None:
        what.first.click()
        self.taps += 1

    def link(self, name: str) -> None:
        self.taps_on(self.page.get_by_role("link", name=name))

    def button(self, name: str, *, exact: bool = False) -> None:
        self.taps_on(self.page.get_by_role("button", name=name, exact=exact))

    def ticks(self, what: Locator) -> None:
        what.first.check()
        self.taps += 1

    def types(self, what: Locator, words: str) -> None:
        what.first.fill(words)
        self.fields += 1

    def sees(self, words: str) -> None:
        expect(self.page.get_by_role("status").first).to_contain_text(words)


def main() -> None:
    """Print one line of a table for each task."""
    with tempfile.TemporaryDirectory() as folder:
        grown = Path(folder) / "grown"
        grown.mkdir()
        grow(grown)
        with living(grown, Path(folder) / "county") as county, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_context(viewport=SMALL, locale="zh-CN").new_page()
            _measure(county, page, browser.new_context(viewport=SMALL).new_page())
            browser.close()


def _measure(county: County, page: Page, other: Page) -> None:
    patient = county.patient(2)
    phone = Phone.of(county, other, patient)
    phone.say(ALARM)
    phone.reads("马上打120")
    desk = Desk(page, county.pages)
    desk.signs_in(county.doctor_of(patient))
    expect(desk.line_of(patient.name)).to_be_visible()
    person = f"/persons/{county.person_of(patient).id}"
    tasks: list[tuple[str, str, Callable[[Hand], None]]] = [
        ("take an alarm", "/", lambda hand: _take(hand, desk, patient.name)),
        ("answer with a template", "", _answer),
        ("close with an outcome", "", _close),
        ("find somebody by initials", "/", lambda hand: _find(hand, patient.name)),
        ("enter a clinic reading", person, _enter),
        ("correct a wrong number", person, _correct),
        ("write down a visit", person, _visit),
        ("register and hand over a code", "/people", _register),
        ("enter that somebody left for work", person, _away),
        ("note one's own absence", "/account", _absent),
    ]
    print("| task | taps | fields typed | machine seconds |\n|---|---|---|---|")
    for name, path, does in tasks:
        if path:
            desk.opens(path)
        hand, began = Hand(page), time.monotonic()
        does(hand)
        took = time.monotonic() - began
        print(f"| {name} | {hand.taps} | {hand.fields} | {took:.1f} |", flush=True)


def _take(hand: Hand, desk: Desk, name: str) -> None:
    hand.taps_on(desk.line_of(name))
    hand.button("我来处理")
    hand.sees("已认领")


def _answer(hand: Hand) -> None:
    hand.taps_on(hand.page.locator("button[name=canned]"))
    hand.button("发送", exact=True)
    hand.sees("已交给系统发送")


def _close(hand: Hand) -> None:
    hand.ticks(hand.page.locator("input[name=outcome][value=reached]"))
    hand.taps_on(hand.page.locator("form.close button"))
    hand.sees("已结案")


def _find(hand: Hand, name: str) -> None:
    from records.spelling import syllables  # noqa: PLC0415 - only this task spells

    hand.link("名单")
    hand.types(hand.page.get_by_label("找人"), "".join(syllables(one)[0][0] for one in name))
    hand.button("找", exact=True)
    hand.taps_on(hand.page.locator(".people .case").filter(has_text=name))
    expect(hand.page.get_by_role("heading", level=1)).to_contain_text(name)


def _enter(hand: Hand) -> None:
    hand.link("记一次测量")
    hand.types(hand.page.get_by_label("高压"), "138/84")
    hand.button("记下")
    hand.sees("记下")


def _correct(hand: Hand) -> None:
    hand.taps_on(hand.page.get_by_role("link", name="更正", exact=True))
    hand.ticks(hand.page.get_by_label("数值不对"))
    hand.types(hand.page.get_by_label("高压"), "136")
    hand.types(hand.page.get_by_label("低压"), "82")
    hand.page.get_by_label("原因").select_option("misread")
    hand.taps += 1
    hand.button("更正")
    hand.sees("已更正")


def _visit(hand: Hand) -> None:
    hand.link("写随访")
    for name, value in (("systolic", "134"), ("diastolic", "82")):
        hand.types(hand.page.locator(f'[name="{name}"]'), value)
    sugar = hand.page.locator('[name="fpg"]')
    if sugar.count():
        hand.types(sugar, "6.4")
    chosen = (
        "hypertension:symptoms.1",
        "type2_diabetes:symptoms.1",
        "med_adherence",
        "adr",
        "hypo_reaction",
        "dorsalis_pedis",
    )
    for name in chosen:
        box = hand.page.locator(f'[name="{name}"][value="1"]')
        if box.count():
            hand.ticks(box)
    hand.button("存下并签名")
    hand.sees("签好了")


def _register(hand: Hand) -> None:
    hand.link("给新的人建档")
    hand.types(hand.page.get_by_label("姓名"), "郑秋菊")
    hand.types(hand.page.get_by_label("身份证号"), "11010519491231002X")
    hand.ticks(hand.page.get_by_label("高血压"))
    hand.button("建档，出绑定码")
    expect(hand.page.locator(".digits")).to_contain_text(re.compile(r"\d"))


def _away(hand: Hand) -> None:
    hand.taps_on(hand.page.locator("#part-life > summary"))
    hand.button("在外务工，到日子再随访")
    expect(hand.page.get_by_role("status").first).to_be_visible()


def _absent(hand: Hand) -> None:
    hand.link("值班")
    hand.taps_on(hand.page.get_by_role("button", name="今天不在"))
    expect(hand.page.get_by_role("status").first).to_be_visible()


if __name__ == "__main__":
    main()
