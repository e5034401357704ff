import io
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from alembic import command
from pydantic import SecretStr
from rich.console import Console

from care import protocol_file
from knowledge import index
from knowledge.article import Article, ArticleError, Review, Signature, read_articles
from knowledge.embedder import EmbedderError, Vectors
from knowledge.shelf import Standing
from records import migrations, outbound, people, practitioners, revisions, running
from records.db import Database
from records.messages import Arrival, accept
from records.outbound import Draft
from records.tables import ArticleRevision, Facility, metadata
from schedules.shelving import MARKER, described
from simulator.embeddings import vector
from suifang import doctor, education
from suifang.doctor import Finding, State, examine, print_findings, worst
from suifang.keys import ensure_keys, load_keys
from suifang.settings import Settings
from texts.catalogue import CatalogError

Look = Callable[..., dict[str, Finding]]


class Pairs:
    """An embedder that hashes pairs of characters."""

    name = "pairs"

    def queries(self, texts: Sequence[str]) -> Vectors:
        return np.asarray([vector(text) for text in texts], dtype=np.float32)

    passages = queries


@cache
def _some_articles() -> tuple[Article, ...]:
    return read_articles()[:3]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every examination weighs articles and decoys anew; a handful is enough here."""
    monkeypatch.setattr("suifang.library_check.read_decoys", lambda: {"other": ("下雨",)})
    monkeypatch.setattr(education, "read_articles", _some_articles)
    monkeypatch.setattr(education, "embedder", lambda _settings: Pairs())


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
        found = examine(settings.model_copy(update=changed), now)
        return {finding.name: finding for finding in found}

    return _look


def _letter(sent_at: datetime) -> Arrival:
    return Arrival("wechat", "a", "o1", "m1", "text", sent_at, text="148/92")


def test_an_empty_folder_is_told_what_comes_first(tmp_path: Path, now: datetime) -> None:
    found = examine(Settings(_env_file=None, data_dir=tmp_path / "no/where"), now)
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


def built(settings: Settings, articles: tuple[Article, ...] | None = None) -> Path:
    name = index.build(
        settings.index_dir,
        Pairs(),
        articles=articles or _some_articles(),
        decoys={"other": ("下雨",)},
    ).version
    return settings.index_dir / name


def test_an_index_is_missed_and_then_tried_with_a_sentence(look: Look, settings: Settings) -> None:
    missing = look()["知识索引"]
    assert (missing.state, missing.do) == (State.WARN, "运行 suifang index")
    built(settings)
    found = look()["知识索引"]
    assert found.state is State.OK
    assert found.says.startswith("与文章一致,试了一句能查到(版本 ")
    assert str(settings.index_dir) in found.says


def test_an_index_of_other_articles_is_called_old(look: Look, settings: Settings) -> None:
    built(settings, _some_articles()[:2])
    assert "比文章旧" in look()["知识索引"].says


def test_vectors_that_belong_to_another_model_are_noticed(
    look: Look, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    built(settings)
    turned = lambda _, texts: Pairs().queries(texts)[:, ::-1].copy()  # noqa: E731
    monkeypatch.setattr(Pairs, "passages", turned)
    assert "模型可能换过" in look()["知识索引"].says
    monkeypatch.setattr(Pairs, "name", "others")
    assert "另一个模型(pairs)" in look()["知识索引"].says


@pytest.mark.parametrize("damage", ["database", "about"])
def test_a_damaged_index_is_told_with_what_to_do(
    look: Look, settings: Settings, damage: str
) -> None:
    folder = built(settings)
    (folder / ("chroma.sqlite3" if damage == "database" else "index.json")).write_text("{")
    found = look()["知识索引"]
    assert "用不了,现在只按字词查找" in found.says
    assert found.do == "运行 suifang index"


def test_a_folder_nobody_can_write_into_is_told(look: Look, settings: Settings) -> None:
    settings.data_dir.mkdir(exist_ok=True)
    settings.index_dir.write_text("")
    assert "不能写" in look()["索引文件夹"].says


def test_a_silent_chroma_server_is_told_with_its_own_advice(look: Look) -> None:
    found = look(chroma_url="http://127.0.0.1:9")["知识索引"]
    assert found.do == "检查 SUIFANG_CHROMA_URL 和 Chroma 服务"
    assert "只按字词查找" in found.says


def test_articles_that_expire_are_named_before_and_after(
    look: Look, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    one, two, three = _some_articles()
    today = now.date()
    dated = (
        replace(one, expires=today - timedelta(days=1)),
        replace(two, expires=today + timedelta(days=30)),
        three,
    )
    monkeypatch.setattr(education, "read_articles", lambda: dated)
    found = look()
    assert found["过期文章"].says == f"1 篇已过期,不再用来回答:{one.id}"
    assert found["快到期的文章"].says == f"1 篇在 60 天内到期:{two.id}"


def test_signed_articles_are_all_served_without_a_complaint(
    look: Look, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    by = Signature("陈", "主任医师", now.date())
    signed = tuple(replace(a, review=Review.SIGNED, signature=by) for a in _some_articles())
    monkeypatch.setattr(education, "read_articles", lambda: signed)
    assert look()["文章"].state is State.OK


def test_an_article_that_cannot_be_read_is_an_error(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> tuple[Article, ...]:
        raise ArticleError("life.salt.md: field 'plain' is missing")

    monkeypatch.setattr(education, "read_articles", broken)
    assert look()["文章"].state is State.ERROR


def test_what_curators_signed_is_compared_with_what_the_worker_serves(
    look: Look, installed: Database, now: datetime
) -> None:
    assert "签发的文章" not in look()
    with installed.transaction() as session:
        running.mark(session, revisions.EDITION, "e2", now)
        running.mark(session, MARKER, described(Standing("e1")), now)
    assert "还不是最新" in look()["签发的文章"].says
    with installed.transaction() as session:
        running.mark(session, MARKER, described(Standing("e2")), now)
    assert look()["签发的文章"].state is State.OK


def test_a_signed_text_that_cannot_be_read_is_an_error(
    look: Look, installed: Database, now: datetime
) -> None:
    text = "---\nid: life.salt\n---\n正文\n"
    with installed.transaction() as session:
        session.add(
            ArticleRevision(
                article_id="life.salt",
                number=1,
                state=revisions.SIGNED,
                manuscript=text,
                digest=revisions.digest_of(text),
                made_at=now,
            )
        )
    found = look()["签发的文章"]
    assert found.state is State.ERROR
    assert "life.salt.md" in found.says


def test_without_embeddings_no_index_is_missed(look: Look) -> None:
    assert look(embeddings="none")["知识索引"].state is State.OK


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


@pytest.mark.parametrize(
    ("embeddings", "do"),
    [("local", "重新运行 make setup"), ("endpoint", "检查 SUIFANG_EMBEDDINGS_ 各项和对方的服务")],
)
def test_an_embedder_that_gives_nothing_leaves_the_words(
    look: Look, monkeypatch: pytest.MonkeyPatch, embeddings: str, do: str
) -> None:
    def broken(_settings: Settings) -> Pairs:
        message = "no model"
        raise EmbedderError(message)

    monkeypatch.setattr(education, "embedder", broken)
    assert look(embeddings=embeddings)["知识索引"].do == do


def test_nothing_to_report_is_fine() -> None:
    assert worst([]) is State.OK


def test_the_report_says_what_to_do_and_fails_only_on_errors() -> None:
    out = io.StringIO()
    warning = Finding("账号", State.WARN, "还没有账号 [x]", "建立账号")
    assert print_findings([warning], Console(file=out, width=80)) == 0
    assert out.getvalue() == "! 账号:还没有账号 [x]\n    → 建立账号\n"
    error = Finding("磁盘", State.ERROR, "满了")
    assert print_findings([warning, error], Console(file=out)) == 1
