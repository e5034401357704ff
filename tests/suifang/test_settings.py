import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from suifang.errors import ConfigurationError
from suifang.settings import Settings, load_settings
from suifang.variables import is_secret

ROOT = Path(__file__).parents[2]
AES_KEY = "a" * 43
WECHAT = {
    "SUIFANG_WECHAT_APP_ID": "wx1",
    "SUIFANG_WECHAT_APP_SECRET": "s",
    "SUIFANG_WECHAT_TOKEN": "t",
    "SUIFANG_WECHAT_ENCODING_AES_KEY": AES_KEY,
}
MODEL = {
    "SUIFANG_MODEL_BASE_URL": "http://127.0.0.1:9000/v1/",
    "SUIFANG_MODEL_API_KEY": "k",
    "SUIFANG_MODEL_NAME": "m",
}


Load = Callable[..., Settings]
Problems = Callable[..., tuple[str, ...]]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    def _load(**variables: str) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load_settings(env_file=None)

    return _load


@pytest.fixture
def problems(load: Load) -> Problems:
    def _problems(**variables: str) -> tuple[str, ...]:
        with pytest.raises(ConfigurationError) as caught:
            load(**variables)
        return caught.value.problems

    return _problems


def test_without_any_variable_everything_optional_is_off(load: Load) -> None:
    settings = load()
    assert settings.wechat is None
    assert settings.model is None
    assert settings.embeddings_endpoint is None
    assert settings.database == "sqlite:///var/suifang.db"
    assert settings.host == "127.0.0.1"


def test_a_complete_wechat_account_is_read(load: Load) -> None:
    account = load(**WECHAT).wechat
    assert account is not None
    assert account.app_id == "wx1"
    assert account.encoding_aes_key.get_secret_value() == AES_KEY
    assert account.api_base == "https://api.weixin.qq.com"
    assert account.allow_plain is False


@pytest.mark.parametrize("missing", sorted(WECHAT))
def test_half_a_wechat_account_names_what_is_missing(problems: Problems, missing: str) -> None:
    [problem] = problems(**{name: value for name, value in WECHAT.items() if name != missing})
    assert problem == f"WeChat is only half set up: set {missing} as well."


def test_plain_mode_needs_no_message_key(load: Load) -> None:
    plain = {name: value for name, value in WECHAT.items() if "AES" not in name}
    account = load(**plain, SUIFANG_WECHAT_ALLOW_PLAIN="true").wechat
    assert account is not None
    assert account.allow_plain is True
    assert account.encoding_aes_key.get_secret_value() == ""


def test_a_message_key_of_the_wrong_shape_is_refused(problems: Problems) -> None:
    [problem] = problems(**WECHAT | {"SUIFANG_WECHAT_ENCODING_AES_KEY": "short"})
    assert "43 letters and digits" in problem


def test_a_file_of_templates_that_the_platform_would_refuse_names_the_field(
    problems: Problems, tmp_path: Path
) -> None:
    file = tmp_path / "account.toml"
    file.write_text("[templates.lesson.fields]\ntitle = { key = 'first', default = 'x' }", "utf-8")
    (found,) = problems(**WECHAT, SUIFANG_WECHAT_ACCOUNT_FILE=str(file))
    assert "SUIFANG_WECHAT_ACCOUNT_FILE: account.toml [lesson] title: first is no key" in found


def test_an_account_file_that_the_platform_takes_is_no_problem(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "account.toml"
    file.write_text("[windows.menu]\nsends = 4\nminutes = 2", "utf-8")
    account = load(**WECHAT, SUIFANG_WECHAT_ACCOUNT_FILE=str(file)).wechat
    assert account is not None
    assert account.account_file == file


def test_a_template_without_wechat_is_refused(problems: Problems) -> None:
    [problem] = problems(SUIFANG_WECHAT_TEMPLATE_ID_FOLLOW_UP="tpl")
    assert problem.startswith("SUIFANG_WECHAT_TEMPLATE_ID_FOLLOW_UP is set, but WeChat")


@pytest.mark.parametrize("missing", sorted(MODEL))
def test_half_a_model_names_what_is_missing(problems: Problems, missing: str) -> None:
    [problem] = problems(**{name: value for name, value in MODEL.items() if name != missing})
    assert problem == f"The model is only half set up: set {missing} as well."


def test_a_complete_model_is_read(load: Load) -> None:
    model = load(**MODEL, SUIFANG_MODEL_TIMEOUT="2").model
    assert model is not None
    assert (model.base_url, model.name, model.timeout) == ("http://127.0.0.1:9000/v1", "m", 2.0)


def test_variables_of_the_openai_client_do_not_turn_the_model_on(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example")
    assert load().model is None


def test_a_host_that_is_not_on_the_list_is_refused(problems: Problems) -> None:
    [problem] = problems(**MODEL | {"SUIFANG_MODEL_BASE_URL": "https://far.example/v1"})
    assert problem == (
        "SUIFANG_MODEL_BASE_URL calls far.example, which is not allowed; "
        "add it to SUIFANG_ALLOWED_HOSTS."
    )


def test_a_host_on_the_list_is_accepted(load: Load) -> None:
    settings = load(
        **MODEL | {"SUIFANG_MODEL_BASE_URL": "https://Far.example/v1"},
        SUIFANG_ALLOWED_HOSTS="other.example, FAR.example",
    )
    assert settings.allowed_hosts == ("other.example", "far.example")


def test_an_outside_host_must_use_https_and_one_in_the_own_network_need_not(
    problems: Problems, load: Load
) -> None:
    far = MODEL | {"SUIFANG_MODEL_BASE_URL": "http://far.example/v1"}
    [problem] = problems(**far, SUIFANG_ALLOWED_HOSTS="far.example")
    assert "must use https" in problem
    near = MODEL | {"SUIFANG_MODEL_BASE_URL": "http://10.1.2.3/v1"}
    assert load(**near, SUIFANG_ALLOWED_HOSTS="10.1.2.3").model is not None


def test_the_notice_address_is_checked_but_never_shown(problems: Problems) -> None:
    [problem] = problems(SUIFANG_NOTICE_WEBHOOK_URL="https://qyapi.example/send?key=hush")
    assert problem.startswith("SUIFANG_NOTICE_WEBHOOK_URL calls qyapi.example")
    assert "hush" not in problem


def test_an_address_that_is_none_is_refused(problems: Problems) -> None:
    [problem] = problems(SUIFANG_CHROMA_URL="localhost:9000")
    assert problem == "SUIFANG_CHROMA_URL must be a full address such as https://example.org/v1."


def test_wechat_cannot_be_pointed_at_a_strange_host(problems: Problems) -> None:
    [problem] = problems(**WECHAT, SUIFANG_WECHAT_API_BASE="https://wx.example")
    assert problem.startswith("SUIFANG_WECHAT_API_BASE calls wx.example")


def test_an_embeddings_endpoint_is_all_or_nothing(problems: Problems, load: Load) -> None:
    [problem] = problems(SUIFANG_EMBEDDINGS="endpoint")
    assert "set SUIFANG_EMBEDDINGS_BASE_URL, SUIFANG_EMBEDDINGS_API_KEY" in problem
    settings = load(
        SUIFANG_EMBEDDINGS_BASE_URL="http://localhost:1/v1",
        SUIFANG_EMBEDDINGS_API_KEY="k",
        SUIFANG_EMBEDDINGS_MODEL="e",
    )
    assert settings.embeddings_endpoint is not None
    assert settings.embeddings_endpoint.name == "e"


def test_an_endpoint_that_is_not_chosen_is_refused(problems: Problems) -> None:
    [problem] = problems(SUIFANG_EMBEDDINGS_MODEL="e")
    assert problem == "SUIFANG_EMBEDDINGS_MODEL only count when SUIFANG_EMBEDDINGS is `endpoint`."


def test_one_key_without_the_other_is_refused(problems: Problems) -> None:
    [problem] = problems(SUIFANG_SECRET_KEY="x")
    assert problem == "Encryption is only half set up: set SUIFANG_INDEX_KEY as well."


def test_the_demonstration_stays_on_this_machine(problems: Problems) -> None:
    [problem] = problems(SUIFANG_DEMO="true", SUIFANG_HOST="0.0.0.0")
    assert problem.startswith("SUIFANG_DEMO works on this machine only")


@pytest.mark.parametrize("url", ["suifang.example", "http://suifang.example"])
def test_the_public_address_is_complete_and_encrypted(problems: Problems, url: str) -> None:
    [problem] = problems(SUIFANG_PUBLIC_URL=url)
    assert problem.startswith("SUIFANG_PUBLIC_URL must")


def test_a_complete_public_address_is_accepted(load: Load) -> None:
    assert load(SUIFANG_PUBLIC_URL="https://suifang.example").public_url is not None
    assert load(SUIFANG_PUBLIC_URL="http://127.0.0.1:8000").public_url is not None


def test_only_two_kinds_of_database_are_accepted(problems: Problems) -> None:
    [problem] = problems(SUIFANG_DATABASE_URL="mysql://x")
    assert problem == "SUIFANG_DATABASE_URL must begin with sqlite:// or postgresql://."


def test_a_typing_error_is_named_and_the_right_name_offered(problems: Problems) -> None:
    [problem] = problems(SUIFANG_WECHAT_APPID="wx1")
    assert problem == ("SUIFANG_WECHAT_APPID is not a setting; did you mean SUIFANG_WECHAT_APP_ID?")


def test_a_value_of_the_wrong_type_is_named_in_a_sentence_without_the_value(
    problems: Problems,
) -> None:
    [problem] = problems(SUIFANG_PORT="hush")
    assert problem.startswith("SUIFANG_PORT is not usable: ")
    assert "hush" not in problem


def test_all_problems_are_named_at_once(problems: Problems) -> None:
    found = problems(SUIFANG_SECRET_KEY="x", SUIFANG_MODEL_NAME="m", SUIFANG_TYPO="1")
    assert len(found) == 3


def test_a_secret_is_read_from_the_file_that_is_named(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from file\n")
    variables = {name: value for name, value in WECHAT.items() if "TOKEN" not in name}
    settings = load(**variables, SUIFANG_WECHAT_TOKEN_FILE=str(file))
    assert settings.wechat is not None
    assert settings.wechat.token.get_secret_value() == "from file"


def test_a_secret_file_that_is_missing_or_empty_fails_loudly(
    problems: Problems, tmp_path: Path
) -> None:
    [missing] = problems(SUIFANG_MODEL_API_KEY_FILE=str(tmp_path / "none"))
    assert "cannot be read (FileNotFoundError)" in missing
    (tmp_path / "empty").write_text("")
    [empty] = problems(SUIFANG_MODEL_API_KEY_FILE=str(tmp_path / "empty"))
    assert empty.endswith("which is empty.")


def test_a_secret_given_twice_is_refused(problems: Problems, tmp_path: Path) -> None:
    [problem] = problems(SUIFANG_SECRET_KEY="x", SUIFANG_SECRET_KEY_FILE=str(tmp_path))
    assert problem.endswith("are both set; keep one of them.")


def test_the_environment_wins_over_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("SUIFANG_PORT=8001\nSUIFANG_LOG_LEVEL=debug\nSUIFANG_TYP0=1\n")
    monkeypatch.setenv("SUIFANG_PORT", "8002")
    with pytest.raises(ConfigurationError, match="SUIFANG_TYP0 is not a setting"):
        load_settings(file)
    file.write_text("SUIFANG_PORT=8001\nSUIFANG_LOG_LEVEL=debug\nOTHER=1\n")
    settings = load_settings(file)
    assert (settings.port, settings.log_level) == (8002, "debug")


def test_secrets_do_not_show_when_settings_are_printed(load: Load) -> None:
    shown = repr(load(**WECHAT, SUIFANG_DATABASE_URL="postgresql://a:hush@localhost/b"))
    assert "hush" not in shown
    assert AES_KEY not in shown


def test_every_secret_is_typed_as_one() -> None:
    names = re.compile(r"secret|token|password|_key$|webhook|database_url|aes")
    named = {name for name in Settings.model_fields if names.search(name)}
    assert named == {name for name, field in Settings.model_fields.items() if is_secret(field)}


def test_the_example_names_every_setting_once_with_its_default() -> None:
    text = (ROOT / ".env.example").read_text()
    given = re.findall(r"^SUIFANG_(\w+)=(.*)$", text, re.MULTILINE)
    assert sorted(name.lower() for name, _ in given) == sorted(Settings.model_fields)
    for name, value in given:
        default = Settings.model_fields[name.lower()].default
        assert value == _as_written(default), name


def test_the_example_comments_every_group_and_can_be_used_as_it_is(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text()
    for block in re.split(r"\n\n", text.strip())[1:]:
        assert block.startswith("# "), block
    file = tmp_path / ".env"
    file.write_text(text)
    assert load_settings(file) == Settings(_env_file=None)


def _as_written(default: object) -> str:
    if default is None or default == ():
        return ""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return str(default).lower() if isinstance(default, bool) else str(default)
