import os
import subprocess
import sys
from datetime import timedelta

from suifang import clock
from suifang.telemetry import silence_telemetry


def test_inherited_switches_and_keys_are_overruled() -> None:
    environment = {
        "LANGSMITH_TRACING": "true",
        "LANGCHAIN_API_KEY": "k",
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": "https://elsewhere.example",
        "ANONYMIZED_TELEMETRY": "True",
        "PATH": "/bin",
    }
    silence_telemetry(environment)
    assert environment["LANGSMITH_TRACING"] == "false"
    assert environment["LANGCHAIN_TRACING_V2"] == "false"
    assert environment["ANONYMIZED_TELEMETRY"] == "False"
    assert environment["PATH"] == "/bin"
    assert not [name for name in environment if name.startswith("OPENAI_") or "API_KEY" in name]


def test_langsmith_itself_says_that_tracing_is_off() -> None:
    check = (
        "from suifang.telemetry import silence_telemetry; silence_telemetry();"
        "from langsmith.utils import tracing_is_enabled; print(tracing_is_enabled())"
    )
    environment = os.environ | {"LANGSMITH_TRACING": "true", "LANGCHAIN_TRACING_V2": "true"}
    done = subprocess.run(
        [sys.executable, "-c", check], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_the_clock_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)
