import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from suifang.findings import Finding, State
from suifang.outside import ask_wechat
from suifang.settings import Settings

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
Platform = Callable[..., Settings]


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A platform on this machine that gives one answer, at its own time."""
    answer: dict[str, object] = {}

    class Once(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer["asked"], answer["path"] = asked, self.path
            self.send_response_only(200)
            if answer["ahead"] is not None:
                self.send_header("date", format_datetime(NOW + timedelta(seconds=_seconds(answer))))
            self.end_headers()
            self.wfile.write(str(answer["body"]).encode())

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Once)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    def _platform(body: str, ahead: int | None = 0) -> Settings:
        answer.update(body=body, ahead=ahead)
        return _settings(server.server_port)

    _platform.answer = answer  # type: ignore[attr-defined]
    yield _platform
    server.shutdown()
    thread.join()
    server.server_close()


def _seconds(answer: dict[str, object]) -> int:
    return int(str(answer["ahead"]))


def _settings(port: int) -> Settings:
    return Settings(
        _env_file=None,
        wechat_app_id="wx1",
        wechat_app_secret=SecretStr("s"),
        wechat_token=SecretStr("t"),
        wechat_encoding_aes_key=SecretStr("a" * 43),
        wechat_api_base=f"http://127.0.0.1:{port}",
    )


def test_a_token_that_was_given_is_fine_and_never_shown(platform: Platform) -> None:
    found = ask_wechat(platform('{"access_token": "hush", "expires_in": 7200}'), NOW)
    assert found == [Finding("微信凭证", State.OK, "拿到了")]
    answer = platform.answer  # type: ignore[attr-defined]
    assert answer["path"] == "/cgi-bin/stable_token"
    assert answer["asked"] == {"grant_type": "client_credential", "appid": "wx1", "secret": "s"}


@pytest.mark.parametrize(
    ("code", "do"),
    [(40164, "IP 白名单"), (40125, "SUIFANG_WECHAT_APP_SECRET"), (50002, "查这个错误码")],
)
def test_a_refusal_says_what_to_do(platform: Platform, code: int, do: str) -> None:
    [found] = ask_wechat(platform(json.dumps({"errcode": code, "errmsg": "x"})), NOW)
    assert found.state is State.ERROR
    assert found.says == f"微信平台拒绝,错误码 {code}"
    assert do in found.do


def test_an_answer_that_is_no_json_is_an_error(platform: Platform) -> None:
    [found] = ask_wechat(platform("<html>"), NOW)
    assert found.says == "连不上微信平台(JSONDecodeError)"


def test_a_platform_that_does_not_answer_is_an_error() -> None:
    [found] = ask_wechat(_settings(1), NOW)
    assert found == Finding(
        "微信凭证", State.ERROR, "连不上微信平台(ConnectError)", "检查本机能否访问外网"
    )


@pytest.mark.parametrize(("ahead", "says"), [(90, "慢约 90 秒"), (-30, "快约 30 秒")])
def test_clocks_that_differ_are_pointed_out(platform: Platform, ahead: int, says: str) -> None:
    found = ask_wechat(platform('{"access_token": "x"}', ahead), NOW)
    assert found[1].says.endswith(says)


def test_an_answer_without_a_date_says_nothing_about_the_clock(platform: Platform) -> None:
    assert len(ask_wechat(platform('{"access_token": "x"}', None), NOW)) == 1


def test_without_wechat_nobody_is_asked() -> None:
    assert ask_wechat(Settings(_env_file=None), NOW) == []
