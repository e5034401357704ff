"""What rows call the providers of an installation, without building a single one of them."""

from __future__ import annotations

from suifang.settings import Settings


def providers_of(settings: Settings) -> tuple[str, ...]:
    """Every provider that is set up, WeChat first, then SMS in the order of its route."""
    wechat = settings.wechat
    found = [] if wechat is None else [f"wechat:{wechat.app_id}"]
    found += [f"{kind}:main" for kind in settings.sms_route]
    if settings.wecom_corp_id and settings.wecom_secret:
        found.append(f"wecom:{settings.wecom_corp_id}")
    return tuple(found)
