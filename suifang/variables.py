"""Where settings come from: the environment, a .env file, and files named by *_FILE variables."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from suifang.errors import ConfigurationError

PREFIX = "SUIFANG_"
_SUFFIX = "_FILE"


def variables(env_file: Any) -> dict[str, str]:
    """All SUIFANG_ variables that are not empty; the environment wins over the .env file."""
    named: dict[str, str | None] = {}
    if env_file and Path(env_file).is_file():
        named.update(dotenv_values(env_file))
    named.update(os.environ)
    return {
        name.upper(): value
        for name, value in named.items()
        if value and name.upper().startswith(PREFIX)
    }


class SecretFiles(PydanticBaseSettingsSource):
    """SUIFANG_X_FILE holds the path of a file with the secret X. A missing file is an error."""

    def __init__(self, settings_cls: type[BaseSettings], env_file: Any) -> None:
        super().__init__(settings_cls)
        self._variables = variables(env_file)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        del field
        name = f"{PREFIX}{field_name.upper()}"
        path = self._variables.get(name + _SUFFIX)
        if path is None:
            return None, field_name, False
        if name in self._variables:
            msg = f"{name} and {name}{_SUFFIX} are both set; keep one of them."
            raise ConfigurationError(msg)
        return _content(name + _SUFFIX, Path(path)), field_name, False

    def __call__(self) -> dict[str, Any]:
        values = {}
        for name, field in self.settings_cls.model_fields.items():
            if is_secret(field):
                value, key, _ = self.get_field_value(field, name)
                if value is not None:
                    values[key] = value
        return values


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting may come from a file named by its *_FILE variable."""
    return SecretStr in getattr(field.annotation, "__args__", (field.annotation,))


def unknown_names(given: Mapping[str, str], fields: Iterable[str]) -> list[str]:
    """A sentence for each SUIFANG_ variable that no setting reads: most are typing errors."""
    known = {PREFIX + field.upper() for field in fields}
    known |= {name + _SUFFIX for name in known}
    return [_unknown(name, known) for name in sorted(given) if name not in known]


def _unknown(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "see .env.example for all names."
    return f"{name} is not a setting; {hint}"


def _content(name: str, path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{name} names {path}, which cannot be read ({type(error).__name__})."
        raise ConfigurationError(msg) from None
    if not text:
        msg = f"{name} names {path}, which is empty."
        raise ConfigurationError(msg)
    return text
