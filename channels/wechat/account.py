"""One official account: its keys, its templates and where its platform is."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

CHANNEL = "wechat"
PLATFORM = "https://api.weixin.qq.com"
TEMPLATES = Path(__file__).parent / "templates.toml"


@dataclass(frozen=True, slots=True)
class WeChatAccount:
    """What the operator configured. `aes_keys` holds the present key and, in a roll-over, the last.

    `templates` maps our names of templates to the ids that the platform gave them.
    `allow_plain` accepts unencrypted callbacks: one captured address signs any body, so never
    outside tests and the simulator.
    """

    app_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_keys: tuple[str, ...] = field(repr=False)
    original_id: str | None = None
    templates: Mapping[str, str] = field(default_factory=dict)
    allow_plain: bool = False
    platform: str = PLATFORM


@lru_cache(maxsize=1)
def template_fields() -> Mapping[str, Mapping[str, str]]:
    """For each of our templates: our name of a field → the platform's ("title" → "thing1")."""
    with TEMPLATES.open("rb") as file:
        return {name: entry["fields"] for name, entry in tomllib.load(file).items()}
