"""One official account: its keys, its templates and where its platform is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from channels.wechat.registered import ONE_TIME, TEMPLATE, Registered, Template, shipped

CHANNEL = "wechat"
PLATFORM = "https://api.weixin.qq.com"


@dataclass(frozen=True, slots=True)
class WeChatAccount:
    """What the operator configured. `aes_keys` holds the present key and, in a roll-over, the last.

    `templates` maps our names of templates to the ids that the platform gave them, `kinds` to how
    they are sent; both go before what `registered` says, which holds their fields and the windows.
    `allow_plain` accepts unencrypted callbacks: one captured address signs any body, so never
    outside tests and the simulator.
    """

    app_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_keys: tuple[str, ...] = field(repr=False)
    original_id: str | None = None
    templates: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    registered: Registered = field(default_factory=shipped)
    allow_plain: bool = False
    platform: str = PLATFORM

    @property
    def provider(self) -> str:
        """What rows call this account."""
        return f"{CHANNEL}:{self.app_id}"

    def template(self, name: str) -> Template | None:
        """One of our templates, when this account has it."""
        return self.registered.templates.get(name) if self.id_of(name) else None

    def id_of(self, name: str) -> str:
        """The id that the platform gave a template; empty when it gave none."""
        known = self.registered.templates.get(name)
        return self.templates.get(name) or (known.id if known else "")

    def kind(self, name: str) -> str:
        """How a template is sent."""
        known = self.registered.templates.get(name)
        return self.kinds.get(name) or (known.kind if known else TEMPLATE)

    def names_of(self, template_id: str) -> tuple[str, ...]:
        """Our names of what the platform knows under one id."""
        return tuple(
            name
            for name in self.registered.templates
            if template_id and self.id_of(name) == template_id
        )

    def kind_of(self, template_id: str) -> str:
        """How a template is sent that only the platform's id is known of; one yes, one message."""
        named = self.names_of(template_id)
        kind = self.kind(named[0]) if named else ONE_TIME
        return ONE_TIME if kind == TEMPLATE else kind
