"""What the doctor says about the ways out."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.templates import registry
from records import alarms, halting
from records.db import Database
from records.tables import Canary, Facility, Practitioner, ProviderState
from suifang.channel_check import examine_channel_settings, examine_channels, late
from suifang.findings import Finding, State
from suifang.settings import Settings

CLOUD: dict[str, Any] = {"sms_route": ("aliyun",), "public_url": "https://clinic.example/"}
BARE = Settings(_env_file=None)


def settings(**changed: Any) -> Settings:
    return BARE.model_copy(update=changed)


def told(**changed: Any) -> dict[str, Finding]:
    return {one.name: one for one in examine_channel_settings(settings(**changed))}


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    """Every template is approved at Aliyun."""
    file = tmp_path / "ids.toml"
    file.write_text(
        "\n".join(
            f'[aliyun.{one.name}]\nid = "SMS_{n}"\nstate = "approved"'
            for n, one in enumerate(registry())
        )
    )
    return file


def test_without_sms_it_says_what_that_means() -> None:
    found = told()
    assert found["短信"].state is State.OK
    assert "只能打电话" in found["短信"].says
    assert "通道自检" not in found


def test_a_cloud_without_templates_sends_nothing() -> None:
    found = told(**CLOUD)["阿里云短信的模板"]
    assert found.state is State.ERROR
    assert "SUIFANG_SMS_TEMPLATES_FILE" in found.do


def test_some_templates_are_missing(tmp_path: Path) -> None:
    file = tmp_path / "ids.toml"
    file.write_text('[aliyun.canary]\nid = "SMS_1"\nstate = "approved"')
    found = told(**CLOUD, sms_templates_file=file)["阿里云短信的模板"]
    assert found.state is State.WARN


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    found = told(**CLOUD, sms_templates_file=tmp_path / "nowhere.toml")["短信模板"]
    assert found.state is State.ERROR
    assert "nowhere.toml" in found.says


def test_all_well_tells_the_push_address_without_its_secret(ids: Path) -> None:
    found = told(**CLOUD, sms_templates_file=ids, canary_phone="13900001111")
    assert {one.state for one in found.values()} == {State.OK}
    assert (
        "https://clinic.example/sms/aliyun/(SUIFANG_ALIYUN_PUSH_TOKEN 的值)"
        in found["短信回执和来信"].says
    )


def test_without_our_address_no_receipt_comes() -> None:
    assert told(sms_route=("kannel",))["短信回执和来信"].state is State.ERROR
    assert "短信回执和来信" not in told(sms_route=("gammu",))


def test_nobody_to_receive_the_canary_is_a_warning() -> None:
    assert "SUIFANG_CANARY_PHONE" in told(**CLOUD)["通道自检"].says


def look(database: Database, now: datetime) -> list[Finding]:
    with database.reading() as session:
        return list(examine_channels(session, settings(**CLOUD), now))


def test_a_way_that_is_well_says_so(sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.transaction() as session:
        session.add(Facility(id="f", kind="county", name="县", path="f/"))
        session.flush()
        row: dict[str, Any] = {"facility_id": "f", "password_hash": "x", "created_at": now}
        session.add(Practitioner(id="p", role="operator", login="root", **row))
        session.add(ProviderState(provider="aliyun:main", last_accepted_at=now))
    assert [(one.name, one.state, one.says) for one in look(sqlite_database, now)] == [
        ("阿里云短信", State.OK, "正常")
    ]


def test_what_is_wrong_is_told_with_what_to_do(sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.transaction() as session:
        session.add(
            ProviderState(provider="aliyun:main", trouble="balance", balance=2, balance_unit="cny")
        )
        session.add(
            Canary(provider="aliyun:main", day=now.date(), sent_at=now, result="never", code="x")
        )
        alarms.raise_for_operator(session, alarms.TROUBLE, "aliyun:main", now)
        halting.halt(session, "operator", "everything", "发错了", now)
    found = look(sqlite_database, now)
    said = [(one.name, one.state.value) for one in found]
    assert said == [
        ("停发", "error"),
        ("阿里云短信", "error"),
        ("阿里云短信", "warn"),
        ("阿里云短信", "warn"),
        ("通道告警", "warn"),
        ("管理员", "warn"),
    ]
    assert "余额用完了" in found[1].says
    assert "余额只剩 2 元" in found[2].says


def test_an_open_breaker_is_an_error(sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.transaction() as session:
        soon = now + timedelta(minutes=1)
        session.add(ProviderState(provider="aliyun:main", opened_at=now, open_until=soon))
    assert look(sqlite_database, now)[0].state is State.ERROR


def test_what_is_stopped_is_not_late(sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.transaction() as session:
        assert late(session, now) is None
        halting.halt(session, "operator", "everything", "x", now)
        assert late(session, now) is None
