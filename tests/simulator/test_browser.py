"""The phone page in a real Chromium, with and without JavaScript, on a phone and on a desk."""

import os
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from starlette.applications import Starlette

pytestmark = pytest.mark.slow

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 860}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        reason = "Chromium is not installed"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def address(serve: Any, app: Starlette) -> str:
    value: str = await serve(app)
    return value


async def open_page(browser: Browser, url: str, size: Any, *, script: bool = True) -> Page:
    context = await browser.new_context(viewport=size, java_script_enabled=script)
    page = await context.new_page()
    await page.goto(url)
    return page


async def test_a_conversation_goes_on_without_leaving_the_page(
    browser: Browser, address: str, callback: Any
) -> None:
    page = await open_page(browser, f"{address}/", PHONE)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    await page.get_by_role("link", name="王秀英").click()
    callback.answer("请马上坐下", "收到")
    await page.get_by_label("写一句话").fill("高压190,头痛得厉害")
    await page.get_by_label("写一句话").press("Enter")
    await expect(page.locator(".row-theirs .bubble")).to_contain_text("请马上坐下")
    await expect(page.get_by_label("写一句话")).to_have_value("")
    await page.get_by_role("button", name="血压 165/98").click()
    await expect(page.locator(".row-theirs")).to_have_count(2)
    await expect(page.locator(".row-mine")).to_have_count(2)
    assert problems == []


async def test_the_tools_and_the_line_open_on_a_small_screen(
    browser: Browser, address: str, callback: Any
) -> None:
    page = await open_page(browser, f"{address}/phone/o-wang", PHONE)
    await page.locator(".write-more").click()
    await page.get_by_role("button", name="血压计").click()
    await expect(page.get_by_alt_text("我发的照片")).to_be_visible()
    await expect(page.locator(".tools")).to_be_hidden()
    await expect(page.locator(".line")).to_be_hidden()
    await page.locator(".bar-line").click()
    await expect(page.locator(".line")).to_contain_text("手机发出图片")


async def test_leaving_and_following_again_changes_the_screen(
    browser: Browser, address: str
) -> None:
    page = await open_page(browser, f"{address}/phone/o-wang", PHONE)
    await page.locator(".write-more").click()
    await page.get_by_role("button", name="取消").click()
    await page.get_by_role("button", name="关注公众号").click()
    await expect(page.get_by_label("写一句话")).to_be_visible()
    await expect(page.locator("#chat")).to_contain_text("您已关注公众号")


async def test_everything_works_without_javascript(
    browser: Browser, address: str, callback: Any
) -> None:
    page = await open_page(browser, f"{address}/phone/o-wang", PHONE, script=False)
    callback.answer("收到")
    await page.get_by_label("写一句话").fill("血压 165/98")
    await page.get_by_role("button", name="发送", exact=True).first.click()
    frame = page.frame_locator(".chat-frame")
    await expect(frame.locator(".row-theirs")).to_contain_text("收到")
    box = await page.locator(".chat-frame").bounding_box()
    assert box is not None
    assert box["height"] > 300


@pytest.mark.parametrize("width", [320, 360, 959, 960, 1280])
async def test_no_page_scrolls_sideways(browser: Browser, address: str, width: int) -> None:
    page = await browser.new_page(viewport={"width": width, "height": 740})
    for path in ("/", "/phone/o-wang", "/phone/o-li", "/doctor-phone"):
        await page.goto(address + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path


async def test_a_notice_appears_on_the_doctor_s_phone_by_itself(
    browser: Browser, address: str
) -> None:
    page = await open_page(browser, f"{address}/doctor-phone", DESK)
    await page.request.post(f"{address}/notices", data={"to": "李医生", "text": "头痛得厉害"})
    await expect(page.locator(".notice")).to_contain_text("头痛得厉害")
