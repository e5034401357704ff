"""One WeCom application: its keys, and where its platform is."""

from __future__ import annotations

from dataclasses import dataclass, field

CHANNEL = "wecom"
PLATFORM = "https://qyapi.weixin.qq.com"


@dataclass(frozen=True, slots=True)
class WeComAccount:
    """What the operator configured. Without a callback token and key nobody can answer from WeCom.

    `reply_at` is our own address, for links in cards.
    """

    corp_id: str
    agent_id: int
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    aes_key: str = field(default="", repr=False)
    platform: str = PLATFORM
    reply_at: str | None = None

    @property
    def answers(self) -> bool:
        """Whether the callback is set up."""
        return bool(self.token and self.aes_key)
