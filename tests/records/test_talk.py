"""The conversation by pages, and whom each message is about on a shared phone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from records import announced, outbound, people, talk
from records.reader import Reader
from records.talk import Talk
from tests.inbox.county import County


def said(
    county: County, reader: Reader, person: str, point: str, talked: Talk | None = None
) -> Talk:
    before = talked.began_at if talked else None
    return talk.talk(county.session, county.vault, reader, person, [point], before)


def remind(county: County, person: str, point: str, text: str) -> None:
    draft = outbound.Draft(
        purpose="reminder",
        text_key="reminder",
        body=text,
        send_key=text,
        contact_point_id=point,
        person_id=person,
        expires_at=county.now + timedelta(days=1),
    )
    assert outbound.queue(county.session, county.vault, draft, county.now) is not None


def test_every_message_stands_on_exactly_one_page(
    county: County, doctor: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "MESSAGES_LIMIT", 4)
    person, point = county.person("a")
    for number in range(10):
        # Two in one moment now and then: a page must not be cut between them.
        county.says(point, str(number), ago=timedelta(minutes=100 - number // 2 * 2))
    pages = [said(county, doctor, person, point)]
    while pages[-1].more:
        pages.append(said(county, doctor, person, point, pages[-1]))
    texts = [str(bubble.text) for page in reversed(pages) for bubble in page.bubbles]
    assert sorted(texts) == sorted(str(number) for number in range(10))
    assert len(pages) > 2


def test_on_a_shared_phone_each_message_says_for_whom_it_was(
    county: County, doctor: Reader
) -> None:
    person, point = county.person("a", "李大山")
    wife = people.register(
        county.session,
        county.vault,
        people.Registration("王桂芳", county.places["a"].id),
        county.now,
    )
    people.link(county.session, wife.id, point, county.now, "spouse")
    county.says(point, "她今天 150/90", about=wife.id)
    county.says(point, "在吗")
    remind(county, wife.id, point, "该量血压了")
    found = {bubble.text: bubble.about for bubble in said(county, doctor, person, point).bubbles}
    assert found == {"她今天 150/90": "王桂芳", "在吗": None, "该量血压了": "王桂芳"}


def test_on_a_phone_of_ones_own_nobody_is_named(county: County, doctor: Reader) -> None:
    person, point = county.person("a", "李大山")
    county.says(point, "150/90", about=person)
    remind(county, person, point, "该量血压了")
    assert {one.about for one in said(county, doctor, person, point).bubbles} == {None}


def test_a_person_without_any_phone_has_said_nothing(county: County, doctor: Reader) -> None:
    person, _ = county.person("a")
    empty = talk.talk(county.session, county.vault, doctor, person, [])
    assert (empty.bubbles, empty.more, empty.began_at) == ((), False, None)


def test_words_that_were_announced_stand_there_once(county: County, doctor: Reader) -> None:
    person, point = county.person("a")
    remind(county, person, point, "明天来一趟")
    remind(county, person, point, announced.words_key("明天来一趟"))
    bubbles = said(county, doctor, person, point).bubbles
    assert [bubble.text for bubble in bubbles] == ["明天来一趟"]
