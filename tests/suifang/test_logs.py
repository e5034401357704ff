import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest
import structlog

from suifang.logs import configure_logs

NAME, PHONE, WORDS = "王桂兰", "13812345678", "头痛得厉害"


@pytest.fixture
def stream() -> io.StringIO:
    made = io.StringIO()
    configure_logs("info", "json", made)
    return made


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_with_ids_counts_and_codes_is_written_whole(stream: io.StringIO) -> None:
    row = "0199e1c2-1111-7000-8000-138123456789"
    structlog.get_logger("turn").info("turn.saved", turn_id=row, count=2, reasons=["bp_crisis"])
    [line] = _lines(stream)
    assert line["event"] == "turn.saved"
    assert line["turn_id"] == row
    assert line["count"] == 2
    assert line["reasons"] == ["bp_crisis"]
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


def test_unknown_keys_are_dropped_and_counted(stream: io.StringIO) -> None:
    structlog.get_logger().info("turn.saved", body=WORDS, patient=NAME, count=1)
    [line] = _lines(stream)
    assert line["dropped"] == 2
    assert line["count"] == 1
    assert WORDS not in stream.getvalue()
    assert NAME not in stream.getvalue()


@pytest.mark.parametrize(
    "value", [NAME, PHONE, "my head aches", [WORDS], {"name": NAME}, {PHONE: 1}, object()]
)
def test_a_known_key_cannot_smuggle_words_or_phones(stream: io.StringIO, value: object) -> None:
    structlog.get_logger().info("turn.saved", reason=value)
    [line] = _lines(stream)
    assert "withheld" in json.dumps(line["reason"])
    assert PHONE not in stream.getvalue()
    assert NAME not in stream.getvalue()


def test_words_in_the_place_of_an_event_are_withheld(stream: io.StringIO) -> None:
    structlog.get_logger().warning(f"cannot read {WORDS}")
    [line] = _lines(stream)
    assert line["event"] == "withheld"


def test_an_exception_keeps_its_class_and_place_and_loses_its_words(stream: io.StringIO) -> None:
    try:
        try:
            int(WORDS)
        except ValueError as error:
            raise RuntimeError(PHONE) from error
    except RuntimeError:
        structlog.get_logger().exception("turn.failed")
    [line] = _lines(stream)
    assert line["exception"].startswith("RuntimeError at suifang/test_logs.py:")
    assert "< ValueError at suifang/test_logs.py:" in line["exception"]
    assert WORDS not in stream.getvalue()
    assert PHONE not in stream.getvalue()


def test_an_exception_may_be_given_as_a_value(stream: io.StringIO) -> None:
    structlog.get_logger().error("turn.failed", exc_info=KeyError(NAME))
    structlog.get_logger().error("turn.failed", exc_info=False)
    first, second = _lines(stream)
    assert first["exception"] == "KeyError at ?"
    assert "exception" not in second


def test_a_library_line_keeps_who_and_where_and_loses_what(stream: io.StringIO) -> None:
    logging.getLogger("wechatpy").warning("GET /token?secret=%s", "hush")
    [line] = _lines(stream)
    assert line["logger"] == "wechatpy"
    assert line["level"] == "warning"
    assert line["place"].startswith("test_logs:")
    assert "hush" not in stream.getvalue()


def test_a_library_exception_loses_its_words_too(stream: io.StringIO) -> None:
    try:
        Path(WORDS).read_text()
    except OSError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    [line] = _lines(stream)
    assert line["exception"].startswith("FileNotFoundError at ")
    assert WORDS not in stream.getvalue()


def test_a_handler_that_a_library_gave_itself_is_taken_away() -> None:
    theirs, ours = io.StringIO(), io.StringIO()
    library = logging.getLogger("uvicorn.error")
    library.addHandler(logging.StreamHandler(theirs))
    library.propagate, library.disabled = False, True
    library.setLevel(logging.CRITICAL)
    configure_logs("info", "json", ours)
    library.warning("openid=hush")
    assert theirs.getvalue() == ""
    assert _lines(ours)[0]["logger"] == "uvicorn.error"


@pytest.mark.parametrize("library", ["httpx", "httpcore", "apscheduler.executors", "openai._base"])
def test_request_lines_of_clients_are_silent(stream: io.StringIO, library: str) -> None:
    logging.getLogger(library).info("HTTP Request: POST https://x/send?access_token=hush")
    logging.getLogger("uvicorn.access").error("GET /wechat?openid=hush")
    assert stream.getvalue() == ""


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    structlog.get_logger().debug("turn.read")
    assert stream.getvalue() == ""


def test_the_console_form_is_for_people() -> None:
    made = io.StringIO()
    configure_logs("debug", "console", made)
    structlog.get_logger().debug("turn.read", count=3)
    assert "turn.read" in made.getvalue()
    assert "count=3" in made.getvalue()
    assert not made.getvalue().startswith("{")
