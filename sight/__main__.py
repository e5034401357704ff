"""`python -m sight`: a picture through the one pipe, what it shows as JSON through the other."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

# Measured: up to 0.85 GiB of addresses for a page full of words, 0.55 GiB of them in memory.
_MEMORY = 1000 * 1024**2
_PROCESSOR_SECONDS = 60


def main() -> None:
    """Look at one picture."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS))
    sys.stdout.write(json.dumps(_seen(sys.stdin.buffer.read()), ensure_ascii=True))


def _seen(content: bytes) -> dict[str, Any]:
    from sight.picture import UnreadableError, opened  # noqa: PLC0415 - behind the limits

    try:
        pixels = opened(content)
    except UnreadableError as error:
        return {"what": "unreadable", "why": str(error), "text": ""}
    from sight.looking import look  # noqa: PLC0415 - not for a file that is no picture
    from sight.models import Networks  # noqa: PLC0415

    return look(pixels, Networks()).as_mapping()


if __name__ == "__main__":
    main()
