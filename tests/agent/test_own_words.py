"""我的血压, 改时间, 找医生: what a patient asks for in a few words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlmodel import col, select

from agent.context import Member, Past
from agent.decision import Decision
from agent.picture import Chart, Series, draw
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Background, Programme
from records import readings, tasks
from records.db import Database
from records.readings import Provenance
from records.tables import ContactPoint, Facility, OutboundMessage, Person, Practitioner, Task
from records.vault import Vault
from tests.agent.scene import Village, keys, patient

Thought = Callable[..., Decision]
SMS = 134


def pressure(now: datetime, systolic: float, diastolic: float, days: float = 0) -> Past:
    at = now - timedelta(days=days)
    return Past(
        f"bp{days}", Reading(Kind.BP, systolic=systolic, diastolic=diastolic), at, at, "stored"
    )


def glucose(
    now: datetime, value: float, days: float = 0, context: GlucoseContext | None = None
) -> Past:
    at = now - timedelta(days=days)
    return Past(f"g{days}", Reading(Kind.GLUCOSE, value=value, context=context), at, at, "stored")


def holder(*history: Past, background: Background | None = None) -> tuple[Member, ...]:
    changes = {"background": background} if background else {}
    return (patient(history=history, **changes),)  # type: ignore[arg-type]


# --- 我的血压, 我的血糖 -----------------------------------------------------------------------------


def test_without_values_she_is_told_how_to_send_one(thought: Thought) -> None:
    assert keys(thought("我的血压")) == ["mine.none"]


@pytest.mark.parametrize(
    ("week", "key"),
    [
        ([(128, 78), (132, 82)], "mine.week_within"),
        ([(152, 92), (148, 88)], "mine.week_above"),
        ([(86, 58), (84, 60)], "mine.week_low"),
        ([(128, 78)], "mine.last_within"),
        ([(152, 92)], "mine.last_above"),
        ([(86, 58)], "mine.last_low"),
        # The last one is high though the week is not: she is not told to carry on.
        ([(178, 100), (120, 70), (118, 72), (116, 70)], "mine.last_above"),
    ],
)
def test_the_last_value_and_the_week_stand_beside_the_line(
    thought: Thought, now: datetime, week: list[tuple[int, int]], key: str
) -> None:
    history = [pressure(now, *pair, days=day) for day, pair in enumerate(week)]
    decision = thought("我的血压", members=holder(*history))
    assert keys(decision)[0] == key
    assert "{}/{}".format(*week[0]) in decision.reply
    assert len(decision.reply) <= SMS
    assert decision.picture is None


def test_values_older_than_a_week_are_in_no_average(thought: Thought, now: datetime) -> None:
    history = (pressure(now, 128, 78, 8), pressure(now, 132, 82, 9))
    decision = thought("我的血压", members=holder(*history))
    assert keys(decision) == ["mine.last_within", "mine.before"]
    assert "11月14日132/82" in decision.reply


def test_the_old_have_their_own_line(thought: Thought, now: datetime) -> None:
    elder = Background(age=80, conditions=frozenset({Programme.HYPERTENSION}))
    decision = thought("我的血压", members=holder(pressure(now, 146, 80), background=elder))
    assert keys(decision)[0] == "mine.last_within"
    assert "150/90" in decision.reply


def test_a_pregnant_woman_is_told_her_value_and_no_verdict(thought: Thought, now: datetime) -> None:
    woman = holder(pressure(now, 138, 86), background=Background(age=30, pregnant=True))
    assert keys(thought("我的血压", members=woman))[0] == "mine.last_plain"


@pytest.mark.parametrize(
    ("value", "context", "key", "line"),
    [
        (6.8, GlucoseContext.FASTING, "mine.last_within", "7.0"),
        (7.0, GlucoseContext.FASTING, "mine.last_above", "7.0"),
        (9.1, GlucoseContext.POSTPRANDIAL, "mine.last_within", "10.0"),
        (3.6, None, "mine.last_low", ""),
    ],
)
def test_a_glucose_is_set_beside_the_line_of_its_time(
    thought: Thought,
    now: datetime,
    value: float,
    context: GlucoseContext | None,
    key: str,
    line: str,
) -> None:
    decision = thought("我的血糖", members=holder(glucose(now, value, context=context)))
    assert keys(decision)[0] == key
    assert line in decision.reply


def test_who_asks_for_all_is_told_all(thought: Thought, now: datetime) -> None:
    history = (pressure(now, 128, 78), glucose(now, 6.1, context=GlucoseContext.FASTING))
    decision = thought("我的记录", members=holder(*history), pictures=True)
    assert keys(decision) == ["mine.last_within", "mine.last_within"]
    assert decision.picture is not None


@pytest.mark.parametrize("words", ["我血压多少啊", "俺的血压", "请问我的血压", "血压图"])
def test_the_same_is_asked_in_many_ways(thought: Thought, now: datetime, words: str) -> None:
    assert keys(thought(words, members=holder(pressure(now, 128, 78))))[0] == "mine.last_within"


def test_a_daughter_sees_her_mothers_values_only_when_the_mother_agreed(
    thought: Thought, now: datetime
) -> None:
    def mother(*, shared: bool) -> tuple[Member, ...]:
        return (patient("mother", history=(pressure(now, 128, 78),), shared=shared),)

    assert keys(thought("我的血压", members=mother(shared=False))) == ["reading.history_none"]
    told = thought("我的血压", members=mother(shared=True), pictures=True)
    assert told.reply.startswith("王桂芳最近一次")
    assert told.picture is not None


def test_two_peoples_values_are_never_drawn_together(thought: Thought, now: datetime) -> None:
    members = (
        patient("mother", history=(pressure(now, 128, 78),), shared=True),
        patient("father", history=(pressure(now, 150, 92),), shared=True, name="李大山"),
    )
    decision = thought("我的血压", members=members, pictures=True)
    assert decision.reply.count("最近一次") == 2
    assert decision.picture is None


# --- the picture ---------------------------------------------------------------------------------


def charts(now: datetime, thought: Thought) -> dict[str, bytes]:
    many = [pressure(now, 120 + 7 * d % 41, 70 + 5 * d % 31, d * 3) for d in range(14)]
    wild = [pressure(now, *pair, d) for d, pair in enumerate([(98, 58), (240, 130), (145, 90)])]
    sugars = [glucose(now, 5 + d, d, GlucoseContext.FASTING if d % 2 else None) for d in range(6)]
    shapes = {"one": many[:1], "ten": many, "wild": wild, "sugar": sugars, "half": [many[0]]}
    found = {}
    for name, history in shapes.items():
        words = "我的血糖" if name == "sugar" else "我的血压"
        decision = thought(words, members=holder(*history), pictures=True)
        assert decision.picture is not None
        found[name] = decision.picture.content
    return found


def test_every_shape_of_values_makes_a_small_picture(thought: Thought, now: datetime) -> None:
    for name, content in charts(now, thought).items():
        assert len(content) <= 100_000, name
        picture = Image.open(BytesIO(content))
        assert (picture.format, picture.width) == ("PNG", 720), name
        dark = picture.convert("L").point(lambda shade: 255 if shade < 128 else 0)
        inked = dark.histogram()[255]
        assert inked > 10_000, name


def test_the_same_values_make_the_same_picture_and_others_another(
    thought: Thought, now: datetime
) -> None:
    made = charts(now, thought)
    assert made == charts(now, thought)
    assert len({made["one"], made["ten"], made["wild"], made["sugar"]}) == 4
    assert made["one"] == made["half"]


def test_a_value_that_was_not_measured_leaves_a_gap() -> None:
    days = ((11, 1), (11, 2))
    upper, lower = Series("高压", (150.0, 140.0), 140), Series("低压", (None, None), 90)
    chart = Chart("我的血压", "", "140", "", "", "", days, (upper, lower))
    full = Chart("我的血压", "", "140", "", "", "", days, (upper, Series("低压", (90.0, 80.0), 90)))
    assert draw(chart) != draw(full)


def test_few_sends_left_leave_the_picture_out(
    database: Database, vault: Vault, now: datetime
) -> None:
    village = _measured(database, vault, now)
    _window(village, left=2)
    assert len(village.say("我的血压")) == 1


def test_the_words_and_the_picture_are_two_rows_in_that_order(
    database: Database, vault: Vault, now: datetime
) -> None:
    village = _measured(database, vault, now)
    _window(village, left=5)
    words, told = village.say("我的血压")
    assert "128/78" in words
    assert told == "（发了一张血压图）"
    with database.reading() as session:
        rows = session.exec(select(OutboundMessage).order_by(col(OutboundMessage.created_at))).all()
        assert [row.picture_sealed is not None for row in rows] == [False, True]
        assert rows[1].send_key == f"{rows[0].send_key}:picture"


def _measured(database: Database, vault: Vault, now: datetime) -> Village:
    village = Village(database, vault, now)
    with database.transaction() as session:
        for days in (100, 1):
            at = now - timedelta(days=days)
            readings.store(
                session,
                village.patient.id,
                Reading(Kind.BP, systolic=128, diastolic=78),
                Provenance(),
                taken_at=at,
                now=at,
            )
    return village


def _window(village: Village, *, left: int) -> None:
    with village.database.transaction() as session:
        contact = session.get_one(ContactPoint, village.contact_id)
        contact.window_until, contact.window_left = village.now + timedelta(hours=1), left
        session.add(contact)


# --- 改时间 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "hour", "said"),
    [
        ("改到晚上7点", 19, "晚上7点"),
        ("早上九点发", 9, "早上9点"),
        ("能不能改到下午", 15, "下午3点"),
        ("中午提醒我", 12, "中午12点"),
        ("改到晚上十点", 19, "晚上7点"),
        ("早上6点发给我", 8, "早上8点"),
        ("别那么早", 10, "早上10点"),
        ("那晚一点再发吧", 10, "早上10点"),
        ("太晚了", 8, "早上8点"),
    ],
)
def test_an_hour_is_kept_within_the_hours_in_which_we_may_write(
    thought: Thought, words: str, hour: int, said: str
) -> None:
    decision = thought(words)
    assert decision.reminder_hour == hour
    assert said in decision.reply


@pytest.mark.parametrize("words", ["改时间", "换个时间", "时间改一下"])
def test_without_an_hour_she_is_asked_for_one(thought: Thought, words: str) -> None:
    asked = thought(words)
    assert keys(asked) == ["mine.time_ask"]
    assert thought("七点", awaiting=asked.awaiting).reminder_hour == 19
    assert thought("晚上7点吧", awaiting=asked.awaiting).reminder_hour == 19


@pytest.mark.parametrize(
    "words",
    ["晚上8点发烧了", "早上8点量的150/90", "降压药改到晚上吃行吗", "七点", "我晚点发给你血压"],
)
def test_other_sentences_with_a_time_change_no_hour(thought: Thought, words: str) -> None:
    assert thought(words).reminder_hour is None


def test_the_hour_is_kept_with_the_phone(database: Database, vault: Vault, now: datetime) -> None:
    village = Village(database, vault, now)
    village.say("改到晚上7点")
    assert village.contact().reminder_hour == 19


# --- 找医生 ------------------------------------------------------------------------------------------


def _requests(village: Village) -> list[Task]:
    with village.database.reading() as session:
        return list(session.exec(select(Task).where(Task.reason == "asked_for_doctor")).all())


def _rings(village: Village) -> list[OutboundMessage]:
    with village.database.reading() as session:
        return list(
            session.exec(
                select(OutboundMessage).where(OutboundMessage.text_key == "notice.patient_asks")
            ).all()
        )


def test_a_request_rings_once_while_it_stands(
    database: Database, vault: Vault, now: datetime
) -> None:
    village = Village(database, vault, now)
    first = village.say("找医生")[-1]
    again = village.say("转人工")[-1]
    assert "马上告诉" in first
    assert "120" in first
    assert "已经转告" in again
    [request], [ring] = _requests(village), _rings(village)
    assert ring.next_attempt_at <= village.now
    with database.transaction() as session:
        tasks.close_task(session, request.id, by="d", outcome="reached", now=village.now)
    village.say("人工")
    assert (len(_requests(village)), len(_rings(village))) == (2, 2)


def test_at_night_the_doctor_is_rung_in_the_morning(
    database: Database, vault: Vault, now: datetime
) -> None:
    village = Village(database, vault, now)
    village.later(hours=14)
    said = village.say("找医生")[-1]
    assert "明天早上8点上班" in said
    [ring] = _rings(village)
    assert ring.next_attempt_at == now + timedelta(hours=23)


@pytest.mark.parametrize("county", [True, False])
def test_for_who_belongs_nowhere_the_county_alone_is_rung_and_else_nobody(
    database: Database, vault: Vault, now: datetime, *, county: bool
) -> None:
    village = Village(database, vault, now)
    roles = ["township_doctor", "township_doctor", *(["county_duty"] if county else [])]
    with database.transaction() as session:
        for number, role in enumerate(roles):
            place = Facility(id=f"p{number}", kind="county", name="别处", path=f"p{number}/")
            session.add(place)
            session.flush()
            session.add(
                Practitioner(
                    id=f"{number}-{role}",
                    facility_id=place.id,
                    role=role,
                    login=f"d{number}",
                    password_hash="x",
                    created_at=now,
                )
            )
        session.get_one(Person, village.patient.id).facility_id = None
    said = village.say("找医生")[-1]
    rung = [ring.practitioner_id for ring in _rings(village)]
    assert rung == (["2-county_duty"] if county else [])
    assert ("马上告诉" in said) is county
    assert len(_requests(village)) == 1


def test_with_nobody_on_duty_nothing_is_promised(thought: Thought) -> None:
    assert keys(thought("找医生", on_duty=False)) == ["mine.doctor_nobody"]


def test_the_doctor_is_called_by_name(thought: Thought) -> None:
    assert "李建国医生" in thought("找医生", on_duty=True, doctor="李建国医生").reply
