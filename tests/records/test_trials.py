"""Trials of drafts as rows: asked for, claimed by one worker, and told."""

from __future__ import annotations

from datetime import datetime

import pytest

from records import trials
from records.reader import Reader
from records.trials import Difference, Reply
from tests.inbox.county import County, there

SAID = Reply("answer", ("dm.fruit",), "吃半个。")


@pytest.fixture
def curator(county: County) -> Reader:
    return county.readers["curator"]


def test_the_oldest_is_claimed_once_and_taken_over_when_its_worker_is_gone(
    county: County, curator: Reader, now: datetime
) -> None:
    session = county.session
    first = trials.request(session, curator, "dm.fruit", 1, now)
    second = trials.request(session, curator, "dm.diet", 1, now + trials.LEASE)
    assert there(trials.claim(session, now)).id == first
    assert there(trials.claim(session, now)).id == second
    assert trials.claim(session, now) is None
    assert not trials.anything_to_do(session, now)
    trials.advance(session, second, 3, 9, now + trials.LEASE)
    assert there(trials.claim(session, now + trials.LEASE)).id == first


def test_what_was_found_is_told_to_the_end(county: County, curator: Reader, now: datetime) -> None:
    session = county.session
    trial_id = trials.request(session, curator, "dm.fruit", 1, now)
    trials.claim(session, now)
    found = (Difference("能吃吗", Reply("unknown", (), ""), SAID),)
    trials.finish(session, county.vault, trial_id, found, 1, "edition", now)
    session.expire_all()
    row = there(trials.find(session, "dm.fruit", trial_id))
    assert (row.state, row.changed, row.edition) == ("done", 1, "edition")
    assert trials.differences(session, county.vault, curator, row) == found
    trials.fail_running(session, trial_id, "broken", now)
    session.expire_all()
    assert row.state == "done"
    assert trials.find(session, "dm.diet", trial_id) is None


def test_what_cannot_be_opened_is_nothing(county: County, curator: Reader, now: datetime) -> None:
    session = county.session
    row = there(trials.find(session, "x.y", trials.request(session, curator, "x.y", 1, now)))
    assert trials.differences(session, county.vault, curator, row) == ()
    row.result_sealed = b"spoilt"
    assert trials.differences(session, county.vault, curator, row) == ()
