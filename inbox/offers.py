"""What this installation can send to somebody whose chat is not open."""

from __future__ import annotations

from dataclasses import dataclass

from records.subscriptions import LONG_TERM, ONE_TIME

# What an SMS may carry: whatever a doctor writes, registered sentences alone, or there is none.
WORDS, ONLY_TEMPLATES, NO_SMS = "words", "templates", "none"


@dataclass(frozen=True, slots=True)
class Offer:
    """A WeChat template that this installation has: its id, and whose leave it needs."""

    template_id: str
    kind: str

    @property
    def needs_leave(self) -> bool:
        return self.kind in {ONE_TIME, LONG_TERM}


@dataclass(frozen=True, slots=True)
class Offers:
    """The templates that announce a doctor's words and remind, and what an SMS may carry."""

    reply: Offer | None = None
    reminder: Offer | None = None
    sms: str = WORDS
