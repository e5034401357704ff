"""The test bench's own addresses: the log as JSON, the fault switch, callback verification."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.faults import Fault, FaultKind
from simulator.platform import Platform


class Control:
    """Not part of WeChat; for tests and for a judge in another process."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def routes(self) -> list[Route]:
        return [
            Route("/log", self.log, methods=["GET"]),
            Route("/faults", self.add_fault, methods=["POST"]),
            Route("/faults", self.clear_faults, methods=["DELETE"]),
            Route("/verify", self.verify, methods=["POST"]),
        ]

    async def log(self, request: Request) -> Response:
        """Return log entries; `openid` and `after` (a sequence number) narrow them down."""
        openid = request.query_params.get("openid")
        after = int(request.query_params.get("after", 0))
        entries = self._platform.log.entries(openid, after=after)
        return JSONResponse({"entries": [entry.as_json() for entry in entries]})

    async def add_fault(self, request: Request) -> Response:
        """Break something: the fields of `Fault` as JSON."""
        body: dict[str, Any] = await request.json()
        try:
            fault = Fault(kind=FaultKind(body.pop("kind", "")), **body)
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        self._platform.faults.add(fault)
        return JSONResponse({"ok": True})

    async def clear_faults(self, _: Request) -> Response:
        self._platform.faults.clear()
        return JSONResponse({"ok": True})

    async def verify(self, _: Request) -> Response:
        """Ask the callback to echo, as saving its address on the platform would."""
        return JSONResponse({"verified": await self._platform.delivery.verify()})
