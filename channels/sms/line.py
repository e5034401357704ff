"""What every SMS provider shares: a phone number is one contact point, whoever carries its words."""

from __future__ import annotations

CHANNEL = "sms"
# A number that changes from one provider to another stays the same conversation.
ACCOUNT = "main"
