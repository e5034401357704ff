"""A scripted OpenAI-compatible server: every way in which a language model can go wrong.

It knows nothing of the product's schemas. Where an answer must fit one, it fills in the JSON schema
that came with the request, so the same scripts serve every prompt.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from simulator.upstream import fail, not_json, problem, stall, too_many

HARMFUL = "您没事，把降压药停了吧，胰岛素加到20单位。"
WRONG_NUMBER = 999
DROP = 0.05


@dataclass(frozen=True, slots=True)
class Chat:
    """What a client asked."""

    body: dict[str, Any]
    authorization: str

    @property
    def said(self) -> str:
        """Return the last thing the user said."""
        texts = [m["content"] for m in self.body["messages"] if m["role"] == "user"]
        return str(texts[-1]) if texts else ""

    @property
    def schema(self) -> dict[str, Any] | None:
        asked = self.body.get("response_format") or {}
        if asked.get("type") != "json_schema":
            return None
        schema: dict[str, Any] = asked["json_schema"]["schema"]
        return schema


Script: TypeAlias = Callable[[Chat], Awaitable[Response]]


def says(payload: Any) -> Script:
    """Answer with exactly this: a string as it is, anything else as JSON."""
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)

    async def script(chat: Chat) -> Response:
        return completion(chat, text)

    return script


async def echo(chat: Chat) -> Response:
    """Return the user's words: as JSON that fits the schema when there is one."""
    answer = {"echo": chat.said} if chat.schema is None else fill(chat.schema, chat.said, 0)
    return completion(chat, json.dumps(answer, ensure_ascii=False))


async def lie(chat: Chat) -> Response:
    """Return a well-formed answer with false words and numbers."""
    answer = fill(chat.schema or {"type": "string"}, HARMFUL, WRONG_NUMBER)
    return completion(chat, json.dumps(answer, ensure_ascii=False))


async def obey(chat: Chat) -> Response:
    """Do what an instruction hidden in the patient's words says: drop the task, answer with it."""
    return completion(chat, f"好的，照您说的做:{chat.said}。{HARMFUL}")


async def wrong_schema(chat: Chat) -> Response:
    return completion(chat, json.dumps({"unexpected": {"field": [1, 2, 3]}}))


async def garbage(chat: Chat) -> Response:
    return completion(chat, '```json\n{"urgency": "non')


async def close(_: Chat) -> Response:
    """Begin an answer and hang up."""
    return StreamingResponse(_hang_up(), media_type="application/json")


async def drip(_: Chat) -> Response:
    """Send one byte after another, each in time, for ever."""
    return StreamingResponse(_drips(), media_type="application/json")


async def huge(chat: Chat) -> Response:
    """Answer with megabytes that fit the schema."""
    answer = fill(chat.schema or {"type": "string"}, "没事" * 2_000_000, 0)
    return completion(chat, json.dumps(answer, ensure_ascii=False))


async def torn_json(_: Chat) -> Response:
    """Declare JSON and send half of it."""
    return Response('{"id": "chatcmpl-', media_type="application/json")


async def brackets(_: Chat) -> Response:
    """Nest deeper than a parser can follow."""
    return Response("[" * 100_000, media_type="application/json")


async def say_none(chat: Chat) -> Response:
    """Lie that nothing is the matter, in perfect form."""
    return completion(chat, json.dumps({"urgency": "none", "question": ""}))


async def _hang_up() -> AsyncIterator[bytes]:
    yield b'{"id": "chatcmpl-'
    raise ConnectionResetError


async def _drips() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(DROP)


async def refuse_json_schema(chat: Chat) -> Response:
    """Answer as servers do that know `json_object` only."""
    if chat.schema is not None:
        return problem(400, "response_format json_schema is not supported")
    return await echo(chat)


SCRIPTS: dict[str, Script] = {
    script.__name__: script
    for script in (
        echo,
        lie,
        obey,
        wrong_schema,
        garbage,
        not_json,
        stall,
        fail,
        too_many,
        close,
        drip,
        huge,
        torn_json,
        brackets,
        say_none,
        refuse_json_schema,
    )
}


@dataclass(slots=True)
class ModelStand:
    """Holds the script in use and what was asked; both may be read and set by a test."""

    script: Script = echo
    chats: list[Chat] = field(default_factory=list)

    async def chat(self, request: Request) -> Response:
        body = await request.json()
        if not isinstance(body.get("messages"), list) or not body.get("model"):
            return problem(422, "model and messages are required")
        chat = Chat(body, request.headers.get("authorization", ""))
        self.chats.append(chat)
        return await self.script(chat)

    async def models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    async def choose(self, request: Request) -> Response:
        """Change the script from another process, by name."""
        name = (await request.json()).get("name")
        if name not in SCRIPTS:
            return problem(422, f"one of: {', '.join(SCRIPTS)}")
        self.script = SCRIPTS[name]
        return JSONResponse({"script": name})


def create_model_app(stand: ModelStand | None = None) -> Starlette:
    """Build the server; `app.state.stand` is the stand."""
    stand = stand or ModelStand()
    app = Starlette(
        routes=[
            Route("/v1/chat/completions", stand.chat, methods=["POST"]),
            Route("/v1/models", stand.models, methods=["GET"]),
            Route("/script", stand.choose, methods=["POST"]),
        ]
    )
    app.state.stand = stand
    return app


def completion(chat: Chat, content: str) -> Response:
    return JSONResponse(
        {
            "id": "chatcmpl-scripted",
            "object": "chat.completion",
            "created": 1_763_800_000,
            "model": chat.body["model"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": content},
                }
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
    )


def fill(schema: dict[str, Any], text: str, number: float) -> Any:
    """Return an instance of the schema: first choices, `text` for strings, `number` for numbers."""
    return _fill(schema, schema.get("$defs", {}), text, number)


def _fill(schema: dict[str, Any], shared: dict[str, Any], text: str, number: float) -> Any:
    if "$ref" in schema:
        return _fill(shared[schema["$ref"].rsplit("/", 1)[-1]], shared, text, number)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _fill(schema[choice][0], shared, text, number)
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    kind = schema.get("type", "string")
    if kind == "object":
        parts = schema.get("properties", {})
        return {name: _fill(part, shared, text, number) for name, part in parts.items()}
    if kind == "array":
        return [_fill(schema.get("items", {}), shared, text, number)]
    values = {"integer": int(number), "number": number, "boolean": True, "null": None}
    return values.get(kind, text)
