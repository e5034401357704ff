"""What the platform says of our templates: whether each is there, and whether its fields are ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from channels.port import Approval
from channels.wechat.account import WeChatAccount
from channels.wechat.registered import TEMPLATE, Template

APPROVED, REJECTED = "approved", "rejected"
# Why one that is configured here cannot be sent.
MISSING, FIELDS_DIFFER = "missing", "fields_differ"

# 模板消息 and 订阅通知 are two lists, under two names each.
OWN_TEMPLATES, SUBSCRIBED_TEMPLATES = (
    "template/get_all_private_template",
    "/wxaapi/newtmpl/gettemplate",
)
_SLOT = re.compile(r"\{\{(\w+)\.DATA\}\}")


def lists_of(account: WeChatAccount) -> list[tuple[str, str]]:
    """Which lists of the platform our templates stand in: path and the name of the list."""
    kinds = {account.kind(one.name) == TEMPLATE for one in _ours(account)}
    wanted = {True: (OWN_TEMPLATES, "template_list"), False: (SUBSCRIBED_TEMPLATES, "data")}
    return [wanted[by_right] for by_right in sorted(kinds, reverse=True)]


def approvals(account: WeChatAccount, rows: Iterable[Any]) -> dict[str, Approval]:
    """By our name: where each template that has an id stands, from the rows of those lists."""
    theirs = {
        str(row.get("template_id") or row.get("priTmplId") or ""): str(row.get("content") or "")
        for row in rows
        if isinstance(row, Mapping)
    }
    return {
        one.name: _stands(account.id_of(one.name), one, theirs.get(account.id_of(one.name)))
        for one in _ours(account)
    }


def _ours(account: WeChatAccount) -> list[Template]:
    return [one for one in account.registered.templates.values() if account.id_of(one.name)]


def _stands(template_id: str, template: Template, content: str | None) -> Approval:
    if content is None:
        return Approval(template_id, REJECTED, MISSING)
    keys = {slot.key for slot in template.slots.values()}
    if keys != set(_SLOT.findall(content)):
        return Approval(template_id, REJECTED, FIELDS_DIFFER)
    return Approval(template_id, APPROVED)
