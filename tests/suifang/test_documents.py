"""What the documents promise is there: commands, settings, decisions, twins."""

import re
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from suifang.cli import app

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
ADRS = sorted((ROOT / "docs/adr").glob("*.md"))
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "docs").rglob("*.md"),
]


def _ids(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_both_commands_stand_at_the_top_of_both_readmes() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        first = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)[0]
        commands = [line.split("#")[0].strip() for line in first.strip().split("\n")]
        assert commands == ["make demo", "make test"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=_ids)
def test_every_make_command_in_a_document_exists(path: Path) -> None:
    text = path.read_text()
    code = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    named = set(re.findall(r"^make ([a-z]+)", code, re.MULTILINE))
    named |= set(re.findall(r"`make ([a-z]+)`", text))
    assert named <= TARGETS


@pytest.mark.parametrize("path", DOCUMENTS, ids=_ids)
def test_every_suifang_command_in_a_document_exists(path: Path) -> None:
    named = set(re.findall(r"(?:\.venv/bin/|`)suifang ([a-z]+)", path.read_text()))
    assert named <= set(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", DOCUMENTS, ids=_ids)
def test_every_link_inside_the_repository_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(((?!https?://)[^)#]+)", path.read_text())
    missing = [link for link in links if not (path.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=_ids)
def test_every_file_that_a_document_names_exists(path: Path) -> None:
    folders = "agent|care|channels|deploy|docs|inbox|knowledge|language|records|reports|schedules|scripts|simulator|suifang|tests|texts"
    named = re.findall(rf"`((?:{folders})/[\w./-]*)`", path.read_text())
    missing = [name for name in named if not (ROOT / name).exists()]
    assert missing == []


def test_the_readmes_are_twins() -> None:
    english, chinese = ((ROOT / name).read_text() for name in ("README.md", "README.zh-CN.md"))
    for pattern in (r"^#+ ", r"^```", r"^\| ", r"^\d\. ", r"^\* "):
        count = len(re.findall(pattern, english, re.MULTILINE))
        assert count == len(re.findall(pattern, chinese, re.MULTILINE)), pattern


def test_decisions_are_numbered_once_and_without_a_gap() -> None:
    numbers = [path.name[:4] for path in ADRS]
    assert numbers == [f"{number:04d}" for number in range(1, len(ADRS) + 1)]


@pytest.mark.parametrize("path", ADRS, ids=_ids)
def test_a_decision_says_why_what_and_at_which_price(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(f"# {int(path.name[:4])}. ")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert [line for line in headings if line != "## Evidence"] == [
        "## Context",
        "## Decision",
        "## Consequences",
    ]


def test_the_changelog_has_a_place_for_clinical_changes() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        assert "### Clinical" in part


def test_make_alone_lists_every_command() -> None:
    shown = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"make ([a-z]+)", shown.stdout)) == TARGETS - {"lint"}


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_make_command_can_be_planned(target: str) -> None:
    done = subprocess.run(
        ["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_ci_runs_what_people_run() -> None:
    assert "make test" in (ROOT / ".ci/run").read_text()
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    for command in ("ruff check", "ruff format", "mypy --explicit-package-bases .", "lint-imports"):
        assert command in MAKEFILE
        assert command in hooks


@pytest.mark.parametrize("name", ["scripts/setup.sh", "scripts/test-needs.sh", ".ci/run"])
def test_scripts_are_executable_and_strict(name: str) -> None:
    path = ROOT / name
    assert path.stat().st_mode & 0o111
    assert "set -euo pipefail" in path.read_text()
    assert subprocess.run(["bash", "-n", str(path)], check=False).returncode == 0


def test_set_up_names_what_is_missing_when_python_is_too_old(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "cat", "dirname", "printf", "rm"):
        (tools / name).symlink_to(
            f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}"
        )
    copy = tmp_path / "scripts"
    copy.mkdir()
    script = copy / "setup.sh"
    script.write_text((ROOT / "scripts/setup.sh").read_text())
    done = subprocess.run(
        [str(tools / "bash"), str(script)],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
