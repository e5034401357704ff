"""The one typeface that PDFs and pictures are set in, shipped because a server may have none."""

from __future__ import annotations

from pathlib import Path

TYPEFACE = Path(__file__).parent / "wqy-microhei.ttc"
