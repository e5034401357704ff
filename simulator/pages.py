"""Renders the simulator's pages; every value is escaped, nothing comes from another site."""

import zlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

HERE = Path(__file__).parent
STATIC = HERE / "static"
TONES = 8


class Pages:
    """The templates in `html/`."""

    def __init__(self, **shared: Any) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "html"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(shared)
        self._environment.filters["tone"] = tone

    def render(self, name: str, **context: Any) -> str:
        return self._environment.get_template(name).render(context)

    def response(self, name: str, **context: Any) -> HTMLResponse:
        return HTMLResponse(self.render(name, **context))


def tone(name: str) -> int:
    """Return the colour of somebody's avatar: the same for the same name on every machine."""
    return zlib.crc32(name.encode()) % TONES
