"""`suifang rules`: the rules in use as a document for clinicians to read, print and sign."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from reports.rulebook.book import book
from reports.rulebook.page import as_html, as_text

screen = Console(stderr=True, soft_wrap=True)


def rules(html: Path | None, text: bool) -> str:
    """Write the page when a file is named; returns the plain text when that is wanted."""
    made = book()
    if html is not None:
        html.write_text(as_html(made), "utf-8")
        left, whole = made.counts["节"]
        screen.print(
            f"{html}: data {made.digest}, {left} of {whole} sections wait for a signature."
        )
    return as_text(made) if text or html is None else ""
