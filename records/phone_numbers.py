"""Phone numbers as one form: E.164. Providers and people write the same number in many ways."""

from __future__ import annotations

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

_HOME = "CN"
_CAN_TEXT = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def e164(raw: str, region: str = _HOME) -> str | None:
    """The number in E.164 ("+8613800001111"); None for what is no person's phone.

    Reads 138…, 86138…, 0086138… and +86138…, with full-width digits, spaces and dashes. Service
    numbers (106…, 400…), machines' 13-digit SIMs and landlines get no SMS and are None.
    """
    text = raw.strip()
    for candidate in (text, f"+{text}"):
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in _CAN_TEXT:
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return None


def domestic(number: str) -> str:
    """An E.164 number as China's providers want it: without +86; foreign ones as they are."""
    return number.removeprefix("+86")
