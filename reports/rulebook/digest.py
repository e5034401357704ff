"""What a signature is bound to: a short hash of a section, and one of all data that decide."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from care.protocol_file import FOLDER
from language.normalise import DATA
from texts.catalogue import SOURCE

LENGTH = 10
# A signature must not change what it signs.
_REVIEW = re.compile(rb"^review = .*$", re.MULTILINE)


def digest(content: Any) -> str:
    """Ten signs that change when anything in the content does."""
    told = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:LENGTH]


@lru_cache(maxsize=1)
def of_all_data() -> str:
    """Of every file that decides: protocols, words, sentences, and the weights of the second ear."""
    return of_files(path for folder in (FOLDER, DATA, SOURCE) for path in folder.rglob("*.*"))


def of_files(paths: Iterable[Path]) -> str:
    """Of these files, their reviews left out; the order in which they come does not matter."""
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(path.name.encode())
        whole.update(_REVIEW.sub(b"", path.read_bytes()))
    return whole.hexdigest()[:LENGTH]
