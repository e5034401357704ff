"""`suifang channels` as an operator types it."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlmodel import select

from records import alarms, switches
from records.tables import AuditEvent, ProviderState
from suifang import clock
from suifang.errors import EXIT_CONFIGURATION
from suifang.installation import open_installation
from suifang.settings import load_settings
from tests.suifang.conftest import Command

TOKEN = "a-token-of-twenty-four-xx"


class Gateway(BaseHTTPRequestHandler):
    """A gateway that says what the test wants."""

    status, words = 202, b"0: Accepted for delivery"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.words)

    def log_message(self, format: str, *_args: object) -> None:  # noqa: A002
        """Nothing on the screen."""


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Gateway]]:
    """A Kannel that listens on this machine."""

    class Mine(Gateway):
        pass

    server = HTTPServer(("127.0.0.1", 0), Mine)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name, value in {
        "SMS_ROUTE": "kannel",
        "KANNEL_URL": f"http://127.0.0.1:{server.server_port}",
        "KANNEL_USERNAME": "u",
        "KANNEL_PASSWORD": "p",
        "KANNEL_PUSH_TOKEN": TOKEN,
        "PUBLIC_URL": "https://clinic.example",
        "ALLOWED_HOSTS": "127.0.0.1",
    }.items():
        monkeypatch.setenv(f"SUIFANG_{name}", value)
    yield Mine
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("installed")
def test_without_a_provider_the_status_says_how_to_begin(suifang: Command) -> None:
    done = suifang("channels", "status")
    assert done.code == 0
    assert "没有设通道" in done.out
    assert "SUIFANG_SMS_ROUTE" in done.out
    assert "要有人看的事 0 件" in done.out


@pytest.mark.usefixtures("installed", "gateway")
def test_the_status_names_every_provider_and_its_state(suifang: Command) -> None:
    made = open_installation(load_settings())
    with made.database.transaction() as session:
        session.add(ProviderState(provider="kannel:main", trouble="user_refused"))
    made.database.dispose()
    done = suifang("channels", "status")
    assert "短信网关" in done.out
    assert "kannel:main" in done.out.replace("\n", "")
    assert "要人处理" in "".join(done.out.split())


@pytest.mark.usefixtures("installed")
def test_stopping_needs_a_reason_and_is_written_down(suifang: Command) -> None:
    assert suifang("channels", "stop", "--why", " ").code == EXIT_CONFIGURATION
    assert "停发了" in suifang("channels", "stop", "--why", "发错了").out
    assert "本来就停着" in suifang("channels", "stop", "--why", "发错了").out
    assert "消息全部停发着" in suifang("channels", "status").out
    assert "停发还开着" in suifang("channels", "alarms").out
    assert "恢复了，压着的 0 条" in suifang("channels", "resume", "--why", "改好了").out
    assert "本来就没有停" in suifang("channels", "resume", "--why", "改好了").out
    made = open_installation(load_settings())
    with made.database.reading() as session:
        events = session.exec(select(AuditEvent.action, AuditEvent.detail)).all()
    made.database.dispose()
    assert ("delivery.stop_reason", {"why": "发错了"}) in events


@pytest.mark.usefixtures("installed")
def test_only_what_we_start_can_be_stopped(suifang: Command) -> None:
    suifang("channels", "stop", "--started-by-us", "--why", "x")
    made = open_installation(load_settings())
    with made.database.reading() as session:
        stop = switches.stopped(session)
    made.database.dispose()
    assert stop is not None
    assert stop.scope == switches.ONLY_WHAT_WE_START


@pytest.mark.usefixtures("installed")
def test_an_alarm_is_taken_by_the_end_of_its_id(suifang: Command) -> None:
    assert "没有要看的事" in suifang("channels", "alarms").out
    made = open_installation(load_settings())
    with made.database.transaction() as session:
        alarms.raise_for_operator(
            session, alarms.TROUBLE, "aliyun:main", clock.now(), code="isv.AMOUNT_NOT_ENOUGH"
        )
        [alarm] = alarms.open_alarms(session)
    made.database.dispose()
    shown = suifang("channels", "alarms").out
    assert "平台不让发 阿里云短信" in shown
    assert "余额用完了 马上到平台充值" in shown
    assert suifang("channels", "alarms", "--take", "nobody").code == EXIT_CONFIGURATION
    assert suifang("channels", "alarms", "--take", alarm.id[-8:]).code == 0
    assert "有人在处理" in suifang("channels", "alarms").out


@pytest.mark.usefixtures("installed")
def test_a_canary_now_says_what_came_back(suifang: Command, gateway: type[Gateway]) -> None:
    done = suifang("channels", "test", "kannel", "13900001111")
    assert done.code == 0, done.err
    assert "短信网关：平台收下了（accepted）" in done.out
    gateway.status, gateway.words = 403, b"Authorization failed for sendsms"
    done = suifang("channels", "test", "kannel:main", "13900001111")
    assert done.code == 1
    assert "网关的用户名或密码不对。核对 .env" in done.out
    assert "13900001111" not in done.out


@pytest.mark.usefixtures("installed", "gateway")
def test_what_cannot_be_tried_says_why(suifang: Command) -> None:
    done = suifang("channels", "test", "kannel", "010-1234")
    assert done.code == EXIT_CONFIGURATION
    assert "没有设收自检的手机" in done.err
    assert "没有设 pigeon" in suifang("channels", "test", "pigeon", "13900001111").err


def test_the_home_is_not_touched_without_an_installation(suifang: Command, home: Path) -> None:
    assert suifang("channels", "status").code != 0
