import base64
import stat
from pathlib import Path
from typing import Any

import pytest

from suifang.errors import ConfigurationError
from suifang.keys import ensure_keys, load_keys
from suifang.settings import Settings

ONE = base64.b64encode(b"1" * 32).decode()
TWO = base64.b64encode(b"2" * 32).decode()


def _settings(tmp_path: Path, **given: Any) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "var", **given)


def test_without_keys_the_error_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="openssl rand -base64 32"):
        load_keys(_settings(tmp_path))


def test_keys_are_made_once_and_only_the_owner_may_read_them(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    ensure_keys(settings)
    first = load_keys(settings)
    ensure_keys(settings)
    assert load_keys(settings) == first
    assert first.secret != first.index
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "var/keys").iterdir()}
    assert modes == {0o600}


def test_keys_are_not_made_when_the_settings_bring_their_own(tmp_path: Path) -> None:
    settings = _settings(tmp_path, secret_key=ONE, index_key=TWO)
    ensure_keys(settings)
    assert not (tmp_path / "var/keys").exists()
    assert load_keys(settings).secret == b"1" * 32


def test_no_new_keys_are_made_beside_a_database_that_exists(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    settings.data_dir.mkdir()
    settings.database_file.touch()
    with pytest.raises(ConfigurationError, match="restore"):
        ensure_keys(settings)


def test_one_lost_key_is_an_error_not_a_new_key(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    ensure_keys(settings)
    (tmp_path / "var/keys/index.key").unlink()
    ensure_keys(settings)
    with pytest.raises(ConfigurationError, match="missing; restore it"):
        load_keys(settings)


def test_a_key_of_the_wrong_size_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_keys(_settings(tmp_path, secret_key="c2hvcnQ=", index_key=TWO))
    assert caught.value.problems[0].startswith("SUIFANG_SECRET_KEY is not usable. The key must be")


def test_the_same_key_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="must differ"):
        load_keys(_settings(tmp_path, secret_key=ONE, index_key=ONE))


def test_the_vault_made_from_the_keys_opens_what_it_sealed(tmp_path: Path) -> None:
    vault = load_keys(_settings(tmp_path, secret_key=ONE, index_key=TWO)).vault()
    assert vault.open(vault.seal("张", "persons.name", "1"), "persons.name", "1") == "张"


def test_keys_do_not_show_when_printed(tmp_path: Path) -> None:
    shown = repr(load_keys(_settings(tmp_path, secret_key=ONE, index_key=TWO)))
    assert "1111" not in shown
