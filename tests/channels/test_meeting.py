"""Two at once on PostgreSQL: somebody opens the chat while a lane decides about its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event

import pytest
from sqlmodel import Session

from channels.announcing import keep_words
from channels.conclusion import conclude
from channels.delivery import Limits
from channels.parcel import Parcel
from channels.preparation import prepare
from records import messages, switches
from records.db import Database
from records.messages import Arrival
from records.vault import Vault
from records.windows import Window
from tests.channels.post_office import PostOffice, accepted
from tests.channels.world import APP_ID, WANG

pytestmark = pytest.mark.slow
LATER = timedelta(minutes=1)


@pytest.fixture
def post(postgres_url: str, vault: Vault, now: datetime) -> Iterator[PostOffice]:
    database = Database(postgres_url)
    made = PostOffice(database, vault, now, limits=Limits(lanes=1))
    made.wechat.templates = ("reply_waiting",)
    made.aliyun.templates = made.tencent.templates = ()
    made.shut()
    made.queue("doctor", text_key="doctor.replied", expires_at=now + timedelta(days=3))
    yield made
    database.dispose()


def open_chat(post: PostOffice) -> None:
    arrival = Arrival(
        channel="wechat",
        account=APP_ID,
        address=WANG,
        external_id="m-1",
        kind="text",
        sent_at=post.now,
        text="您好",
        window=Window(timedelta(hours=48), 5),
    )
    with post.db.transaction() as session:
        messages.accept(session, post.vault, arrival, post.now + LATER, wake_at=post.now)


def during(post: PostOffice, work: Callable[[Session], object]) -> None:
    """Somebody opens the chat while `work` is done and its transaction still open."""
    begun = Event()

    def opened() -> None:
        begun.set()
        open_chat(post)

    with ThreadPoolExecutor(1) as other:
        with post.db.transaction() as session:
            work(session)
            waiting = other.submit(opened)
            begun.wait(5)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
        waiting.result(timeout=10)


async def test_a_chat_opened_while_its_words_are_kept_gets_them(post: PostOffice) -> None:
    with post.db.transaction() as session:
        parcel = prepare(session, post.vault, post.routes, post.limits, post.now)
    assert isinstance(parcel, Parcel)

    def announced(session: Session) -> None:
        conclude(session, parcel, accepted("w1"), post.limits, post.now)
        keep_words(session, post.vault, post.routes, parcel, post.limits, post.now)

    during(post, announced)
    await post.deliver(LATER)
    assert post.wechat.texts == ["记下了"]


async def test_a_chat_opened_while_its_words_look_at_the_window_gets_them(
    post: PostOffice,
) -> None:
    await post.deliver()
    look = timedelta(minutes=10)
    during(post, lambda s: prepare(s, post.vault, post.routes, post.limits, post.now + look))
    await post.deliver(LATER)
    assert post.wechat.texts == ["[reply_waiting]", "记下了"]


async def test_an_answer_that_missed_the_end_of_a_stop_goes_some_minutes_later(
    post: PostOffice,
) -> None:
    post.queue("reply", contact_point_id=post.phone_id, text_key="chat.thanks")
    with post.db.transaction() as session:
        switches.stop(session, switches.EVERYTHING, "operator", post.now)
    with post.db.transaction() as lane:
        prepare(lane, post.vault, post.routes, post.limits, post.now)
        with post.db.transaction() as session:
            switches.resume(session, "operator", post.now)
    await post.deliver(timedelta(minutes=10))
    assert post.wechat.texts == ["[reply_waiting]"], "not only when it expires"
