"""Makes the pictures of the README again: `python -m scripts.screenshots` (needs Chromium).

Starts the demonstration in a folder of its own, plays two patients and a doctor, and writes PNGs
into docs/images. Everybody in them is invented.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.journeys.conftest import CHROMIUM, FLAGS
from tests.journeys.county import ROOT, County, grow, living
from tests.journeys.desk import Desk
from tests.journeys.phone import Phone

IMAGES = ROOT / "docs" / "images"
LARGEST_BYTES = 150_000
PHONE: ViewportSize = {"width": 390, "height": 760}
DESK: ViewportSize = {"width": 1180, "height": 1000}
ALARM = "高压190低压115，头痛得厉害"


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        grown = Path(folder) / "grown"
        grown.mkdir()
        grow(grown)
        with living(grown, Path(folder) / "county") as county, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _take(browser, county)
            browser.close()


def _take(browser: Browser, county: County) -> None:
    patient = county.patient(2)
    phone = Phone.of(county, _window(browser, PHONE), patient)
    phone.say("今早量的 128/76")
    phone.reads("记下了")
    phone.say(ALARM)
    phone.reads("马上打120")
    _save(phone.page, "phone.png")

    desk = Desk(_window(browser, DESK), county.pages)
    desk.signs_in(county.doctor_of(patient))
    desk.opens_case(patient.name)
    desk.acknowledges()
    _save(desk.page, "case.png")


def _window(browser: Browser, size: ViewportSize) -> Page:
    context = browser.new_context(viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai")
    return context.new_page()


def _save(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / name, animations="disabled", caret="hide")
    size = (IMAGES / name).stat().st_size
    print(f"{name}: {size // 1000} kB")
    if size > LARGEST_BYTES:
        message = f"{name} is too large for a README"
        raise SystemExit(message)


if __name__ == "__main__":
    main()
