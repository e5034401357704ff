"""One row for each provider, shared by every process: tokens, the breaker, trouble."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records import providers
from records.db import Database
from records.providers import Breaker, Turn
from records.tables import ProviderState

ALIYUN = "aliyun:main"
BREAKER = Breaker(failures=3, pause=timedelta(seconds=30), longest=timedelta(minutes=2))


def state(database: Database) -> ProviderState:
    with database.reading() as session:
        return providers.states(session, [ALIYUN])[ALIYUN]


def fail(database: Database, now: datetime) -> bool:
    with database.transaction() as session:
        return providers.note_failure(session, ALIYUN, "busy", BREAKER, now)


def accept(database: Database, now: datetime) -> bool:
    with database.transaction() as session:
        known = providers.states(session, [ALIYUN]).get(ALIYUN)
        return providers.note_answer(session, known, ALIYUN, now)


# --- The bucket -------------------------------------------------------------------------------------


def test_a_full_bucket_gives_a_seconds_worth_and_then_books(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        at = [providers.take(session, ALIYUN, 4.0, Turn.ANSWER, now) for _ in range(6)]
    assert at[:4] == [now] * 4
    assert [(moment - now).total_seconds() for moment in at[4:]] == [0.25, 0.5]


def test_what_is_urgent_goes_at_once_and_others_wait_for_its_debt(
    sqlite_database: Database, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        urgent = [providers.take(session, ALIYUN, 1.0, Turn.AT_ONCE, now) for _ in range(5)]
        assert urgent == [now] * 5
        assert providers.take(session, ALIYUN, 1.0, Turn.ANSWER, now) == now + timedelta(seconds=5)


def test_what_we_start_is_spread_at_half_the_pace(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        at = [providers.take(session, ALIYUN, 10.0, Turn.OURS, now) for _ in range(600)]
    assert sum(moment == now for moment in at) == 6, "a second's worth at our share"
    assert at == sorted(at)
    assert at[-1] - now == timedelta(seconds=599 / 5)


def test_processes_that_take_at_once_never_take_the_same_token(
    database: Database, now: datetime
) -> None:
    def take(_: int) -> datetime:
        with database.transaction() as session:
            return providers.take(session, ALIYUN, 5.0, Turn.ANSWER, now)

    with ThreadPoolExecutor(8) as threads:
        at = sorted(threads.map(take, range(40)))
    assert sum(moment == now for moment in at) == 5
    assert len(set(at[5:])) == 35, "each of the others has a moment of its own"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pauses=st.lists(st.integers(0, 3000), min_size=1, max_size=25),
    rate=st.integers(1, 20),
)
def test_no_second_holds_more_than_the_pace_and_a_full_bucket(
    sqlite_database: Database, now: datetime, pauses: list[int], rate: int
) -> None:
    with sqlite_database.transaction() as session:
        for row in providers.states(session, [ALIYUN]).values():
            session.delete(row)
    going, at = [], now
    with sqlite_database.transaction() as session:
        for pause in pauses:
            at += timedelta(milliseconds=pause)
            going.append(providers.take(session, ALIYUN, float(rate), Turn.ANSWER, at))
    for begin in going:
        within = [one for one in going if begin <= one < begin + timedelta(seconds=1)]
        assert len(within) <= 2 * rate + 1


# --- The breaker ------------------------------------------------------------------------------------


def test_failures_in_a_row_open_the_breaker(database: Database, now: datetime) -> None:
    assert [fail(database, now) for _ in range(3)] == [False, False, True]
    assert providers.shut_until(state(database), now) == now + timedelta(seconds=30)
    assert state(database).last_code == "busy"


def test_one_success_between_them_does_not(sqlite_database: Database, now: datetime) -> None:
    fail(sqlite_database, now)
    fail(sqlite_database, now)
    assert not accept(sqlite_database, now)
    assert not fail(sqlite_database, now)
    assert providers.shut_until(state(sqlite_database), now) is None


def test_calls_that_were_under_way_do_not_make_it_longer(
    sqlite_database: Database, now: datetime
) -> None:
    for _ in range(6):
        fail(sqlite_database, now)
    assert state(sqlite_database).open_until == now + timedelta(seconds=30)


def test_exactly_one_process_tries_again(database: Database, now: datetime) -> None:
    for _ in range(3):
        fail(database, now)
    later = now + timedelta(seconds=31)

    def probe(_: int) -> bool:
        with database.transaction() as session:
            return providers.begin_probe(session, ALIYUN, later, timedelta(seconds=60))

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(probe, range(6))) == 1
    assert providers.shut_until(state(database), later) == later + timedelta(seconds=60)


def test_a_probe_that_fails_doubles_the_rest_up_to_a_limit(
    sqlite_database: Database, now: datetime
) -> None:
    for _ in range(3):
        fail(sqlite_database, now)
    rests, at = [], now
    for _ in range(4):
        at = state(sqlite_database).open_until or at
        assert fail(sqlite_database, at)
        rests.append(((state(sqlite_database).open_until or at) - at).total_seconds())
    assert rests == [60, 120, 120, 120]


def test_a_send_that_is_taken_closes_it(database: Database, now: datetime) -> None:
    for _ in range(3):
        fail(database, now)
    assert accept(database, now + timedelta(minutes=1))
    found = state(database)
    assert (found.failures, found.opened_at, found.open_until) == (0, None, None)
    assert found.last_accepted_at == now + timedelta(minutes=1)


def test_a_no_from_a_provider_that_is_well_closes_it_but_ends_no_trouble(
    sqlite_database: Database, now: datetime
) -> None:
    for _ in range(3):
        fail(sqlite_database, now)
    with sqlite_database.transaction() as session:
        providers.note_trouble(session, ALIYUN, "balance_used_up", now)
        known = providers.states(session, [ALIYUN])[ALIYUN]
        assert providers.note_answer(session, known, ALIYUN, now, accepted=False)
    found = state(sqlite_database)
    assert (found.failures, found.opened_at, found.trouble) == (0, None, "balance_used_up")
    assert found.last_accepted_at is None


def test_a_no_from_a_provider_nobody_knows_is_not_noted(
    sqlite_database: Database, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        assert not providers.note_answer(session, None, ALIYUN, now, accepted=False)
        assert providers.states(session, [ALIYUN]) == {}


def test_an_open_one_cannot_be_probed_before_its_time(
    sqlite_database: Database, now: datetime
) -> None:
    for _ in range(3):
        fail(sqlite_database, now)
    with sqlite_database.transaction() as session:
        assert not providers.begin_probe(session, ALIYUN, now, timedelta(seconds=60))


# --- Trouble and signs of life ------------------------------------------------------------------------


def test_trouble_lasts_from_the_first_refusal_until_a_send_is_taken(
    sqlite_database: Database, now: datetime
) -> None:
    for minutes in (0, 5):
        with sqlite_database.transaction() as session:
            at = now + timedelta(minutes=minutes)
            providers.note_trouble(session, ALIYUN, "balance_used_up", at)
    found = state(sqlite_database)
    assert (found.trouble, found.trouble_since) == ("balance_used_up", now)
    assert accept(sqlite_database, now)
    assert state(sqlite_database).trouble is None


def test_a_quiet_day_writes_little(sqlite_database: Database, now: datetime) -> None:
    assert not accept(sqlite_database, now)
    accept(sqlite_database, now + timedelta(seconds=1))
    assert state(sqlite_database).last_accepted_at == now
    accept(sqlite_database, now + timedelta(seconds=20))
    assert state(sqlite_database).last_accepted_at == now + timedelta(seconds=20)


def test_what_came_in_and_the_last_no_are_noted(sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.transaction() as session:
        providers.note_inbound(session, ALIYUN, now)
        providers.note_code(session, ALIYUN, "isv.MOBILE", now)
    found = state(sqlite_database)
    assert (found.last_inbound_at, found.last_code) == (now, "isv.MOBILE")
