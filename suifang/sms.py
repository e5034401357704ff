"""Who carries SMS for an installation, in the order of its route. Where they push to: `sms_pushes`.

Only what is on the route is imported: no provider costs the start of another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from channels.port import Channel
from channels.templates import TemplateError, TemplateIds, registry
from suifang.completeness import is_loopback
from suifang.errors import ConfigurationError
from suifang.installation import Installation
from suifang.settings import Settings

Making = Callable[[Settings, httpx.AsyncClient], Channel]


def carriers_of(installation: Installation, http: httpx.AsyncClient) -> tuple[Channel, ...]:
    """The providers of the SMS line, the first one first; none when SMS is off."""
    settings = installation.settings
    return tuple(_MAKERS[provider](settings, http) for provider in settings.sms_route)


def template_ids(settings: Settings) -> TemplateIds:
    """Which of our templates each provider approved, and under which id.

    Raises:
        ConfigurationError: SUIFANG_SMS_TEMPLATES_FILE cannot be used.
    """
    try:
        return TemplateIds.load(settings.sms_templates_file)
    except TemplateError as error:
        msg = f"SUIFANG_SMS_TEMPLATES_FILE: {error}"
        raise ConfigurationError(msg) from error


def _text(settings: Settings, field: str) -> str:
    return str(getattr(settings, field) or "")


def _secret(settings: Settings, field: str) -> str:
    value = getattr(settings, field, None)
    return str(value.get_secret_value()) if value is not None else ""


def _pace(settings: Settings) -> dict[str, Any]:
    pace = settings.sends_per_second
    return {} if pace is None else {"sends_per_second": pace}


def _aliyun(settings: Settings, http: httpx.AsyncClient) -> Channel:
    from channels.sms.acs3 import AccessKey  # noqa: PLC0415 - only where it is used
    from channels.sms.aliyun import Aliyun  # noqa: PLC0415

    return Aliyun(
        AccessKey(
            _text(settings, "aliyun_access_key_id"), _secret(settings, "aliyun_access_key_secret")
        ),
        _text(settings, "aliyun_sign_name"),
        http,
        registry(_text(settings, "sms_phone")),
        template_ids(settings),
        base=settings.aliyun_api_base,
        **_pace(settings),
    )


def _tencent(settings: Settings, http: httpx.AsyncClient) -> Channel:
    from channels.sms.tc3 import SecretPair  # noqa: PLC0415
    from channels.sms.tencent import Tencent  # noqa: PLC0415

    return Tencent(
        SecretPair(_secret(settings, "tencent_secret_id"), _secret(settings, "tencent_secret_key")),
        _text(settings, "tencent_app_id"),
        _text(settings, "tencent_sign_name"),
        http,
        registry(_text(settings, "sms_phone")),
        template_ids(settings),
        region=settings.tencent_region,
        base=settings.tencent_api_base,
        **_pace(settings),
    )


def _kannel(settings: Settings, http: httpx.AsyncClient) -> Channel:
    from channels.sms.kannel import KannelGateway  # noqa: PLC0415

    ours = _beside(settings) or _text(settings, "public_url").rstrip("/")
    return KannelGateway(
        http,
        _text(settings, "kannel_url"),
        _text(settings, "kannel_username"),
        _secret(settings, "kannel_password"),
        push_url=f"{ours}/sms/kannel/{_secret(settings, 'kannel_push_token')}",
        sender=settings.kannel_from,
        smsc=settings.kannel_smsc,
        **_pace(settings),
    )


def _beside(settings: Settings) -> str | None:
    """Our web process as a gateway on this machine reaches it, without a detour over the internet."""
    host = urlsplit(_text(settings, "kannel_url")).hostname or ""
    return f"http://127.0.0.1:{settings.port}" if is_loopback(host) else None


def _twilio(settings: Settings, http: httpx.AsyncClient) -> Channel:
    from channels.sms.twilio import Twilio  # noqa: PLC0415

    return Twilio(
        http,
        _text(settings, "twilio_account_sid"),
        _secret(settings, "twilio_auth_token"),
        _text(settings, "twilio_from"),
        push_url=f"{_text(settings, 'public_url').rstrip('/')}/sms/twilio",
        base=settings.twilio_api_base,
        **_pace(settings),
    )


def _gammu(settings: Settings, _: httpx.AsyncClient) -> Channel:
    from channels.sms.gammu import GammuModem  # noqa: PLC0415

    if settings.gammu_dir is None:
        msg = "SUIFANG_GAMMU_DIR is missing."
        raise ConfigurationError(msg)
    # A SIM's own pace is not a matter of taste.
    return GammuModem(settings.gammu_dir, reports=settings.gammu_reports)


_MAKERS: Mapping[str, Making] = {
    "aliyun": _aliyun,
    "tencent": _tencent,
    "kannel": _kannel,
    "gammu": _gammu,
    "twilio": _twilio,
}
