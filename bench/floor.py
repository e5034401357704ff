"""The least an acknowledgement can cost: Starlette, the codec, and one row committed.

The same server, disk and durability as the product, and nothing of what it does with a message.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bench.service import AES_KEY, APP_ID, HOST, TOKEN
from simulator.codec import Codec, read_xml


class Floor:
    """Opens a message, writes it down, says so."""

    def __init__(self, path: Path) -> None:
        self._codec = Codec(TOKEN, AES_KEY, APP_ID)
        self._rows = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._rows.execute("PRAGMA journal_mode=WAL")
        self._rows.execute("PRAGMA synchronous=FULL")
        self._rows.execute("CREATE TABLE messages (id TEXT PRIMARY KEY, body TEXT)")

    async def post(self, request: Request) -> Response:
        sealed = read_xml((await request.body()).decode())["Encrypt"]
        fields = read_xml(self._codec.decrypt(sealed))
        await run_in_threadpool(self._keep, fields["MsgId"], fields["Content"])
        return PlainTextResponse("success")

    def _keep(self, message_id: str, body: str) -> None:
        self._rows.execute("INSERT OR IGNORE INTO messages VALUES (?, ?)", (message_id, body))


async def ready(_: Request) -> Response:
    return PlainTextResponse("")


def serve(port: int, folder: Path) -> None:
    """Serve until ended."""
    floor = Floor(folder / "floor.db")
    routes = [
        Route("/wechat/main", floor.post, methods=["POST"]),
        Route("/ready", ready),
    ]
    app = Starlette(routes=routes)
    uvicorn.run(app, host=HOST, port=port, log_level="warning", access_log=False, ws="none")


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
