from datetime import datetime, timedelta
from typing import Any

import pytest

from simulator.chat_view import KEPT, bubbles, time_label
from simulator.clock import PEOPLES_ZONE, system_clock
from simulator.line_view import steps
from simulator.log import Entry, Kind

NOW = datetime(2026, 11, 22, 9, 5, tzinfo=PEOPLES_ZONE)


def entry(seq: int, kind: Kind, text: str = "", minutes: float = 0, **details: Any) -> Entry:
    return Entry(seq, NOW + timedelta(minutes=minutes), kind, "o", text, details)


def attempt(seq: int, about: int, number: int, outcome: str) -> Entry:
    return entry(
        seq, Kind.ATTEMPT, about=about, number=number, outcome=outcome, status=0, ms=1.0, reason="x"
    )


def said(seq: int, text: str = "在吗", minutes: float = 0, **details: Any) -> Entry:
    return entry(seq, Kind.INBOUND, text, minutes, **{"type": "text", "msg_id": "1", **details})


@pytest.mark.parametrize(
    ("at", "label"),
    [
        (datetime(2026, 11, 22, 0, 1, tzinfo=PEOPLES_ZONE), "00:01"),
        (datetime(2026, 11, 21, 23, 59, tzinfo=PEOPLES_ZONE), "昨天 23:59"),
        (datetime(2026, 2, 3, 8, 0, tzinfo=PEOPLES_ZONE), "2月3日 08:00"),
        (datetime(2025, 12, 31, 8, 0, tzinfo=PEOPLES_ZONE), "2025年12月31日 08:00"),
    ],
)
def test_times_are_written_as_wechat_writes_them(at: datetime, label: str) -> None:
    assert time_label(at, NOW) == label


def test_a_time_is_shown_first_and_after_five_quiet_minutes() -> None:
    shown = bubbles([said(1), said(2, minutes=4), said(3, minutes=9)], NOW, attempts=3)
    assert [bubble.time for bubble in shown] == ["09:05", "", "09:14"]


@pytest.mark.parametrize(
    ("attempts", "state"),
    [
        ([], "sending"),
        (["unanswered"], "sending"),
        (["unanswered", "accepted"], "sent"),
        (["unanswered", "unanswered", "unanswered"], "failed"),
        (["invalid"], "sent"),
    ],
)
def test_one_s_own_message_shows_how_far_it_got(attempts: list[str], state: str) -> None:
    tries = [attempt(n + 1, 1, n, outcome) for n, outcome in enumerate(attempts, start=1)]
    (bubble,) = bubbles([said(1), *tries], NOW, attempts=3)
    assert bubble.state == state


def test_a_repeat_that_fails_does_not_undo_what_got_through() -> None:
    tries = [attempt(2, 1, 1, "accepted"), attempt(3, 1, 3, "unanswered")]
    (bubble,) = bubbles([said(1), *tries], NOW, attempts=3)
    assert bubble.state == "sent"


def test_each_kind_of_entry_has_its_shape() -> None:
    entries = [
        said(1),
        said(2, "[菜单] 找医生", type="CLICK"),
        said(3, "[关注公众号]", type="subscribe"),
        entry(4, Kind.PASSIVE, "请坐下", about=1),
        entry(5, Kind.CUSTOM, "[图片]", media_id="m"),
        entry(6, Kind.TEMPLATE, "x", title="随访到期", lines=[["时间", "今天"]]),
        entry(7, Kind.SORRY, "无法提供服务"),
        entry(8, Kind.REFUSED, "out of time", errcode=45015),
    ]
    shown = bubbles(entries, NOW, attempts=3)
    shapes = [bubble.shape for bubble in shown]
    assert shapes == ["mine", "grey", "grey", "theirs", "theirs", "card", "grey"]
    assert shown[2].text == "您已关注公众号"
    assert (shown[4].kind, shown[4].media_id) == ("image", "m")
    assert (shown[5].title, shown[5].lines) == ("随访到期", (("时间", "今天"),))


def test_a_long_chat_shows_its_end() -> None:
    shown = bubbles([said(n, f"第{n}条") for n in range(1, KEPT + 11)], NOW, attempts=3)
    assert (len(shown), shown[-1].text) == (KEPT, f"第{KEPT + 10}条")


def test_the_line_tells_the_newest_first_and_an_answer_that_never_came() -> None:
    made = steps([said(1), attempt(2, 1, 1, "unanswered"), entry(3, Kind.NOTICE, "x")])
    assert [step.what for step in made] == ["回调第 1 次：没有应答", "手机发出文字"]
    assert made[0].detail.startswith("x · ")


def test_the_clock_of_the_wall_knows_its_zone() -> None:
    assert system_clock().utcoffset() == timedelta(hours=8)
