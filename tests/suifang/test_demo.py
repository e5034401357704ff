"""The demonstration's parts: settings, secrets, ports, phones, and the steps before it starts."""

from __future__ import annotations

import io
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from care.situation import Programme
from channels.wechat.registered import load
from records import messages, people
from records.messages import Address
from records.people import Registration
from records.tables import Facility
from simulator.server import create_app
from suifang import demo, demonstration
from suifang.installation import Installation
from suifang.keys import Keys, load_keys
from suifang.seed import SeedSummary
from suifang.settings import load_settings
from tests.suifang.conftest import Command

KEYS = Keys(b"s" * 32, b"i" * 32)
SUMMARY = SeedSummary(60, 700, 300, 20, fresh=True)


@pytest.fixture
def server() -> Iterator[str]:
    """Something on this machine that answers."""

    class Fine(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    running = HTTPServer((demo.HOST, 0), Fine)
    thread = threading.Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://{demo.HOST}:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


def test_the_settings_and_secrets_of_the_demonstration_are_complete(home: Path) -> None:
    made = demo.secrets(KEYS)
    demo.apply(demo.place(home) | demo.settings(8001, 8002) | demo.secret_settings(made))
    settings = load_settings(None)
    assert settings.demo
    assert settings.host == demo.HOST
    assert settings.database == f"sqlite:///{home / 'suifang.db'}"
    assert settings.wechat is not None
    assert settings.wechat.api_base == f"http://{demo.HOST}:8002"
    assert settings.wechat.template_id_follow_up == demo.TEMPLATE_ID


def test_a_database_named_in_the_environment_is_never_the_demonstrations(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUIFANG_DATABASE_URL", "postgresql://real/county")
    demo.apply(demo.place(home))
    assert load_settings(None).database == f"sqlite:///{home / 'suifang.db'}"


def test_secrets_survive_a_restart_and_belong_to_one_installation() -> None:
    made = demo.secrets(KEYS)
    assert made == demo.secrets(KEYS)
    assert re.fullmatch(r"[A-Za-z0-9]{43}", made.aes_key)
    other = demo.secrets(Keys(b"o" * 32, b"i" * 32))
    assert {made.app_secret, made.token, made.aes_key}.isdisjoint(
        {other.app_secret, other.token, other.aes_key}
    )


def test_three_processes_make_the_demonstration() -> None:
    assert list(demo.commands()) == ["web", "worker", "simulator"]
    assert demo.commands()["simulator"][-2:] == ["suifang.cli", "simulator"]


def test_the_wanted_port_is_taken_when_it_is_free() -> None:
    with socket.socket() as probe:
        probe.bind((demo.HOST, 0))
        wanted = int(probe.getsockname()[1])
        probe.listen()
        other = demo.free_port(wanted)
        assert other != wanted
    assert demo.free_port(wanted) == wanted


def test_a_machine_without_a_port_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(socket.socket):
        def bind(self, _address: object) -> None:
            raise OSError

    monkeypatch.setattr(socket, "socket", Full)
    with pytest.raises(OSError, match="No free port"):
        demo.free_port(1)


def test_it_is_told_when_every_address_answers(server: str) -> None:
    told: list[float | None] = []
    demo.when_ready((server, server), told.append).join()
    assert len(told) == 1
    assert told[0] is not None


def test_it_is_told_when_an_address_never_answers(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "_READY_WITHIN", 0.2)
    told: list[float | None] = []
    demo.when_ready((server, f"http://{demo.HOST}:9"), told.append).join()
    assert told == [None]


@pytest.fixture
def neighbours(installation: Installation, now: datetime) -> Installation:
    """A holder of a phone and her husband behind it, and somebody of another account."""

    def settle(session: Any, name: str, account: str, born: date | None) -> str:
        known = Registration(name, "v", born_on=born, programmes=(Programme.HYPERTENSION,))
        person = people.register(session, installation.vault, known, now)
        address = Address("wechat", account, f"openid-{name}")
        point = messages.ensure_contact_point(session, installation.vault, address, now)
        people.link(session, person.id, point.id, now)
        return point.id

    with installation.database.transaction() as session:
        session.add(Facility(id="v", kind="village_clinic", name="东沟村卫生室", path="v/"))
        session.flush()
        shared = settle(session, "王桂兰", demo.APP_ID, date(1954, 3, 8))
        husband = people.register(session, installation.vault, Registration("李福", "v"), now)
        people.link(session, husband.id, shared, now, "spouse")
        settle(session, "无岁", demo.APP_ID, None)
        settle(session, "外人", "another", date(1950, 1, 1))
    return installation


def test_a_newcomer_may_hold_the_phones_of_the_demonstration_only(
    neighbours: Installation, now: datetime
) -> None:
    first, second = demo.phones(neighbours.database, neighbours.vault, now)
    assert (first.name, first.village, first.about) == ("王桂兰", "东沟村", "72岁，高血压")
    assert first.openid == "openid-王桂兰"
    assert (second.name, second.about) == ("无岁", "高血压")


def test_the_simulator_is_run_with_the_same_account_and_those_phones(
    suifang: Command, neighbours: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []
    monkeypatch.setattr("simulator.server.run", lambda *words: given.extend(words))
    made = demo.secrets(KEYS)
    demo.apply(demo.settings(8001, 8002) | demo.secret_settings(made))
    assert suifang("simulator").code == 0
    settings, host, port = given
    assert (host, port) == (demo.HOST, 8002)
    assert settings.app_id == demo.APP_ID
    assert [one.name for one in settings.patients] == ["王桂兰", "无岁"]
    assert settings.callback_url == f"http://{demo.HOST}:8001/wechat/main"
    assert settings.log_path == neighbours.settings.data_dir / "simulator.jsonl"
    # Signing in by WeChat can be finished there: somebody holds the phone.
    platform = create_app(replace(settings, log_path=None)).state.platform
    assert platform.openids.page.holder == demo.DOCTORS_OPENID


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Keeps the demonstration from seeding and from starting, and notes what it would do."""
    noted: dict[str, Any] = {"seconds": 1.5}

    def seed_demo(*_: object, account: str) -> SeedSummary:
        noted["account"] = account
        return SUMMARY

    def when_ready(urls: tuple[str, ...], tell: Any) -> None:
        noted["urls"] = urls
        tell(noted["seconds"])

    def supervise(commands: Mapping[str, object]) -> int:
        noted["commands"] = list(commands)
        return 0

    monkeypatch.setattr(demonstration, "seed_demo", seed_demo)
    monkeypatch.setattr(demo, "when_ready", when_ready)
    monkeypatch.setattr(demonstration, "supervise", supervise)
    return noted


def play(folder: Path) -> str:
    screen = Console(file=io.StringIO(), width=120)
    assert demonstration.demonstrate(screen, folder, 0, 0) == 0
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_it_sets_itself_up_and_shows_where_to_look(
    home: Path, tmp_path: Path, staged: dict[str, Any]
) -> None:
    shown = play(tmp_path / "demo")
    assert (tmp_path / "demo" / "suifang.db").exists()
    assert "County: 60 people, 700 readings" in shown
    assert "is ready after 1.5 s" in shown
    pages, phones = staged["urls"]
    assert pages.removesuffix("/health") in shown
    assert phones in shown
    for account in SUMMARY.accounts:
        assert f"{account.login} / {account.password}" in shown
    assert staged["account"] == demo.APP_ID
    assert staged["commands"] == ["web", "worker", "simulator"]


def test_it_says_when_it_did_not_start(home: Path, tmp_path: Path, staged: dict[str, Any]) -> None:
    staged["seconds"] = None
    assert "It did not start" in play(tmp_path / "demo")


def test_a_second_start_keeps_keys_and_secrets(
    home: Path, tmp_path: Path, staged: dict[str, Any]
) -> None:
    play(tmp_path / "demo")
    first = load_settings(None)
    play(tmp_path / "demo")
    second = load_settings(None)
    assert second.wechat_encoding_aes_key == first.wechat_encoding_aes_key
    assert second.wechat_app_secret == first.wechat_app_secret
    assert load_keys(second) == load_keys(first)


def test_the_index_of_the_set_up_is_used(
    home: Path, tmp_path: Path, staged: dict[str, Any]
) -> None:
    made = tmp_path / "var/index"
    (made / "v1").mkdir(parents=True)
    (made / "current").write_text("v1")
    play(tmp_path / "demo")
    assert (tmp_path / "demo/index/v1").is_dir()
    (made / "v2").mkdir()
    (made / "current").write_text("v2")
    play(tmp_path / "demo")
    assert (tmp_path / "demo/index/current").read_text() == "v2"


def test_the_simulated_platform_knows_every_template_of_the_account() -> None:
    """Whatever we fill in, the platform of the demonstration takes."""
    registered = load(demo.ACCOUNT_FILE).templates
    specs = {one.template_id: one for one in demo.templates_of_its_own()}
    ours = [one for one in registered.values() if one.id]
    assert {one.id for one in ours} == set(specs) == {"demo-danger", "demo-lesson"}
    for one in ours:
        assert one.kind == specs[one.id].kind
        assert {slot.key for slot in one.slots.values()} == set(specs[one.id].fields)
