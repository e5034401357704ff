import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.vault import KeyFormatError, Vault, VaultError, parse_key

VAULT = Vault(b"s" * 32, b"i" * 32)


@given(st.text())
def test_what_is_sealed_opens_again(text: str) -> None:
    assert VAULT.open(VAULT.seal(text, "persons.name", "1"), "persons.name", "1") == text


def test_a_sealed_value_hides_its_text_and_is_never_the_same_twice() -> None:
    one, two = (VAULT.seal("王桂芳", "persons.name", "1") for _ in range(2))
    assert one != two
    assert "王桂芳".encode() not in one


@pytest.mark.parametrize(
    ("place", "row"), [("persons.name", "2"), ("persons.phone", "1"), ("turns.name", "1")]
)
def test_a_value_moved_elsewhere_does_not_open(place: str, row: str) -> None:
    sealed = VAULT.seal("王桂芳", "persons.name", "1")
    with pytest.raises(VaultError):
        VAULT.open(sealed, place, row)


def test_an_altered_value_does_not_open() -> None:
    sealed = bytearray(VAULT.seal("王桂芳", "persons.name", "1"))
    sealed[-1] ^= 1
    with pytest.raises(VaultError):
        VAULT.open(bytes(sealed), "persons.name", "1")


def test_another_key_does_not_open() -> None:
    sealed = VAULT.seal("王桂芳", "persons.name", "1")
    with pytest.raises(VaultError, match="wrong key"):
        Vault(b"t" * 32, b"i" * 32).open(sealed, "persons.name", "1")


def test_a_value_of_another_version_is_refused() -> None:
    with pytest.raises(VaultError, match="not sealed by this version"):
        VAULT.open(b"\x02" + b"0" * 40, "persons.name", "1")


def test_nothing_sealed_is_nothing_said() -> None:
    assert VAULT.open(None, "persons.name", "1") == ""


def test_equal_values_have_equal_indexes_of_one_kind_only() -> None:
    assert VAULT.index("13800000000", "phone") == VAULT.index("13800000000", "phone")
    assert VAULT.index("13800000000", "phone") != VAULT.index("13800000000", "address")
    assert VAULT.index("13800000000", "phone") != Vault(b"s" * 32, b"j" * 32).index(
        "13800000000", "phone"
    )


def test_a_key_is_thirty_two_bytes_of_base64() -> None:
    assert parse_key(base64.b64encode(b"k" * 32).decode()) == b"k" * 32


@pytest.mark.parametrize("text", ["", "short", "not base64 !", base64.b64encode(b"k").decode()])
def test_a_bad_key_says_how_to_make_a_good_one(text: str) -> None:
    with pytest.raises(KeyFormatError, match="openssl rand"):
        parse_key(text)
