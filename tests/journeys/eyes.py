"""Opens browser windows and remembers whatever a browser complains about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize

PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 860}
# An answer that a test asked for on purpose also shows up on the console.
_STATUS = re.compile(r"the server responded with a status of (\d+)")


@dataclass
class Eyes:
    """`expected` are status codes that a test provokes; every other complaint fails it."""

    browser: Browser
    expected: set[int] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def window(self, size: ViewportSize = PHONE, *, script: bool = True) -> Page:
        """A page in a browser of its own: no cookie is shared with another window."""
        context = self.browser.new_context(
            viewport=size, java_script_enabled=script, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        self.contexts.append(context)
        context.set_default_timeout(15_000)
        return self.tab(context)

    def tab(self, context: BrowserContext) -> Page:
        """One more tab of the same browser."""
        page = context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def close(self) -> None:
        for context in self.contexts:
            for page in context.pages:
                self.narrow(page)
            context.close()
        assert self.complaints == []

    def narrow(self, page: Page) -> None:
        """Nothing may stick out sideways."""
        if page.url.startswith("http") and page.viewport_size is not None:
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > page.viewport_size["width"]:
                self.complaints.append(f"{page.url} scrolls sideways: {wide}")

    def _console(self, message: ConsoleMessage) -> None:
        status = _STATUS.search(message.text)
        if message.type in {"error", "warning"} and not (
            status and int(status[1]) in self.expected
        ):
            self.complaints.append(message.text)
