"""Revisions of articles: rows that never change, of which one is in force."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

import pytest
from sqlmodel import Session, select

from records import revisions
from records.db import Database
from records.reader import Reader
from records.revisions import Draft, Vouching, digest_of
from records.tables import ArticleRevision, AuditEvent
from records.vault import Vault
from tests.inbox.county import County, there

DR_QIAN = Vouching("钱教授", "主任医师", date(2026, 11, 23))


@pytest.fixture
def curator(county: County) -> Reader:
    return county.readers["curator"]


def draft(text: str, based_on: int = 0, article_id: str = "dm.fruit") -> Draft:
    return Draft(article_id, text, based_on, packaged_digest="p", note="写得更明白")


def signed(session: Session, curator: Reader, text: str, now: datetime) -> int:
    """Draft and sign a text. Returns the number of the signature."""
    last = revisions.newest(session, "dm.fruit")
    kept = revisions.keep(session, curator, draft(text, last.number if last else 0), now)
    of = there(revisions.newest(session, "dm.fruit"))
    done = revisions.sign(
        session, curator, draft(f"{text} signed", kept.number), of.number, DR_QIAN, now
    )
    assert done.done
    return done.number


def in_force(session: Session) -> list[tuple[str, int, str]]:
    return [(one.article_id, one.number, one.manuscript) for one in revisions.in_force(session)]


def test_a_draft_is_not_in_force(county: County, curator: Reader, now: datetime) -> None:
    kept = revisions.keep(county.session, curator, draft("one"), now)
    assert (kept.done, kept.number) == (True, 1)
    assert in_force(county.session) == []
    assert revisions.edition(county.session) == ""


def test_what_is_signed_is_in_force(county: County, curator: Reader, now: datetime) -> None:
    assert signed(county.session, curator, "one", now) == 2
    assert in_force(county.session) == [("dm.fruit", 2, "one signed")]
    row = there(revisions.one(county.session, "dm.fruit", 2))
    assert (row.signer_name, row.signer_title, row.of_number) == ("钱教授", "主任医师", 1)
    assert row.digest == digest_of("one signed")


def test_a_later_draft_leaves_the_signed_text_in_force(
    county: County, curator: Reader, now: datetime
) -> None:
    signed(county.session, curator, "one", now)
    before = revisions.edition(county.session)
    assert revisions.keep(county.session, curator, draft("two", 2), now).done
    assert in_force(county.session) == [("dm.fruit", 2, "one signed")]
    assert revisions.edition(county.session) == before
    assert there(revisions.newest(county.session, "dm.fruit")).state == "draft"


def test_the_edition_changes_with_every_signature_and_withdrawal(
    county: County, curator: Reader, now: datetime
) -> None:
    seen = {revisions.edition(county.session)}
    for text in ("one", "two"):
        signed(county.session, curator, text, now)
        seen.add(revisions.edition(county.session))
    revisions.withdraw(county.session, curator, "dm.fruit", 4, "写错了", now)
    seen.add(revisions.edition(county.session))
    assert len(seen) == 4


def test_what_is_withdrawn_is_not_in_force_and_an_older_one_does_not_come_back(
    county: County, curator: Reader, now: datetime
) -> None:
    signed(county.session, curator, "one", now)
    signed(county.session, curator, "two", now)
    gone = there(revisions.withdraw(county.session, curator, "dm.fruit", 4, "写错了", now))
    assert gone.done
    assert in_force(county.session) == []
    assert revisions.withdraw(county.session, curator, "dm.fruit", 5, "", now) is None
    states = [row.state for row in revisions.history(county.session, "dm.fruit")]
    assert states == ["withdrawn", "signed", "draft", "signed", "draft"]


def test_of_two_who_edit_the_same_text_one_is_told(
    county: County, curator: Reader, now: datetime
) -> None:
    assert revisions.keep(county.session, curator, draft("one"), now).done
    late = revisions.keep(county.session, curator, draft("other"), now)
    assert (late.done, late.number) == (False, 1)
    assert [row.manuscript for row in revisions.history(county.session, "dm.fruit")] == ["one"]


def test_nobody_signs_a_text_that_was_changed_meanwhile(
    county: County, curator: Reader, now: datetime
) -> None:
    revisions.keep(county.session, curator, draft("one"), now)
    of = there(revisions.newest(county.session, "dm.fruit"))
    revisions.keep(county.session, curator, draft("two", 1), now)
    late = revisions.sign(county.session, curator, draft("one signed", 1), of.number, DR_QIAN, now)
    assert (late.done, late.number) == (False, 2)
    assert in_force(county.session) == []


def test_a_text_that_was_tampered_with_is_not_served_and_is_found(
    county: County, curator: Reader, now: datetime
) -> None:
    signed(county.session, curator, "one", now)
    row = there(revisions.one(county.session, "dm.fruit", 2))
    row.manuscript = "吃三片"
    county.session.add(row)
    county.session.flush()
    assert in_force(county.session) == []
    assert revisions.unsound(county.session) == ["dm.fruit"]


def test_the_newest_of_every_article_is_found(
    county: County, curator: Reader, now: datetime
) -> None:
    signed(county.session, curator, "one", now)
    revisions.keep(county.session, curator, draft("x", 0, "life.bath"), now)
    found = {row.article_id: row.state for row in revisions.latest(county.session)}
    assert found == {"dm.fruit": "signed", "life.bath": "draft"}


def test_every_change_stands_in_the_audit_trail_without_a_word_of_the_text(
    county: County, curator: Reader, now: datetime
) -> None:
    signed(county.session, curator, "one", now)
    revisions.withdraw(county.session, curator, "dm.fruit", 2, "写错了", now)
    revisions.note_read(county.session, curator, "dm.fruit", now)
    county.session.flush()
    rows = county.session.exec(select(AuditEvent).where(AuditEvent.subject == "article")).all()
    assert sorted(row.action for row in rows) == [
        "article.drafted",
        "article.read",
        "article.signed",
        "article.withdrawn",
    ]
    assert {row.subject_id for row in rows} == {"dm.fruit"}
    assert not any("one signed" in str(row.detail) or "写错" in str(row.detail) for row in rows)
    assert len(county.session.exec(select(ArticleRevision)).all()) == 3


def test_the_questions_an_article_was_written_for_wait_until_it_is_signed(
    county: County, curator: Reader, now: datetime
) -> None:
    session = county.session
    for number, group in enumerate(("g1", "g2", "g1")):
        wanted = Draft("dm.fruit", f"text {number}", number, group_id=group)
        assert revisions.keep(session, curator, wanted, now).done
    assert set(revisions.groups_waiting(session, "dm.fruit")) == {"g1", "g2"}
    assert revisions.sign(session, curator, draft("text", 3), 3, DR_QIAN, now).done
    assert revisions.groups_waiting(session, "dm.fruit") == ()


def test_authors_are_known_by_name(county: County, curator: Reader, now: datetime) -> None:
    revisions.keep(county.session, curator, draft("one"), now)
    rows = revisions.history(county.session, "dm.fruit")
    names = revisions.authors(county.session, county.vault, rows)
    assert names == {curator.practitioner_id: "钱教授"}


def test_two_who_sign_at_the_same_time_hide_no_withdrawal_after_it(
    database: Database, vault: Vault, now: datetime
) -> None:
    with database.transaction() as session:
        editor = County(session, vault, now).build().readers["curator"]
        one = draft("one", article_id="dm.first")
        revisions.sign(session, editor, one, None, DR_QIAN, now)
    inside, seen = threading.Event(), list[str]()

    def slow() -> None:
        with database.transaction() as session:
            one = draft("two", article_id="dm.fruit")
            revisions.sign(session, editor, one, None, DR_QIAN, now)
            inside.set()
            # Long enough for the other to begin, and to wait for this one's mark.
            threading.Event().wait(0.3)

    def note() -> None:
        with database.reading() as session:
            seen.append(revisions.edition(session))

    with ThreadPoolExecutor(1) as other:
        running = other.submit(slow)
        assert inside.wait(10)
        with database.transaction() as session:
            one = draft("three", article_id="htn.salt")
            revisions.sign(session, editor, one, None, DR_QIAN, now)
        running.result()
    note()
    with database.transaction() as session:
        revisions.withdraw(session, editor, "dm.fruit", 1, "写错了", now)
    note()
    assert len(set(seen)) == 2
