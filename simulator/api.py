"""The HTTP API of the platform, `/cgi-bin/…`, as WeChat documents it."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.account import AccountSide
from simulator.errors import ApiError
from simulator.messages import seconds
from simulator.platform import Platform

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")
OK = {"errcode": 0, "errmsg": "ok"}


class Api:
    """The endpoints; a failed call is a 200 with `errcode` in the body."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._account = AccountSide(platform)

    def routes(self) -> list[Route]:
        table: list[tuple[str, str, Endpoint, bool]] = [
            ("POST", "stable_token", self.stable_token, False),
            ("GET", "token", self.token, False),
            ("POST", "message/custom/send", self.custom_send, True),
            ("POST", "message/template/send", self.template_send, True),
            ("POST", "message/subscribe/bizsend", self.subscription_send, True),
            ("GET", "template/get_all_private_template", self.own_templates, True),
            ("GET", "/wxaapi/newtmpl/gettemplate", self.subscribed_templates, True),
            ("GET", "media/get", self.media_get, True),
            ("POST", "media/upload", self.media_upload, True),
            ("POST", "qrcode/create", self.qrcode_create, True),
            ("POST", "menu/create", self.menu_create, True),
            ("GET", "menu/get", self.menu_get, True),
            ("GET", "menu/delete", self.menu_delete, True),
        ]
        return [
            Route(_full(path), self._guarded(path, endpoint, needs_token), methods=[method])
            for method, path, endpoint, needs_token in table
        ]

    async def stable_token(self, request: Request) -> Response:
        body = await _json(request)
        self._check_client(body)
        force = body.get("force_refresh") is True
        value, lasts = self._platform.tokens.stable(self._platform.clock(), force=force)
        return JSONResponse({"access_token": value, "expires_in": lasts})

    async def token(self, request: Request) -> Response:
        self._check_client(dict(request.query_params))
        value, lasts = self._platform.tokens.plain(self._platform.clock())
        return JSONResponse({"access_token": value, "expires_in": lasts})

    async def custom_send(self, request: Request) -> Response:
        if ESCAPED.search(await request.body()):
            raise ApiError(40033)
        self._account.send_custom(await _json(request))
        return JSONResponse(OK)

    async def template_send(self, request: Request) -> Response:
        msgid = self._account.send_template(await _json(request))
        return JSONResponse({**OK, "msgid": msgid})

    async def subscription_send(self, request: Request) -> Response:
        msgid = self._account.send_subscription(await _json(request))
        told = {"msgid": msgid} if self._platform.settings.tells_msgid else {}
        return JSONResponse({**OK, **told})

    async def own_templates(self, _: Request) -> Response:
        specs = self._platform.templates.listed("template")
        rows = [
            {"template_id": one.template_id, "title": one.title, "content": one.content}
            for one in specs
        ]
        return JSONResponse({"template_list": rows})

    async def subscribed_templates(self, _: Request) -> Response:
        specs = self._platform.templates.listed("one_time", "long_term")
        rows = [
            {
                "priTmplId": one.template_id,
                "title": one.title,
                "content": one.content,
                "type": 2 if one.kind == "one_time" else 3,
            }
            for one in specs
        ]
        return JSONResponse({**OK, "data": rows})

    async def media_get(self, request: Request) -> Response:
        media_id = request.query_params.get("media_id", "")
        medium = self._platform.media.fetch(media_id, self._platform.clock())
        disposition = f'attachment; filename="{medium.media_id}.{medium.ending}"'
        headers = {"content-disposition": disposition}
        return Response(medium.content, media_type=medium.content_type, headers=headers)

    async def media_upload(self, request: Request) -> Response:
        async with request.form() as form:
            upload = form.get("media")
            if not isinstance(upload, UploadFile):
                raise ApiError(41005)
            content, content_type = await upload.read(), upload.content_type or ""
        kind = request.query_params.get("type", "")
        medium = self._platform.media.keep(kind, content, content_type, self._platform.clock())
        return JSONResponse(
            {
                "type": medium.kind,
                "media_id": medium.media_id,
                "created_at": seconds(medium.created_at),
            }
        )

    async def qrcode_create(self, request: Request) -> Response:
        ticket = self._platform.tickets.create(await _json(request), self._platform.clock())
        lasts = {"expire_seconds": ticket.expire_seconds} if ticket.expire_seconds else {}
        return JSONResponse({"ticket": ticket.value, **lasts, "url": ticket.url})

    async def menu_create(self, request: Request) -> Response:
        if ESCAPED.search(await request.body()):
            raise ApiError(40033)
        self._platform.menu.create(await _json(request))
        return JSONResponse(OK)

    async def menu_get(self, _: Request) -> Response:
        return JSONResponse(self._platform.menu.get())

    async def menu_delete(self, _: Request) -> Response:
        self._platform.menu.delete()
        return JSONResponse(OK)

    def _guarded(self, path: str, endpoint: Endpoint, needs_token: bool) -> Endpoint:
        async def call(request: Request) -> Response:
            try:
                if needs_token:
                    token = request.query_params.get("access_token")
                    self._platform.tokens.check(token, self._platform.clock())
                    self._platform.daily.count(path, self._platform.clock())
                return await endpoint(request)
            except ApiError as error:
                return JSONResponse(error.as_json())

        return call

    def _check_client(self, fields: dict[str, Any]) -> None:
        if fields.get("grant_type") != "client_credential":
            raise ApiError(40002)
        if fields.get("appid") != self._platform.settings.app_id:
            raise ApiError(40013)
        if fields.get("secret") != self._platform.settings.secret:
            raise ApiError(40125)


def _full(path: str) -> str:
    return path if path.startswith("/") else f"/cgi-bin/{path}"


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise ApiError(47001) from None
    if not isinstance(body, dict):
        raise ApiError(47001)
    return body
