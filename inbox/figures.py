"""The figures by village and month, each with its definition and source beside it."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
