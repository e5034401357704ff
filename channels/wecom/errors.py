"""WeCom's error codes, as named results. Errors come in the body of a 200, never as a status.

The same number does not always mean what it means at WeChat: 40001 is a wrong secret here, and only
40014 and 42001 are about the token.
"""

from __future__ import annotations

from collections.abc import Mapping

from channels.port import Result, SendOutcome

# A token the platform no longer believes: asked for once more, then the call is made again.
STALE_TOKEN = frozenset({40014, 42001})
# A code of the authorize page that is used, expired or not one.
STALE_CODE = frozenset({40029, 40078, 41008, 42003})
UNREACHABLE = "member_not_reachable"

ERRORS: Mapping[int, tuple[Result, str]] = {
    -1: (Result.RETRY, "platform_busy"),
    6000: (Result.RETRY, "platform_busy"),
    40001: (Result.OPERATOR, "secret_wrong"),
    40003: (Result.CHANNEL_CLOSED, "member_unknown"),
    40008: (Result.NEVER, "message_type_refused"),
    40013: (Result.OPERATOR, "corp_id_unknown"),
    40014: (Result.RETRY, "token_refused"),
    40029: (Result.NEVER, "code_refused"),
    40031: (Result.CHANNEL_CLOSED, "member_unknown"),
    40032: (Result.NEVER, "members_refused"),
    40033: (Result.NEVER, "charset_refused"),
    40035: (Result.NEVER, "parameter_refused"),
    40039: (Result.NEVER, "link_refused"),
    40056: (Result.OPERATOR, "agent_unknown"),
    40058: (Result.NEVER, "parameter_refused"),
    40078: (Result.NEVER, "code_refused"),
    41001: (Result.RETRY, "token_missing"),
    41002: (Result.OPERATOR, "corp_id_unknown"),
    41004: (Result.OPERATOR, "secret_wrong"),
    41008: (Result.NEVER, "code_refused"),
    41011: (Result.OPERATOR, "agent_unknown"),
    42001: (Result.RETRY, "token_expired"),
    42003: (Result.NEVER, "code_refused"),
    44004: (Result.NEVER, "body_empty"),
    45002: (Result.NEVER, "body_too_long"),
    45003: (Result.NEVER, "title_too_long"),
    45004: (Result.NEVER, "body_too_long"),
    45005: (Result.NEVER, "link_refused"),
    45009: (Result.RETRY, "too_many_calls"),
    45033: (Result.RETRY, "too_many_at_once"),
    48002: (Result.OPERATOR, "permission_missing"),
    48004: (Result.OPERATOR, "permission_withdrawn"),
    50001: (Result.OPERATOR, "domain_not_trusted"),
    50002: (Result.CHANNEL_CLOSED, UNREACHABLE),
    50003: (Result.OPERATOR, "agent_disabled"),
    60011: (Result.CHANNEL_CLOSED, UNREACHABLE),
    60020: (Result.OPERATOR, "address_not_on_whitelist"),
    60021: (Result.CHANNEL_CLOSED, UNREACHABLE),
    60111: (Result.CHANNEL_CLOSED, "member_unknown"),
    81013: (Result.CHANNEL_CLOSED, UNREACHABLE),
    82001: (Result.NEVER, "nobody_named"),
    301002: (Result.OPERATOR, "agent_not_ours"),
}


def outcome_of(errcode: int) -> SendOutcome:
    """The named result of a code that is not 0. A code nobody has listed is unknown."""
    result, reason = ERRORS.get(errcode, (Result.UNKNOWN, "code_unlisted"))
    return SendOutcome(result, str(errcode), reason)
