"""The web process: pages and callbacks. Imports neither LangGraph nor Chroma."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

from inbox.app import create_app
from inbox.deps import InboxDeps
from language.judgement import judge
from language.reader import read
from suifang import callbacks, clock, identity_sources, startup
from suifang.completeness import is_loopback
from suifang.errors import ConfigurationError
from suifang.installation import Installation
from suifang.offers import offers_of
from suifang.ways import providers_of


def build(installation: Installation) -> FastAPI:
    """The web application of an installation."""
    loopback = is_loopback(installation.settings.host)
    if installation.settings.demo and not loopback:
        msg = "The demonstration's accounts are public, so it only runs on 127.0.0.1."
        raise ConfigurationError(msg)
    return create_app(
        InboxDeps(
            database=installation.database,
            vault=installation.vault,
            clock=clock.now,
            loopback=loopback,
            routers=callbacks.routes(installation, clock.now),
            picture_of=callbacks.picture_of(installation),
            sources=identity_sources.sources(installation),
            texts=bool(installation.settings.sms_route),
            ways=providers_of(installation.settings),
            offers=offers_of(installation.settings),
        )
    )


def run(installation: Installation) -> None:
    """Serve until told to stop."""
    settings = installation.settings
    # The first message would wait for the lexicons and the rules.
    judge(read("您好"))
    app = build(installation)
    startup.end()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
    )
