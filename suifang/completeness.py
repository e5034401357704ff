"""What makes settings half-configured, and the plain sentence for each case."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from sight import eye
from suifang import carriers
from voice.local import missing

if TYPE_CHECKING:
    from suifang.settings import Settings

_WECHAT = ("wechat_app_id", "wechat_app_secret", "wechat_token")
_WECHAT_EXTRAS = (
    "wechat_original_id",
    "wechat_previous_encoding_aes_key",
    "wechat_template_id_follow_up",
    "wechat_template_id_reply",
    "wechat_account_file",
)
_MODEL = ("model_base_url", "model_api_key", "model_name")
_EMBEDDINGS = ("embeddings_base_url", "embeddings_api_key", "embeddings_model")
_VOICE = ("voice_base_url", "voice_api_key", "voice_model")
_OUTSIDE = (
    "model_base_url",
    "embeddings_base_url",
    "voice_base_url",
    "chroma_url",
    "notice_webhook_url",
)
_INSTALL = "pip install --require-hashes -r requirements/voice.txt"
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
_PUSH_TOKENS = ("aliyun_push_token", "tencent_push_token", "kannel_push_token")
_SHORTEST_PUSH_TOKEN = 24
_DATABASES = ("sqlite://", "postgresql://", "postgresql+psycopg://")
_WECHAT_HOST = "api.weixin.qq.com"


def problems(settings: Settings) -> list[str]:
    """Every way in which these settings contradict themselves or stop half-way."""
    return [
        *_keys(settings),
        *_wechat(settings),
        *_all_or_nothing(settings, _MODEL, "The model"),
        *_endpoint(settings, "embeddings", _EMBEDDINGS),
        *_endpoint(settings, "voice", _VOICE),
        *_local_voice(settings),
        *_local_photo(settings),
        *_carriers(settings),
        *_addresses(settings),
        *_server(settings),
    ]


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine."""
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def call_problems(settings: Settings, name: str, url: str) -> list[str]:
    """Why an address may not be called; empty when it may."""
    return _address_problems(name, url, settings.allowed_hosts)


def _keys(settings: Settings) -> list[str]:
    return _all_or_nothing(settings, ("secret_key", "index_key"), "Encryption")


def _wechat(settings: Settings) -> list[str]:
    needed = _WECHAT if settings.wechat_allow_plain else (*_WECHAT, "wechat_encoding_aes_key")
    found = _all_or_nothing(settings, needed, "WeChat")
    if not found and settings.wechat_app_id is None:
        found += [
            f"{_name(field)} is set, but WeChat itself is not; set {_names(needed)}."
            for field in _WECHAT_EXTRAS
            if _text(settings, field)
        ]
    for field in ("wechat_encoding_aes_key", "wechat_previous_encoding_aes_key"):
        key = _text(settings, field)
        if key and not _AES_KEY.fullmatch(key):
            found.append(
                f"{_name(field)} must be the 43 letters and digits shown on the WeChat platform."
            )
    return [*found, *_account_file(settings.wechat_account_file)]


def _account_file(path: Path | None) -> list[str]:
    """What the platform would refuse of an operator's own templates, found before the start."""
    if path is None:
        return []
    from channels.wechat.registered import RegisteredError, load  # noqa: PLC0415 -- seldom there

    try:
        load(path)
    except RegisteredError as error:
        return [f"{_name('wechat_account_file')}: {error}."]
    return []


def _endpoint(settings: Settings, switch: str, fields: tuple[str, ...]) -> list[str]:
    """An endpoint that is chosen must be named, and one that is named must be chosen."""
    if _text(settings, switch) == "endpoint":
        absent = [field for field in fields if not _text(settings, field)]
        if absent:
            return [f"{_name(switch)} is `endpoint`: set {_names(absent)} as well."]
        return []
    present = [field for field in fields if _text(settings, field)]
    if present:
        return [f"{_names(present)} only count when {_name(switch)} is `endpoint`."]
    return []


def _local_voice(settings: Settings) -> list[str]:
    if settings.voice == "local" and missing():
        return [f"SUIFANG_VOICE is `local`, but the extra [voice] is not installed: {_INSTALL}"]
    return []


def _local_photo(settings: Settings) -> list[str]:
    if settings.photo == "local" and eye.missing():
        return [f"SUIFANG_PHOTO is `local`, but the extra [photo] is not installed: {eye.INSTALL}"]
    return []


def _carriers(settings: Settings) -> list[str]:
    """Each provider wholly or not at all, and every one on the route set up."""
    found = []
    for what, fields in carriers.GROUPS.values():
        found += _all_or_nothing(settings, fields, what)
    for provider in settings.sms_route:
        what, fields = carriers.GROUPS[provider]
        if not any(_text(settings, field) for field in fields):
            found.append(f"SUIFANG_SMS_ROUTE names {provider}: set {_names(fields)} for {what}.")
    key = _text(settings, "wecom_encoding_aes_key")
    if key and not _AES_KEY.fullmatch(key):
        found.append(
            "SUIFANG_WECOM_ENCODING_AES_KEY must be the 43 letters and digits shown by WeCom."
        )
    if key and not _text(settings, "wecom_corp_id"):
        found.append("WeCom's callback is set up, but WeCom itself is not.")
    pushing = [field for field in _PUSH_TOKENS if _text(settings, field)]
    found += [
        f"{_name(field)} must be at least {_SHORTEST_PUSH_TOKEN} characters: it is all that keeps "
        "strangers from posting receipts and messages."
        for field in pushing
        if len(_text(settings, field)) < _SHORTEST_PUSH_TOKEN
    ]
    return found + _called_from_elsewhere(settings)


def _called_from_elsewhere(settings: Settings) -> list[str]:
    """Who reports to us over the network must be told where we are."""
    if settings.public_url is not None:
        return []
    found = []
    if settings.twilio_account_sid is not None:
        found.append("Twilio calls and signs our address: set SUIFANG_PUBLIC_URL as well.")
    host = urlsplit(_text(settings, "kannel_url")).hostname
    if host is not None and not is_loopback(host):
        found.append(f"Kannel on {host} reports to our address: set SUIFANG_PUBLIC_URL as well.")
    return found


def _addresses(settings: Settings) -> list[str]:
    allowed = settings.allowed_hosts
    found = []
    for field in carriers.API_BASES:
        url = _text(settings, field)
        if url:
            own = urlsplit(str(type(settings).model_fields[field].default or "")).hostname
            found += _address_problems(_name(field), url, (*filter(None, [own]), *allowed))
    for field in _OUTSIDE:
        url = _text(settings, field)
        if url:
            found += _address_problems(_name(field), url, allowed)
    return found + _address_problems(
        "SUIFANG_WECHAT_API_BASE", settings.wechat_api_base, (_WECHAT_HOST, *allowed)
    )


def _address_problems(name: str, url: str, allowed: tuple[str, ...]) -> list[str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host:
        return [f"{name} must be a full address such as https://example.org/v1."]
    if is_loopback(host):
        return []
    if host not in allowed:
        return [f"{name} calls {host}, which is not allowed; add it to SUIFANG_ALLOWED_HOSTS."]
    address = _address(host)
    if parts.scheme == "http" and (address is None or not address.is_private):
        return [f"{name} must use https, because {host} is outside this network."]
    return []


def _server(settings: Settings) -> list[str]:
    found = []
    if settings.demo and not is_loopback(settings.host):
        found.append(
            "SUIFANG_DEMO works on this machine only: leave SUIFANG_HOST at 127.0.0.1, or turn the "
            "demonstration off."
        )
    if settings.public_url is not None:
        parts = urlsplit(settings.public_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            found.append("SUIFANG_PUBLIC_URL must be a full address such as https://example.org.")
        elif parts.scheme == "http" and not is_loopback(parts.hostname):
            found.append("SUIFANG_PUBLIC_URL must use https: doctors sign in over it.")
    if settings.database_url is not None and not settings.database.startswith(_DATABASES):
        found.append("SUIFANG_DATABASE_URL must begin with sqlite:// or postgresql://.")
    return found


def _all_or_nothing(settings: Settings, fields: tuple[str, ...], what: str) -> list[str]:
    missing = [field for field in fields if not _text(settings, field)]
    if not missing or len(missing) == len(fields):
        return []
    return [f"{what} is only half set up: set {_names(missing)} as well."]


def _text(settings: Settings, field: str) -> str:
    value: Any = getattr(settings, field)
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value) if value is not None else ""


def _name(field: str) -> str:
    return f"SUIFANG_{field.upper()}"


def _names(fields: list[str] | tuple[str, ...]) -> str:
    return ", ".join(_name(field) for field in fields)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
