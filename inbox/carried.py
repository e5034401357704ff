"""What really left with a try: where a template went, its words, not those that were to be said."""

from __future__ import annotations

from channels import templates
from channels.wechat.registered import shipped
from records.sent import Sent, Try
from records.times import CHINA


def carried(found: Sent, one: Try) -> str | None:
    """The words of the template of a try. None: the message's own words went, or nobody knows."""
    if one.template is None:
        return None
    if one.route.startswith("sms:"):
        registry = templates.registry()
        known = one.template in registry
        return registry.filled(one.template, found.template).text if known else None
    entry = shipped().templates.get(one.template)
    if entry is None:
        return None
    said = entry.data(found.template, one.began_at.astimezone(CHINA))
    return "；".join((entry.title, *(field["value"] for field in said.values())))
