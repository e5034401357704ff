"""WeChat's error codes, as named results. Errors come in the body of a 200, never as a status."""

from __future__ import annotations

from collections.abc import Mapping

from channels.port import NOT_FOLLOWING, Result, SendOutcome

# A token the platform no longer believes: refreshed once, then the call is made again.
STALE_TOKEN = frozenset({40001, 40014, 41001, 42001})

# What is wrong with what we asked for, and not with the account: whoever asked is told at once.
OUR_OWN = frozenset(
    {"menu_type_refused", "menu_buttons_refused", "menu_name_refused", "menu_key_refused"}
)

ERRORS: Mapping[int, tuple[Result, str]] = {
    -1: (Result.RETRY, "platform_busy"),
    40001: (Result.RETRY, "token_refused"),
    40002: (Result.OPERATOR, "grant_type_refused"),
    40003: (Result.NEVER, "openid_unknown"),
    40004: (Result.NEVER, "media_type_refused"),
    40005: (Result.NEVER, "file_type_refused"),
    40006: (Result.NEVER, "file_too_large"),
    40007: (Result.NEVER, "media_unknown"),
    40008: (Result.NEVER, "message_type_refused"),
    40009: (Result.NEVER, "picture_too_large"),
    40010: (Result.NEVER, "file_too_large"),
    40011: (Result.NEVER, "file_too_large"),
    40013: (Result.OPERATOR, "app_id_unknown"),
    40014: (Result.RETRY, "token_refused"),
    40015: (Result.OPERATOR, "menu_type_refused"),
    40016: (Result.OPERATOR, "menu_buttons_refused"),
    40017: (Result.OPERATOR, "menu_buttons_refused"),
    40018: (Result.OPERATOR, "menu_name_refused"),
    40019: (Result.OPERATOR, "menu_key_refused"),
    40023: (Result.OPERATOR, "menu_buttons_refused"),
    40025: (Result.OPERATOR, "menu_name_refused"),
    40026: (Result.OPERATOR, "menu_key_refused"),
    40033: (Result.NEVER, "charset_refused"),
    40035: (Result.NEVER, "body_malformed"),
    40036: (Result.OPERATOR, "template_unknown"),
    40037: (Result.OPERATOR, "template_unknown"),
    40039: (Result.NEVER, "body_malformed"),
    40053: (Result.NEVER, "scene_refused"),
    40097: (Result.NEVER, "body_malformed"),
    40125: (Result.OPERATOR, "secret_wrong"),
    40164: (Result.OPERATOR, "address_not_on_whitelist"),
    40243: (Result.OPERATOR, "secret_frozen"),
    41001: (Result.RETRY, "token_refused"),
    41002: (Result.OPERATOR, "app_id_unknown"),
    41004: (Result.OPERATOR, "secret_wrong"),
    41005: (Result.NEVER, "media_missing"),
    41006: (Result.NEVER, "media_missing"),
    41009: (Result.NEVER, "openid_unknown"),
    41030: (Result.OPERATOR, "template_page_refused"),
    42001: (Result.RETRY, "token_expired"),
    43001: (Result.NEVER, "call_malformed"),
    43002: (Result.NEVER, "call_malformed"),
    43003: (Result.NEVER, "call_malformed"),
    43004: (Result.CHANNEL_CLOSED, NOT_FOLLOWING),
    43019: (Result.CHANNEL_CLOSED, "blocked_by_person"),
    43101: (Result.CHANNEL_CLOSED, "not_subscribed"),
    43116: (Result.OPERATOR, "template_banned"),
    44001: (Result.NEVER, "media_missing"),
    44002: (Result.NEVER, "body_empty"),
    44004: (Result.NEVER, "body_empty"),
    45001: (Result.NEVER, "file_too_large"),
    45002: (Result.NEVER, "body_too_long"),
    45007: (Result.NEVER, "file_too_large"),
    45009: (Result.OPERATOR, "daily_quota_used_up"),
    45011: (Result.RETRY, "minute_quota_used_up"),
    45015: (Result.CHANNEL_CLOSED, "window_closed"),
    45047: (Result.CHANNEL_CLOSED, "window_used_up"),
    46003: (Result.NEVER, "menu_not_published"),
    46004: (Result.CHANNEL_CLOSED, "openid_gone"),
    47001: (Result.NEVER, "body_malformed"),
    47003: (Result.NEVER, "template_field_refused"),
    48001: (Result.OPERATOR, "permission_missing"),
    48002: (Result.CHANNEL_CLOSED, "blocked_by_person"),
    48004: (Result.OPERATOR, "interface_banned"),
    48008: (Result.OPERATOR, "permission_missing"),
    49003: (Result.NEVER, "openid_unknown"),
    50001: (Result.OPERATOR, "permission_missing"),
    50002: (Result.OPERATOR, "account_restricted"),
    50005: (Result.CHANNEL_CLOSED, NOT_FOLLOWING),
    87014: (Result.NEVER, "content_refused"),
    89501: (Result.OPERATOR, "address_not_confirmed"),
    89503: (Result.OPERATOR, "address_not_confirmed"),
    89506: (Result.OPERATOR, "address_not_confirmed"),
    89507: (Result.OPERATOR, "address_not_confirmed"),
}


def outcome_of(errcode: int) -> SendOutcome:
    """The named result of a code that is not 0. A code nobody has listed is unknown."""
    result, reason = ERRORS.get(errcode, (Result.UNKNOWN, "code_unlisted"))
    return SendOutcome(result, str(errcode), reason)
