"""Logs for the operator: event names, ids, counts, codes and durations. Nothing a patient wrote.

What is not known to be harmless is dropped and counted. Lines of libraries keep only their logger,
level and place, because their messages carry addresses with tokens, queries and payloads.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_CHAIN = frozenset(
    {"event", "level", "timestamp", "logger", "exc_info", "_record", "_from_structlog"}
)

# Keys whose values are codes, counts, durations or names of our own parts.
_CODES = (
    "action attempt attempts batch channel code command count due_on error exit_code expired "
    "failed kind mode name number outcome pid place port priority programme purpose reason "
    "reasons result route rules size state status step tick total turns version worker dropped"
)
KNOWN_KEYS = _CHAIN.union(_CODES.split())
_ID_KEY = re.compile(r"[a-z_]+_ids?|id|[a-z_]+_count|[a-z_]+_ms|[a-z_]+_seconds|[a-z_]+_bytes")
_CODE = re.compile(r"[A-Za-z0-9_.:/+\-]{0,120}")
_EVENT = re.compile(r"[A-Za-z][A-Za-z0-9_. \-]{0,80}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_WITHHELD = "withheld"
_MOST_CAUSES = 4

# Their information lines tell nothing that our own events do not, and some carry tokens.
_QUIET = (
    "httpx",
    "httpcore",
    "apscheduler",
    "langgraph",
    "langsmith",
    "openai",
    "chromadb",
    "sqlalchemy",
    "alembic",
)
_MUTE = ("uvicorn.access",)


def configure_logs(level: str = "info", form: str = "auto", stream: TextIO | None = None) -> None:
    """Send everything through one handler, on standard error unless told otherwise."""
    target = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[reduce_library_line, *_shared()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(form, target),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            # A handler that a library gave itself would write past us.
            logger.handlers.clear()
            logger.setLevel(logging.NOTSET)
            logger.propagate, logger.disabled = True, False
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _MUTE:
        logging.getLogger(name).disabled = True
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def keep_known(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop unknown keys, counting them, and withhold values that are not codes."""
    unknown = [key for key in event if key not in KNOWN_KEYS and not _ID_KEY.fullmatch(key)]
    for key in unknown:
        del event[key]
    for key in event.keys() - _CHAIN:
        event[key] = _code(event[key])
    if not _EVENT.fullmatch(str(event.get("event"))):
        event["event"] = _WITHHELD
    if unknown:
        event["dropped"] = len(unknown)
    return event


def reduce_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace a traceback by the error's class and where it happened; its words stay out."""
    info = event.pop("exc_info", None)
    error = _error(info)
    if error is not None:
        event["exception"] = _summary(error)
    return event


def reduce_library_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep which library spoke, how loudly and from where."""
    record: logging.LogRecord = event["_record"]
    event["logger"] = record.name
    event["event"] = "library"
    event["place"] = f"{record.module}:{record.lineno}"
    if record.exc_info:
        event["exc_info"] = record.exc_info
    return event


def _shared() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        keep_known,
        reduce_exception,
    ]


def _renderer(form: str, target: TextIO) -> Processor:
    if form == "console" or (form == "auto" and target.isatty()):
        return structlog.dev.ConsoleRenderer(colors=target.isatty())
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _code(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(_code(key)): _code(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_code(item) for item in value]
    text = str(value)
    if _UUID.fullmatch(text):
        return text
    harmless = _CODE.fullmatch(text) and not _PHONE.search(text)
    return text if harmless else _WITHHELD


def _error(info: Any) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return info[1]  # type: ignore[no-any-return]
    return sys.exception() if info else None


def _summary(error: BaseException) -> str:
    causes = [_one(error)]
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < _MOST_CAUSES:
        causes.append(_one(cause))
        cause = cause.__cause__ or cause.__context__
    return " < ".join(causes)


def _one(error: BaseException) -> str:
    return f"{type(error).__name__} at {_place(error.__traceback__)}"


def _place(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    tail = [f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno}" for frame in frames[-3:]]
    return ", ".join(tail) or "?"
