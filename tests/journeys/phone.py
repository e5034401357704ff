"""A patient with a phone in the hand."""

from __future__ import annotations

import time
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from simulator.settings import DemoPatient
from tests.journeys.county import County

# The phone asks for news every 0.9 s, the worker looks every 0.5 s, and CI machines are slow.
ANSWERED_WITHIN = 15_000


@dataclass
class Phone:
    """The simulated WeChat of one patient in a browser."""

    page: Page
    patient: DemoPatient

    @classmethod
    def of(cls, county: County, page: Page, patient: DemoPatient) -> Phone:
        page.goto(f"{county.phones}/phone/{patient.openid}")
        return cls(page, patient)

    @property
    def received(self) -> Locator:
        """Every bubble of the account."""
        return self.page.locator(".row-theirs .bubble")

    def say(self, words: str) -> float:
        """Write a message. Returns the moment it was sent."""
        self.page.get_by_label("写一句话").fill(words)
        self.page.get_by_label("写一句话").press("Enter")
        return time.monotonic()

    def reads(self, words: str) -> float:
        """Wait until the last bubble of the account says this. Returns the moment."""
        expect(self.received.last).to_contain_text(words, timeout=ANSWERED_WITHIN)
        return time.monotonic()
