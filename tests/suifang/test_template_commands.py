"""The templates as an operator looks at them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from channels.template_rows import NOT_REGISTERED, example_file, rows
from channels.templates import TemplateIds, registry
from records.tables import TemplateApproval
from records.template_approvals import states
from suifang import clock
from suifang.errors import EXIT_CONFIGURATION
from suifang.installation import open_installation
from suifang.settings import load_settings
from tests.suifang.conftest import Command


@pytest.fixture
def ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An operator's file in which one template was approved by Aliyun."""
    file = tmp_path / "templates.toml"
    file.write_text('[aliyun.danger]\nid = "SMS_1"\nstate = "approved"\n', "utf-8")
    monkeypatch.setenv("SUIFANG_SMS_TEMPLATES_FILE", str(file))
    return file


@pytest.mark.usefixtures("ids")
def test_every_template_is_listed_with_its_words_and_where_it_is_approved(suifang: Command) -> None:
    done = suifang("templates", "list")
    assert done.code == 0
    assert "danger_sugar" in done.out
    assert "已通过" in done.out
    assert "…" not in done.out
    assert "没报备" in done.out


def test_nothing_that_providers_refuse_is_found(suifang: Command) -> None:
    done = suifang("templates", "check")
    assert done.code == 0
    assert "没有问题" in done.out


def test_a_landline_that_makes_a_template_too_long_is_found(
    suifang: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUIFANG_SMS_PHONE", "0871-61234567转8001或8002")
    done = suifang("templates", "check")
    assert done.code == 1
    assert "units" in done.out


def test_one_template_is_shown_as_each_provider_wants_it(suifang: Command) -> None:
    done = suifang("templates", "show", "staff_alarm")
    assert done.code == 0
    assert "${village}" in done.out
    assert "{2}" in done.out
    assert "staff_todo" in done.out


def test_a_template_after_which_a_doctor_phones_says_so(suifang: Command) -> None:
    assert "打电话" in suifang("templates", "show", "question_noted").out


def test_a_template_that_is_not_there_is_told_plainly(suifang: Command) -> None:
    done = suifang("templates", "show", "nothing")
    assert done.code == EXIT_CONFIGURATION
    assert "no template" in done.err


def test_a_file_of_ids_that_cannot_be_used_is_told_plainly(suifang: Command, ids: Path) -> None:
    ids.write_text("[aliyun.nothing]\n", "utf-8")
    done = suifang("templates", "list")
    assert done.code == EXIT_CONFIGURATION
    assert "SUIFANG_SMS_TEMPLATES_FILE" in done.err


def test_the_example_file_can_be_used_as_it_is(suifang: Command, tmp_path: Path) -> None:
    done = suifang("templates", "example-ids")
    assert done.code == 0
    assert tomllib.loads(done.out).keys() == {"aliyun", "tencent"}
    file = tmp_path / "example.toml"
    file.write_text(example_file(registry()), "utf-8")
    loaded = TemplateIds.load(file)
    assert loaded.of("aliyun", "danger") is None
    assert loaded.state("tencent", "danger") == "pending"


def test_what_a_provider_said_itself_counts_before_the_file(
    suifang: Command, installed: Path, ids: Path
) -> None:
    made = open_installation(load_settings())
    with made.database.transaction() as session:
        session.add(
            TemplateApproval(
                provider="aliyun:main",
                name="danger",
                template_id="SMS_1",
                state="rejected",
                checked_at=clock.now(),
            )
        )
    with made.database.reading() as session:
        told = states(session)
    made.database.dispose()
    found = {row.name: row for row in rows(registry(), TemplateIds.load(ids), told=told)}
    assert found["danger"].states == {"aliyun": "rejected", "tencent": NOT_REGISTERED}
    assert not found["danger"].approved
    assert "没通过" in suifang("templates", "list").out
