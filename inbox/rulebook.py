"""The rules in use, for every doctor to read: the same document that `suifang rules` prints."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse

from inbox.door import clinician
from records.practitioners import Visitor

router = APIRouter()
# The page carries its own looks, loads nothing and holds nothing that anybody typed.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"


@router.get("/rules")
async def rules(_visitor: Annotated[Visitor, Depends(clinician)]) -> HTMLResponse:
    """To read and to print; it is signed on paper and the signature entered as data."""
    page = await asyncio.to_thread(_page)
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})


@lru_cache(maxsize=1)
def _page() -> str:
    """The data do not change while a process runs."""
    from reports.rulebook.page import as_html  # noqa: PLC0415 - few ever open it

    return as_html()
