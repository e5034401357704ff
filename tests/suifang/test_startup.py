"""What a process loads at its start, and that its collector works again afterwards."""

import gc
import subprocess
import sys

from suifang import startup


def test_a_worker_imports_nothing_of_the_web() -> None:
    """It sends and thinks; a framework for pages would cost it a second of its start."""
    code = (
        "import sys, suifang.worker; "
        "web = {'fastapi', 'starlette', 'uvicorn', 'inbox', 'jinja2'}; "
        "print(sorted(web & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert loaded.stdout.strip() == "[]"


def test_after_the_start_rubbish_is_collected_and_what_stays_is_not_searched() -> None:
    startup.begin()
    try:
        assert not gc.isenabled()
        startup.end()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.enable()
        gc.unfreeze()
