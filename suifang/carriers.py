"""The settings of everyone who carries words: SMS providers, WeCom, and how delivery behaves.

Each provider is a group that is set wholly or not at all. `push_token` is the secret part of the
address that a provider posts receipts and messages to: most of them sign nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

SMS_PROVIDERS = ("aliyun", "tencent", "kannel", "gammu", "twilio")

# What a group needs before it counts as set up, and the words for it.
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "aliyun": (
        "Aliyun SMS",
        (
            "aliyun_access_key_id",
            "aliyun_access_key_secret",
            "aliyun_sign_name",
            "aliyun_push_token",
        ),
    ),
    "tencent": (
        "Tencent SMS",
        (
            "tencent_secret_id",
            "tencent_secret_key",
            "tencent_app_id",
            "tencent_sign_name",
            "tencent_push_token",
        ),
    ),
    "kannel": (
        "The Kannel gateway",
        ("kannel_url", "kannel_username", "kannel_password", "kannel_push_token"),
    ),
    "gammu": ("The modem", ("gammu_dir",)),
    "twilio": ("Twilio", ("twilio_account_sid", "twilio_auth_token", "twilio_from")),
    "wecom": ("WeCom", ("wecom_corp_id", "wecom_agent_id", "wecom_secret")),
    "wecom_callback": ("WeCom's callback", ("wecom_token", "wecom_encoding_aes_key")),
}
API_BASES = (
    "aliyun_api_base",
    "tencent_api_base",
    "twilio_api_base",
    "wecom_api_base",
    "kannel_url",
)


class CarrierSettings(BaseSettings):
    """The part of the settings that is about carriers; groups that are off are empty."""

    # The providers that may carry an SMS, the first one first.
    sms_route: Annotated[tuple[str, ...], NoDecode] = ()
    # Ids and approval of our templates at each provider.
    sms_templates_file: Path | None = None
    # The clinic's landline, which a template may name.
    sms_phone: str | None = None

    aliyun_access_key_id: str | None = None
    aliyun_access_key_secret: SecretStr | None = None
    aliyun_sign_name: str | None = None
    aliyun_push_token: SecretStr | None = None
    aliyun_api_base: str = "https://dysmsapi.aliyuncs.com"

    tencent_secret_id: SecretStr | None = None
    tencent_secret_key: SecretStr | None = None
    tencent_app_id: str | None = None
    tencent_sign_name: str | None = None
    tencent_region: str = "ap-guangzhou"
    tencent_push_token: SecretStr | None = None
    tencent_api_base: str = "https://sms.tencentcloudapi.com"

    kannel_url: str | None = None
    kannel_username: str | None = None
    kannel_password: SecretStr | None = None
    kannel_from: str | None = None
    kannel_smsc: str | None = None
    kannel_push_token: SecretStr | None = None

    gammu_dir: Path | None = None
    # The network reports what arrived; gammu-smsd then needs `DeliveryReport = sms`.
    gammu_reports: bool = False

    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_from: str | None = None
    twilio_api_base: str = "https://api.twilio.com"

    wecom_corp_id: str | None = None
    wecom_agent_id: int | None = None
    wecom_secret: SecretStr | None = None
    wecom_token: SecretStr | None = None
    wecom_encoding_aes_key: SecretStr | None = None
    wecom_api_base: str = "https://qyapi.weixin.qq.com"

    # Where the daily canary goes: phone numbers and openids of the operator's own, with commas.
    canary_phone: str | None = None
    canary_openid: str | None = None

    # Sends a second to each provider; empty: what the provider's module says.
    sends_per_second: float | None = Field(default=None, gt=0, le=1000)
    patient_daily_cap: int = Field(default=4, ge=1, le=20)
    doctor_sms_daily_cap: int = Field(default=20, ge=1, le=200)

    @field_validator("sms_route", mode="before")
    @classmethod
    def _split_route(cls, value: object) -> object:
        if isinstance(value, str):
            value = tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    @field_validator("sms_route")
    @classmethod
    def _known_route(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(value) - set(SMS_PROVIDERS))
        if unknown:
            msg = f"{', '.join(unknown)} is none of {', '.join(SMS_PROVIDERS)}"
            raise ValueError(msg)
        if len(set(value)) != len(value):
            msg = "the same provider is named twice"
            raise ValueError(msg)
        return value
