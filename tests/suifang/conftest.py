import os
import re

import pytest

_OTHERS = re.compile(r"SUIFANG_|OPENAI_|LANGSMITH_|LANGCHAIN_|CHROMA_")


@pytest.fixture(autouse=True)
def _a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if _OTHERS.match(name)]:
        monkeypatch.delenv(name)
