"""`suifang articles`: what is in force as files, and files that are wrong told in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from inbox.desk import packaged
from knowledge.article import ARTICLES, Article, Review, Signature, parse_article
from knowledge.corpus import digest_of
from knowledge.manuscript import written
from knowledge.source import read_sources
from records import revisions
from records.reader import Reader
from records.revisions import Draft, Vouching
from suifang.errors import EXIT_CONFIGURATION
from suifang.findings import Finding, State
from suifang.installation import Installation
from suifang.publishing import examine_articles
from tests.inbox.county import County
from tests.suifang.conftest import Command

FRUIT = "dm.fruit"
SIGNATURE = Signature("钱教授", "主任医师", date(2026, 11, 20))


@pytest.fixture
def curator(installation: Installation, now: datetime) -> Iterator[Reader]:
    with installation.database.transaction() as session:
        county = County(session, installation.vault, now).build()
    yield county.readers["curator"]
    installation.database.dispose()


def sign(session: Session, curator: Reader, article: Article, now: datetime, file: str) -> None:
    text = written(replace(article, review=Review.SIGNED, signature=SIGNATURE))
    draft = Draft(article.id, text, 0, packaged_digest=file, note="写得更明白")
    vouching = Vouching(SIGNATURE.name, SIGNATURE.title, SIGNATURE.on)
    assert revisions.sign(session, curator, draft, None, vouching, now).done


def signed(
    installation: Installation, curator: Reader, now: datetime, *, file: str = "", **changes: str
) -> Article:
    """An article as somebody signed it at the desk."""
    article = packaged()[FRUIT]
    changed = replace(article, **changes)  # type: ignore[arg-type]
    with installation.database.transaction() as session:
        sign(session, curator, changed, now, file or digest_of(article))
    return changed


def test_an_export_of_what_nobody_changed_is_the_packaged_files(
    suifang: Command, installation: Installation, tmp_path: Path
) -> None:
    installation.database.dispose()
    ran = suifang("articles", "export", str(tmp_path / "out"))
    assert ran.code == 0
    assert f"新 {len(packaged())}，改 0，没变 0" in ran.out
    for path in ARTICLES.glob("*.md"):
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


def test_an_export_touches_only_what_curators_changed(
    suifang: Command, installation: Installation, curator: Reader, tmp_path: Path, now: datetime
) -> None:
    suifang("articles", "export", str(tmp_path))
    (tmp_path / "life.gone.md").write_text("old")
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.md")}
    signed(installation, curator, now, plain="吃半个苹果。")
    ran = suifang("articles", "export", str(tmp_path))
    assert f"~ {FRUIT}.md" in ran.out
    assert "? life.gone.md" in ran.err
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.md")}
    assert {name for name in after if after[name] != before.get(name)} == {f"{FRUIT}.md"}
    text = (tmp_path / f"{FRUIT}.md").read_text(encoding="utf-8")
    article = parse_article(f"{FRUIT}.md", text, read_sources())
    assert (article.plain, article.signature) == ("吃半个苹果。", SIGNATURE)
    assert "改 0" in suifang("articles", "export", str(tmp_path)).out


def test_a_folder_that_cannot_be_written_is_a_sentence(
    suifang: Command, installation: Installation, tmp_path: Path
) -> None:
    installation.database.dispose()
    (tmp_path / "file").write_text("")
    ran = suifang("articles", "export", str(tmp_path / "file"))
    assert ran.code == EXIT_CONFIGURATION
    assert "cannot be written" in ran.err


def test_articles_are_listed_shown_and_their_history_told(
    suifang: Command, installation: Installation, curator: Reader, now: datetime
) -> None:
    signed(installation, curator, now, plain="吃半个苹果。")
    assert "1 篇" in suifang("articles", "list", "--show", "signed").out
    assert "吃半个苹果。" in suifang("articles", "show", FRUIT).out
    told = suifang("articles", "history", FRUIT).out
    assert "钱教授" in told
    assert "写得更明白" in told


@pytest.mark.parametrize(
    "words", [("show", "dm.nothing"), ("history", "dm.nothing"), ("list", "--show", "all_of_them")]
)
def test_what_is_not_there_is_a_sentence(
    suifang: Command, installation: Installation, words: tuple[str, ...]
) -> None:
    installation.database.dispose()
    ran = suifang("articles", *words)
    assert ran.code == EXIT_CONFIGURATION
    assert ran.err.startswith("✗ ")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("audience: dm", "audience: everybody", "x.md: audience must be one of"),
        ("expires: 2027", "expires: 2027-13-45 # ", "x.md: front matter is not YAML"),
        ("expires: ", "until: ", "x.md: field 'expires' is missing"),
        ("- doc: DM_DIET_2017", "- doc: NOBODY", "x.md: sources names no registered document"),
        ("- doc: DM_DIET_2017", "- 5", "x.md: sources names no registered document"),
        ("sources:\n- doc: DM_DIET_2017\n", "sources: 5\n", "x.md: sources must be a list"),
        ("sources:\n- doc: DM_DIET_2017\n", "", "x.md: sources is empty"),
        ("- dm.diet\n", "- dm.nothing\n", "x.md: related names no article: dm.nothing"),
        ("---\n", "", "x.md: front matter must stand between"),
        ("id: x", "id: y", "x.md: id 'y' differs from the file name"),
        ("title: ", "title: [", "x.md: front matter is not YAML"),
    ],
)
def test_a_wrong_file_is_told_by_file_and_field(
    suifang: Command, tmp_path: Path, old: str, new: str, says: str
) -> None:
    source = read_sources()["DM_DIET_2017"]
    article = replace(packaged()[FRUIT], id="x", sources=(source,), related=("dm.diet",))
    text = written(article)
    assert old in text
    path = tmp_path / "x.md"
    path.write_text(text.replace(old, new), encoding="utf-8")
    ran = suifang("articles", "check", str(path))
    assert ran.code == EXIT_CONFIGURATION
    assert f"✗ {says}" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_told(
    suifang: Command, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "x.md"
    if content is not None:
        path.write_bytes(content)
    ran = suifang("articles", "check", str(path))
    assert ran.code == EXIT_CONFIGURATION
    assert "✗ x.md: cannot be read" in ran.err


def test_the_packaged_articles_pass_and_remarks_do_not_fail(
    suifang: Command, tmp_path: Path
) -> None:
    assert suifang("articles", "check").code == 0
    article = replace(packaged()[FRUIT], id="x", body="一句话说得太长" * 20)
    (tmp_path / "x.md").write_text(written(article), encoding="utf-8")
    ran = suifang("articles", "check", str(tmp_path / "x.md"))
    assert ran.code == 0
    assert "! x.md: " in ran.out


def findings(installation: Installation, now: datetime) -> list[Finding]:
    with installation.database.reading() as session:
        return list(examine_articles(session, now))


def test_the_doctor_is_silent_about_a_desk_that_nobody_used(
    installation: Installation, now: datetime
) -> None:
    assert findings(installation, now) == []
    installation.database.dispose()


def test_the_doctor_tells_what_is_not_in_git_yet(
    installation: Installation, curator: Reader, now: datetime
) -> None:
    signed(installation, curator, now, plain="吃半个苹果。")
    (one,) = findings(installation, now)
    assert (one.state, "1 篇" in one.says) == (State.OK, True)


def test_the_doctor_warns_when_the_file_changed_after_the_signature(
    installation: Installation, curator: Reader, now: datetime
) -> None:
    signed(installation, curator, now, file="another file", plain="吃半个苹果。")
    (one,) = findings(installation, now)
    assert one.state is State.WARN
    assert FRUIT in one.says


def test_a_text_that_was_tampered_with_is_an_error(
    installation: Installation, curator: Reader, now: datetime
) -> None:
    signed(installation, curator, now)
    with installation.database.transaction() as session:
        row = revisions.history(session, FRUIT)[0]
        row.manuscript = row.manuscript.replace("苹果", "砒霜")
        session.add(row)
    (one,) = findings(installation, now)
    assert one.state is State.ERROR


def test_expired_articles_are_told(installation: Installation) -> None:
    last = max(article.expires for article in packaged().values())
    after = datetime.combine(last, datetime.min.time()).astimezone().replace(year=last.year + 1)
    (one,) = findings(installation, after)
    installation.database.dispose()
    assert f"等 {len(packaged())} 篇" in one.says
