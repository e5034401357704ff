"""Nothing leaves the machine unasked: tracing, telemetry and inherited model keys are switched off.

Call `silence_telemetry` before importing LangGraph, Chroma or the OpenAI client: some of them read
the environment once, when they are imported.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

_FORCED = {
    "LANGSMITH_TRACING": "false",
    "LANGSMITH_TRACING_V2": "false",
    "LANGCHAIN_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "ANONYMIZED_TELEMETRY": "False",
    "OTEL_SDK_DISABLED": "true",
    "DO_NOT_TRACK": "1",
}

# The libraries would read these silently; the model's address and key come from `Settings` only.
_REMOVED = ("OPENAI_", "LANGSMITH_", "LANGCHAIN_", "CHROMA_")


def silence_telemetry(environment: MutableMapping[str, str] | None = None) -> None:
    """Force every known switch to off and drop variables that libraries would obey."""
    variables = os.environ if environment is None else environment
    for name in [name for name in variables if name.startswith(_REMOVED)]:
        del variables[name]
    variables.update(_FORCED)
