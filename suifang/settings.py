"""Every setting of an installation, read from SUIFANG_ variables, a .env file and secret files.

Refuses to start half-configured: `load_settings` names each problem in one plain sentence. Clinical
facts are never settings, and no variable of another program (OPENAI_API_KEY …) is ever read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from suifang import completeness, lesson_times
from suifang.carriers import CarrierSettings
from suifang.errors import ConfigurationError
from suifang.variables import PREFIX, SecretFiles, unknown_names, variables

_ENV_FILE = ".env"


@dataclass(frozen=True)
class WeChatSettings:
    """A WeChat service account, complete."""

    app_id: str
    app_secret: SecretStr
    token: SecretStr
    encoding_aes_key: SecretStr
    previous_encoding_aes_key: SecretStr | None
    api_base: str
    allow_plain: bool
    original_id: str | None
    template_id_follow_up: str | None
    template_id_reply: str | None
    template_kind_follow_up: str
    template_kind_reply: str
    account_file: Path | None


@dataclass(frozen=True)
class EndpointSettings:
    """An OpenAI-compatible endpoint, complete."""

    base_url: str
    api_key: SecretStr
    name: str
    timeout: float


class Settings(CarrierSettings):
    """One installation. Groups that are off are None; groups that are on are complete."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Path("var")
    database_url: SecretStr | None = None
    secret_key: SecretStr | None = None
    index_key: SecretStr | None = None

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str | None = None
    demo: bool = False

    wechat_app_id: str | None = None
    wechat_app_secret: SecretStr | None = None
    wechat_token: SecretStr | None = None
    wechat_encoding_aes_key: SecretStr | None = None
    wechat_previous_encoding_aes_key: SecretStr | None = None
    wechat_api_base: str = "https://api.weixin.qq.com"
    wechat_allow_plain: bool = False
    wechat_original_id: str | None = None
    wechat_template_id_follow_up: str | None = None
    wechat_template_id_reply: str | None = None
    wechat_template_kind_follow_up: Literal["template", "long_term", "one_time"] = "template"
    wechat_template_kind_reply: Literal["template", "long_term", "one_time"] = "template"
    wechat_account_file: Path | None = None

    model_base_url: str | None = None
    model_api_key: SecretStr | None = None
    model_name: str | None = None
    model_timeout: float = Field(default=3.0, gt=0, le=30)

    embeddings: Literal["local", "none", "endpoint"] = "local"
    embeddings_base_url: str | None = None
    embeddings_api_key: SecretStr | None = None
    embeddings_model: str | None = None
    embeddings_query_prefix: str | None = None
    embeddings_passage_prefix: str | None = None
    chroma_url: str | None = None
    chroma_token: SecretStr | None = None
    serve_pending: bool = False

    voice: Literal["off", "local", "endpoint"] = "off"
    voice_base_url: str | None = None
    voice_api_key: SecretStr | None = None
    voice_model: str | None = None
    voice_timeout: float = Field(default=30.0, gt=0, le=120)
    photo: Literal["off", "local"] = "off"

    dialects: str = "all"
    words_file: Path | None = None

    lessons: bool = True
    lesson_days: str = "1,2,3,4,5,6,7"
    lesson_hours: str = "9-18"
    lesson_gap_days: int = Field(default=7, ge=7, le=90)
    lessons_by_sms: bool = False

    settle_seconds: float = Field(default=4.0, ge=0, le=30)
    notice_webhook_url: SecretStr | None = None
    notice_webhook_secret: SecretStr | None = None
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del file_secret_settings
        env_file = getattr(dotenv_settings, "env_file", None)
        return (init_settings, env_settings, dotenv_settings, SecretFiles(settings_cls, env_file))

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(host.strip().lower() for host in value.split(",") if host.strip())
        return value

    @field_validator("lesson_days", "lesson_hours")
    @classmethod
    def _readable_times(cls, value: str, info: ValidationInfo) -> str:
        (lesson_times.days if info.field_name == "lesson_days" else lesson_times.hours)(value)
        return value

    @model_validator(mode="after")
    def _refuse_half_configured(self) -> Self:
        problems = completeness.problems(self)
        if problems:
            raise ConfigurationError(problems)
        return self

    @property
    def database(self) -> str:
        """The database's address; SQLite in the data folder unless one is named."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.database_file}"

    @property
    def database_file(self) -> Path:
        """Where the default SQLite database lies."""
        return self.data_dir / "suifang.db"

    @property
    def index_dir(self) -> Path:
        """Where the versions of the knowledge index lie."""
        return self.data_dir / "index"

    @property
    def wechat(self) -> WeChatSettings | None:
        if not (self.wechat_app_id and self.wechat_app_secret and self.wechat_token):
            return None
        return WeChatSettings(
            app_id=self.wechat_app_id,
            app_secret=self.wechat_app_secret,
            token=self.wechat_token,
            encoding_aes_key=self.wechat_encoding_aes_key or SecretStr(""),
            previous_encoding_aes_key=self.wechat_previous_encoding_aes_key,
            api_base=self.wechat_api_base.rstrip("/"),
            allow_plain=self.wechat_allow_plain,
            original_id=self.wechat_original_id,
            template_id_follow_up=self.wechat_template_id_follow_up,
            template_id_reply=self.wechat_template_id_reply,
            template_kind_follow_up=self.wechat_template_kind_follow_up,
            template_kind_reply=self.wechat_template_kind_reply,
            account_file=self.wechat_account_file,
        )

    @property
    def model(self) -> EndpointSettings | None:
        return self._endpoint(self.model_base_url, self.model_api_key, self.model_name)

    @property
    def embeddings_endpoint(self) -> EndpointSettings | None:
        return self._endpoint(
            self.embeddings_base_url, self.embeddings_api_key, self.embeddings_model
        )

    @property
    def voice_endpoint(self) -> EndpointSettings | None:
        return self._endpoint(
            self.voice_base_url, self.voice_api_key, self.voice_model, self.voice_timeout
        )

    def _endpoint(
        self,
        base_url: str | None,
        api_key: SecretStr | None,
        name: str | None,
        timeout: float | None = None,
    ) -> EndpointSettings | None:
        if not (base_url and api_key and name):
            return None
        seconds = timeout or self.model_timeout
        return EndpointSettings(base_url.rstrip("/"), api_key, name, seconds)


def load_settings(env_file: Path | str | None = _ENV_FILE) -> Settings:
    """Read the settings, or raise one `ConfigurationError` that names every problem found."""
    fields = tuple(Settings.model_fields)
    problems = unknown_names(variables(env_file), fields)
    settings = None
    try:
        settings = Settings(_env_file=env_file)
    except ValidationError as error:
        problems += [_sentence(str(part["loc"][0]), part["msg"]) for part in error.errors()]
    except ConfigurationError as error:
        problems += error.problems
    if problems or settings is None:
        raise ConfigurationError(problems)
    return settings


def _sentence(field: str, complaint: str) -> str:
    return f"{PREFIX}{field.upper()} is not usable: {complaint[:1].lower()}{complaint[1:]}."
