"""The two keys that protect the records, and the folder where a first run puts them.

Losing the keys is losing the records, so new ones are never made beside a database that exists.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from records.vault import KeyFormatError, Vault, parse_key
from suifang.errors import ConfigurationError
from suifang.settings import Settings

_FILES = {"secret_key": "secret.key", "index_key": "index.key"}


@dataclass(frozen=True, repr=False)
class Keys:
    """`secret` seals values, `index` makes blind indexes. They are never the same."""

    secret: bytes
    index: bytes

    def vault(self) -> Vault:
        return Vault(self.secret, self.index)


def load_keys(settings: Settings) -> Keys:
    """The keys named in the settings, else those in the data folder; or an error that says how."""
    if settings.secret_key is not None and settings.index_key is not None:
        return _parsed(
            settings.secret_key.get_secret_value(), settings.index_key.get_secret_value()
        )
    folder = _folder(settings.data_dir)
    texts = [_read(folder / name) for name in _FILES.values()]
    if not any(texts):
        msg = (
            "There are no keys yet: set SUIFANG_SECRET_KEY and SUIFANG_INDEX_KEY (make each with "
            "`openssl rand -base64 32`), or run `suifang keys` once to make them in the data "
            "folder."
        )
        raise ConfigurationError(msg)
    if not all(texts):
        msg = f"One of the two keys in {folder} is missing; restore it from your backup."
        raise ConfigurationError(msg)
    return _parsed(*texts)


def ensure_keys(settings: Settings) -> None:
    """Make both keys in the data folder if there are none; for first runs and demonstrations."""
    if settings.secret_key is not None:
        return
    folder = _folder(settings.data_dir)
    paths = [folder / name for name in _FILES.values()]
    if any(path.exists() for path in paths):
        return
    if settings.database_file.exists():
        msg = (
            f"The database in {settings.data_dir} was written under keys that are gone; restore {folder} "
            "from your backup instead of making new ones."
        )
        raise ConfigurationError(msg)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in paths:
        _write_new(path, base64.b64encode(os.urandom(32)).decode())


def _folder(data_dir: Path) -> Path:
    return data_dir / "keys"


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def _parsed(secret: str, index: str) -> Keys:
    problems = []
    parsed = {}
    for name, text in zip(_FILES, (secret, index), strict=True):
        try:
            parsed[name] = parse_key(text)
        except KeyFormatError as error:
            problems.append(f"SUIFANG_{name.upper()} is not usable. {error}")
    if problems:
        raise ConfigurationError(problems)
    if parsed["secret_key"] == parsed["index_key"]:
        msg = "SUIFANG_SECRET_KEY and SUIFANG_INDEX_KEY must differ."
        raise ConfigurationError(msg)
    return Keys(parsed["secret_key"], parsed["index_key"])
