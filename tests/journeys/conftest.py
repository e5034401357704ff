"""A running county per module, a browser, and pages whose complaints fail the test."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.journeys.county import County, grow, living
from tests.journeys.eyes import Eyes

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]
_SETTINGS = re.compile(r"SUIFANG_|OPENAI_|LANGSMITH_|LANGCHAIN_|CHROMA_")


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded county that is copied for every module."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if _SETTINGS.match(name)]:
            patch.delenv(name)
        folder = tmp_path_factory.mktemp("grown")
        grow(folder)
        return folder


@pytest.fixture(scope="module")
def county(grown: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if _SETTINGS.match(name)]:
            patch.delenv(name)
        with living(grown, tmp_path_factory.mktemp("county")) as living_county:
            yield living_county


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for one module: while Playwright runs, no test of another module can use a loop."""
    if shutil.which(CHROMIUM) is None:
        reason = "Chromium is not installed"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def eyes(browser: Browser) -> Iterator[Eyes]:
    """Opens pages; at the end nothing may have been complained of on any of them."""
    looking = Eyes(browser)
    yield looking
    looking.close()
