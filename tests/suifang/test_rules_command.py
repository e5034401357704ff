"""`suifang rules` writes the page, prints the text, and says how much waits."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from suifang.cli import app


def test_without_a_file_the_text_is_printed() -> None:
    result = CliRunner().invoke(app, ["rules"])
    assert result.exit_code == 0
    assert result.stdout.startswith("随访规则审定稿")


def test_the_page_is_written_and_the_text_only_when_wanted(tmp_path: Path) -> None:
    page = tmp_path / "rules.html"
    result = CliRunner().invoke(app, ["rules", "--html", str(page)])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "脑卒中" in page.read_text("utf-8")
    both = CliRunner().invoke(app, ["rules", "--html", str(page), "--text"])
    assert both.stdout.startswith("随访规则审定稿")
