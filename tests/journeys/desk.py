"""A doctor at the inbox."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.journeys.county import PASSWORD


@dataclass
class Desk:
    """The doctor's pages in a browser. Everything also works without JavaScript."""

    page: Page
    address: str

    def opens(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")

    def signs_in(self, login: str, password: str = PASSWORD) -> None:
        """On the form in front of the doctor, if there is one; it may carry what was typed."""
        if not self.page.get_by_label("账号").is_visible():
            self.opens("/sign-in")
        self.page.get_by_label("账号").fill(login)
        self.page.get_by_label("密码").fill(password)
        self.page.get_by_role("button", name="登录", exact=True).click()

    def line_of(self, name: str) -> Locator:
        """The line of the list about this person."""
        return self.page.locator(".case").filter(has=self.page.locator(".name", has_text=name))

    def opens_case(self, name: str) -> str:
        """Open the case of this person from the list. Returns its path."""
        self.opens("/")
        self.line_of(name).click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(name)
        return self.page.url.removeprefix(self.address).partition("?")[0]

    def acknowledges(self) -> None:
        self.page.get_by_role("button", name="我来处理").click()
        expect(self.page.get_by_role("status")).to_contain_text("已认领")

    @property
    def answer(self) -> Locator:
        """Where the doctor writes to the patient."""
        return self.page.get_by_role("textbox", name="内容")

    def sends(self) -> None:
        self.page.get_by_role("button", name="发送", exact=True).click()

    def replies(self, words: str) -> None:
        self.answer.fill(words)
        self.sends()
        expect(self.page.get_by_role("status")).to_contain_text("已交给系统发送")

    def closes(self, outcome: str) -> None:
        self.page.get_by_label(outcome).check()
        self.page.locator("form.close").get_by_role("button", name="结案").click()
        expect(self.page.get_by_role("status")).to_contain_text("已结案")

    def signs_out(self) -> None:
        self.opens("/account")
        self.page.get_by_role("button", name="退出登录").click()
