"""What a simulated WeChat platform needs to know: the account, the callback, who may be a patient."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from simulator.sms_cloud import SmsCloudSettings

Mode: TypeAlias = Literal["safe", "compatible", "plain"]
TemplateKind: TypeAlias = Literal["template", "one_time", "long_term"]

PHRASES = (
    "血压 165/98",
    "高压190低压115，头痛得厉害",
    "空腹血糖7.8",
    "早上量的148 92",
    "老伴 158/96",
    "糖尿病能吃西瓜吗",
    "药吃完了",
    "今天挺好的",
)


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """One person whose phone a newcomer can hold."""

    openid: str
    name: str
    village: str
    about: str = ""
    following: bool = True


@dataclass(frozen=True, slots=True)
class DemoKeypad:
    """One person with a phone that knows only SMS. `number` is E.164."""

    number: str
    name: str
    village: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class MenuButton:
    """A button under the chat; `key` is what a CLICK event carries, unless it opens `buttons`."""

    key: str
    label: str
    buttons: tuple["MenuButton", ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateSpec:
    """A template message as the platform approved it.

    Attributes:
        fields: value name (its prefix is the value type, `thing1`) to the label on the card.
        constants: for `const…` values, the strings that were approved with the template.
        kind: `template` needs no yes; `one_time` and `long_term` are subscriptions.
    """

    template_id: str
    title: str
    fields: Mapping[str, str]
    constants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kind: TemplateKind = "template"

    @property
    def content(self) -> str:
        """The card as the platform's list of templates shows it."""
        return "".join(f"{label}:{{{{{name}.DATA}}}}\n" for name, label in self.fields.items())


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """Everything `create_app` is built from."""

    app_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    encoding_aes_key: str = field(repr=False)
    callback_url: str = ""
    account_id: str = "gh_000000000001"
    account_name: str = "随访服务号"
    public_url: str = ""
    patients: tuple[DemoPatient, ...] = ()
    sms: SmsCloudSettings | None = None
    keypads: tuple[DemoKeypad, ...] = ()
    menu: tuple[MenuButton, ...] = ()
    templates: tuple[TemplateSpec, ...] = ()
    phrases: tuple[str, ...] = PHRASES
    links: tuple[tuple[str, str], ...] = ()
    mode: Mode = "safe"
    log_path: Path | None = None
    attempts: int = 3
    answer_within: float = 5.0
    retry_pause: float = 1.0
    receipt_after: float = 1.0
    daily_quotas: Mapping[str, int] = field(default_factory=dict)
    """Calls a day by API path, where they differ from a new account's."""
    tells_msgid: bool = False
    """Whether a subscription message that was taken is given an id at once; WeChat does not always."""
    phone_holder: str = ""
    """Whose phone opens the authorize page: the demonstration's doctor. Nobody's declines."""
    open_to_all: bool = False
    """Take any openid for a follower whose window is open: for load that does not pass the phone."""
