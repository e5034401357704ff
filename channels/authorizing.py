"""Who somebody is, from a platform's authorize page: where it lies, and what its answer means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

from records.identities import Subject

PAGE = "https://open.weixin.qq.com/connect/oauth2/authorize"
_PATH = "/connect/oauth2/authorize"


@dataclass(frozen=True, slots=True)
class NotKnown:
    """The platform does not say who it is.

    `reason`: code_used, outsider (no member of the corporation), snapshot (a page that pretends),
    not_answered or refused (our account is).
    """

    reason: str
    code: str = ""


class IdentitySource(Protocol):
    """One platform that can say who holds the phone. `name`: wecom or wechat."""

    @property
    def name(self) -> str: ...

    def authorize_url(self, state: str) -> str:
        """Where to send the browser; it comes back with a code and this state."""
        ...

    async def whois(self, code: str, now: datetime) -> Subject | NotKnown:
        """Who came back with this code, which is good once."""
        ...


def page_of(platform: str, usual: str) -> str:
    """The authorize page beside a platform; the real one has a host of its own."""
    return PAGE if platform == usual else f"{platform}{_PATH}"


def address(page: str, query: Mapping[str, str]) -> str:
    """The page with its query and the mark that the platforms insist on."""
    return f"{page}?{urlencode(query)}#wechat_redirect"
