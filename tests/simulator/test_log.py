import asyncio
import json
from pathlib import Path

import pytest

from simulator.log import Duplicate, Kind, Log, find_duplicates, read_log


def test_only_what_arrived_counts_as_seen() -> None:
    log = Log()
    log.append(Kind.INBOUND, "o-wang", "血压 165/98")
    log.append(Kind.PASSIVE, "o-wang", "请坐下休息")
    log.append(Kind.CUSTOM, "o-li", "别人的")
    log.append(Kind.TEMPLATE, "o-wang", "随访到期")
    log.append(Kind.REFUSED, "o-wang", "out of response count limit")
    assert log.texts_seen("o-wang") == ["请坐下休息", "随访到期"]
    assert log.texts_seen("nobody") == []


def test_the_same_words_twice_on_one_phone_are_a_duplicate() -> None:
    log = Log()
    for openid in ("o-wang", "o-li", "o-wang"):
        log.append(Kind.CUSTOM, openid, "记下了")
    assert log.duplicates() == [Duplicate("o-wang", "记下了", 2)]
    assert log.duplicates("o-li") == []


def test_what_a_patient_repeats_is_not_a_duplicate() -> None:
    log = Log()
    for _ in range(2):
        log.append(Kind.INBOUND, "o-wang", "在吗")
    assert log.duplicates() == []


def test_entries_are_narrowed_by_kind_and_sequence() -> None:
    log = Log()
    first = log.append(Kind.INBOUND, "o-wang", "一")
    log.append(Kind.CUSTOM, "o-wang", "二")
    assert [e.text for e in log.entries("o-wang", after=first.seq)] == ["二"]
    assert [e.text for e in log.entries(None, Kind.INBOUND)] == ["一"]
    assert len(log) == len(list(log)) == 2


def test_a_file_holds_every_entry_as_soon_as_it_happened(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = Log(path)
    log.append(Kind.CUSTOM, "o-wang", "记下了𠮷", msgid=7)
    assert json.loads(path.read_text("utf-8"))["text"] == "记下了𠮷"
    log.append(Kind.CUSTOM, "o-wang", "记下了𠮷")
    log.close()
    assert read_log(path) == list(log)
    assert find_duplicates(read_log(path)) == [Duplicate("o-wang", "记下了𠮷", 2)]


def test_a_log_goes_on_where_the_file_ended(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for text in ("一", "二"):
        log = Log(path)
        log.append(Kind.CUSTOM, "o", text)
        log.close()
    assert [entry.text for entry in read_log(path)] == ["一", "二"]


async def test_waiting_ends_when_the_message_arrives() -> None:
    log = Log()
    waiting = asyncio.create_task(log.until(lambda seen: seen.texts_seen("o") == ["到了"]))
    await asyncio.sleep(0)
    log.append(Kind.CUSTOM, "other", "别人的")
    await asyncio.sleep(0)
    assert not waiting.done()
    log.append(Kind.CUSTOM, "o", "到了")
    await waiting


async def test_waiting_in_vain_ends_too() -> None:
    with pytest.raises(TimeoutError):
        await Log().until(lambda _: False, within=0.01)
