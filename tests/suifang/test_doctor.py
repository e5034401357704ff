import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from pydantic import SecretStr
from rich.console import Console

from care import protocol_file
from knowledge import index
from knowledge.article import Article, read_articles
from knowledge.embedder import EmbedderError, Vectors
from knowledge.library import Library, Status
from records import migrations, outbound, people, practitioners, running
from records.db import Database
from records.messages import Arrival, accept
from records.outbound import Draft
from records.tables import Facility, metadata
from suifang import doctor
from suifang.doctor import Finding, State, examine, print_findings, worst
from suifang.keys import ensure_keys, load_keys
from suifang.settings import Settings
from texts.catalogue import CatalogError

Look = Callable[..., dict[str, Finding]]


class Still:
    """An embedder that is never asked."""

    name = "still"

    def queries(self, texts: object) -> Vectors:
        raise AssertionError(texts)

    passages = queries


@cache
def _some_articles() -> tuple[Article, ...]:
    return read_articles()[:3]


def still_library(settings: Settings) -> Library:
    return Library(
        settings.index_dir,
        Still(),
        serve_pending=settings.serve_pending,
        articles=_some_articles(),
    )


@pytest.fixture(autouse=True)
def few_decoys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every examination weighs the decoys anew; here nothing is asked of them."""
    monkeypatch.setattr("knowledge.library.read_decoys", lambda: {"other": ("下雨",)})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(_env_file=None, data_dir=tmp_path / "var")
    ensure_keys(made)
    return made


@pytest.fixture
def installed(settings: Settings) -> Database:
    database = Database(settings.database)
    metadata.create_all(database.engine)
    command.stamp(migrations.config(database), "heads")
    return database


@pytest.fixture
def look(settings: Settings, now: datetime) -> Look:
    def _look(**changed: object) -> dict[str, Finding]:
        found = examine(settings.model_copy(update=changed), now, shelf=still_library)
        return {finding.name: finding for finding in found}

    return _look


def _letter(sent_at: datetime) -> Arrival:
    return Arrival("wechat", "a", "o1", "m1", "text", sent_at, text="148/92")


def test_an_empty_folder_is_told_what_comes_first(tmp_path: Path, now: datetime) -> None:
    found = examine(
        Settings(_env_file=None, data_dir=tmp_path / "no/where"), now, shelf=still_library
    )
    named = {finding.name: finding for finding in found}
    assert named["密钥"].state is State.ERROR
    assert "openssl" in named["密钥"].do
    assert named["数据库"].do == "运行 suifang migrate"
    assert named["磁盘"].says.startswith("还剩")
    assert worst(found) is State.ERROR


def test_a_fresh_installation_has_no_error(look: Look, installed: Database) -> None:
    found = look()
    assert worst(list(found.values())) is State.WARN
    assert found["数据库"].says == "连得上,表结构是最新的"
    assert found["账号"].do == "用 suifang staff 建立医生账号"
    assert found["后台进程"].says == "从未运行过"
    assert found["等待处理的来信"].says == "没有积压"
    assert found["微信"].state is State.WARN
    assert found["大模型"].says == "没有设置,全部由规则回答(可以这样用)"
    assert found["语句"].state is State.OK
    assert "待医生审核" in found["规则"].says


def test_a_worker_that_reports_and_staff_who_can_sign_in_are_fine(
    look: Look, installed: Database, settings: Settings, now: datetime
) -> None:
    with installed.transaction() as session:
        running.beat(session, "w1", now - timedelta(seconds=3))
        running.note_tick(session, "deliver", now, now, "ok")
        session.add(Facility(id="f", kind="county", name="县", path="f/"))
        session.flush()
        account = practitioners.Account("doctor", "a long secret", "陈", "village_doctor", "f")
        practitioners.create(session, load_keys(settings).vault(), account, now)
    found = look()
    assert found["后台进程"].says == "3 秒前报过平安"
    assert found["账号"].says == "1 个账号可以登录"
    assert "定时任务" not in found


@pytest.mark.parametrize(
    ("silence", "says"),
    [(61, "已停了 1 分钟"), (7300, "已停了 2 小时")],
)
def test_a_silent_worker_is_an_error(
    look: Look, installed: Database, now: datetime, silence: int, says: str
) -> None:
    with installed.transaction() as session:
        running.beat(session, "w1", now - timedelta(seconds=silence))
    assert look()["后台进程"] == Finding(
        "后台进程", State.ERROR, says, "运行 suifang serve,或看日志"
    )


def test_a_tick_that_failed_is_named(look: Look, installed: Database, now: datetime) -> None:
    with installed.transaction() as session:
        running.note_tick(session, "deliver", now, now, "failed")
    assert look()["定时任务"].says == "上次没做成:deliver"


def test_old_messages_in_both_directions_are_errors(
    look: Look, installed: Database, settings: Settings, now: datetime
) -> None:
    vault, before = load_keys(settings).vault(), now - timedelta(minutes=5)
    with installed.transaction() as session:
        taken = accept(session, vault, _letter(before), before, wake_at=before)
        draft = Draft(
            purpose="reply",
            text_key="k",
            body="b",
            send_key="s",
            expires_at=now,
            contact_point_id=taken.contact_point_id,
        )
        outbound.queue(session, vault, draft, before)
    found = look()
    assert found["等待处理的来信"].says == "最早的一条已等了 5 分钟"
    assert found["等待发出的去信"].says == "最早的一条已等了 5 分钟"
    assert found["等待发出的去信"].state is State.ERROR


def test_a_message_from_the_future_means_that_our_clock_is_slow(
    look: Look, installed: Database, settings: Settings, now: datetime
) -> None:
    with installed.transaction() as session:
        letter = _letter(now + timedelta(seconds=40))
        accept(session, load_keys(settings).vault(), letter, now, wake_at=now)
    assert look()["时钟"].says == "本机的钟慢了约 40 秒"


def test_keys_that_do_not_open_the_records_are_an_error(
    look: Look, installed: Database, settings: Settings, now: datetime
) -> None:
    with installed.transaction() as session:
        session.add(Facility(id="f", kind="county", name="县", path="f/"))
        session.flush()
        vault = load_keys(settings).vault()
        people.register(session, vault, people.Registration("王桂兰", "f"), now)
    assert look()["密钥与数据"].state is State.OK
    shutil.rmtree(settings.data_dir / "keys")
    ensure_keys(settings.model_copy(update={"data_dir": settings.data_dir / "other"}))
    shutil.move(settings.data_dir / "other/keys", settings.data_dir / "keys")
    assert look()["密钥与数据"].says == "这把密钥打不开库里的数据"
    shutil.rmtree(settings.data_dir / "keys")
    assert "密钥与数据" not in look()


def test_tables_of_another_version_are_an_error(
    look: Look, installed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "is_current", lambda _database: False)
    assert look()["数据库"].do == "先备份,再运行 suifang migrate"


def test_a_database_that_does_not_answer_is_an_error(look: Look, tmp_path: Path) -> None:
    file = tmp_path / "not-a-database"
    file.write_text("this is no database, but long enough to be taken for one " * 20)
    found = look(database_url=SecretStr(f"sqlite:///{file}"))
    assert found["数据库"].says == "连不上(DatabaseError)"


def test_the_knowledge_index_is_reported_as_it_is(settings: Settings, now: datetime) -> None:
    found = {item.name: item for item in examine(settings, now, shelf=still_library)}
    assert found["知识索引"].do == "运行 suifang index"
    assert found["文章"].state is State.WARN


@pytest.mark.parametrize(
    ("changed", "name", "state"),
    [
        ({"index_stale": True}, "知识索引", State.WARN),
        ({}, "知识索引", State.OK),
        ({"served": 3, "pending": 0}, "文章", State.OK),
        ({"expired": 2}, "过期文章", State.WARN),
    ],
)
def test_every_state_of_the_library_has_a_finding(
    settings: Settings,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, Any],
    name: str,
    state: State,
) -> None:
    fresh = Status(3, served=0, pending=3, expired=0, foods=0, index_problem="", index_stale=False)
    standing = replace(fresh, **changed)
    monkeypatch.setattr(index, "current", lambda _folder: "v1")
    monkeypatch.setattr(Library, "status", lambda _library, _today: standing)
    found = {item.name: item for item in examine(settings, now, shelf=still_library)}
    assert found[name].state is state


def test_without_embeddings_no_index_is_missed(look: Look) -> None:
    assert "知识索引" not in look(embeddings="none")


def test_serving_unsigned_articles_is_pointed_out(look: Look) -> None:
    found = look(serve_pending=True)
    assert "待审的也在用来回答" in found["文章"].says


@pytest.mark.parametrize(("free", "state"), [(10**8, State.ERROR), (10**9, State.WARN)])
def test_a_full_disk_is_noticed_before_messages_are_lost(
    look: Look, monkeypatch: pytest.MonkeyPatch, free: int, state: State
) -> None:
    usage = shutil.disk_usage("/")._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    assert look()["磁盘"].state is state


def test_wechat_is_fine_in_safe_mode_and_pointed_out_in_plain_mode(look: Look) -> None:
    account = {
        "wechat_app_id": "wx1",
        "wechat_app_secret": SecretStr("s"),
        "wechat_token": SecretStr("t"),
    }
    assert look(**account)["微信"].state is State.OK
    assert look(**account, wechat_allow_plain=True)["微信"].says == "接受不加密的消息"


def test_a_broken_check_does_not_hide_the_others(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(doctor, "catalogue", broken)
    found = look()
    assert found["语句"].says == "检查时出错:RuntimeError"
    assert "磁盘" in found


def test_sentences_that_cannot_be_read_are_an_error(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        message = "x: no such sentence"
        raise CatalogError(message)

    monkeypatch.setattr(doctor, "catalogue", broken)
    assert look()["语句"].do == "改正 texts/zh-CN"


def test_rules_that_are_all_signed_are_fine(
    look: Look, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(protocol_file, "FOLDER", tmp_path)
    assert look()["规则"].says == "全部已审核"


def test_an_embedder_that_cannot_start_leaves_the_words(settings: Settings, now: datetime) -> None:
    def broken(_settings: Settings) -> Library:
        message = "no model"
        raise EmbedderError(message)

    named = [(item.name, item.do) for item in examine(settings, now, shelf=broken)]
    assert ("知识索引", "重新运行 make setup") in named


def test_nothing_to_report_is_fine() -> None:
    assert worst([]) is State.OK


def test_the_report_says_what_to_do_and_fails_only_on_errors() -> None:
    out = io.StringIO()
    warning = Finding("账号", State.WARN, "还没有账号 [x]", "建立账号")
    assert print_findings([warning], Console(file=out, width=80)) == 0
    assert out.getvalue() == "! 账号:还没有账号 [x]\n    → 建立账号\n"
    error = Finding("磁盘", State.ERROR, "满了")
    assert print_findings([warning, error], Console(file=out)) == 1
