"""Where one can go: the less frequent pages, shown only where they exist and the role may see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from records.reader import (
    ABOVE_THE_VILLAGE,
    ARTICLE_ROLES,
    CHANNEL_ROLES,
    CLINICAL_ROLES,
    Reader,
)

__all__ = ["ABOVE_THE_VILLAGE", "LINKS", "Link", "figures_path", "links_for", "pages_of"]


@dataclass(frozen=True, slots=True)
class Link:
    """A page that is not in the main menu. `roles` are those it answers."""

    path: str
    name: str
    hint: str
    roles: frozenset[str]


CURATOR_ROLES = frozenset({"curator"})
LINKS = (
    Link("/duty", "值班", "谁值班，谁请假，谁代班", CLINICAL_ROLES),
    Link("/replies", "常用回复", "自己写的，同事共用的", CLINICAL_ROLES),
    Link("/strangers", "陌生来信", "还不知道是谁的来信", CLINICAL_ROLES),
    Link("/import", "导入名册", "从表格里一次导入很多人", ABOVE_THE_VILLAGE),
    Link("/duplicates", "疑似重复", "同一个人建了两份档案", ABOVE_THE_VILLAGE),
    Link("/staff", "人员与辖区", "谁管哪里，最近来过没有", ABOVE_THE_VILLAGE),
    Link("/rules", "规则审定稿", "现在用的规则、数值、文字，可打印签字", CLINICAL_ROLES),
    Link("/desk", "没答好的问题", "系统答不上来的，写一次大家都能用", CURATOR_ROLES),
    Link("/desk/articles", "健康知识", "给病人看的文章：写、看、签发", ARTICLE_ROLES),
    Link("/channels", "消息通道", "微信短信通不通，发了多少，卡在哪里", CHANNEL_ROLES),
    Link("/audit", "查看记录", "谁看过、改过谁的资料", ABOVE_THE_VILLAGE),
)


def links_for(reader: Reader, pages: frozenset[str]) -> tuple[Link, ...]:
    """The links this reader can follow."""
    return tuple(link for link in LINKS if link.path in pages and reader.role in link.roles)


def figures_path(pages: frozenset[str]) -> str:
    """The page of figures: the bureau's reports where they are installed."""
    return "/reports" if "/reports" in pages else "/counts"


def pages_of(app: FastAPI) -> frozenset[str]:
    """The paths of the app that can be opened; found once per app."""
    known: frozenset[str] | None = getattr(app.state, "pages", None)
    if known is None:
        known = frozenset(route.path for route in _walk(app) if "GET" in (route.methods or ()))
        app.state.pages = known
    return known


def _walk(holder: Any) -> Iterator[APIRoute]:
    """Included routers are wrapped by FastAPI; what matters lies inside."""
    for route in holder.routes:
        nested = getattr(route, "original_router", None) or getattr(route, "router", None)
        if isinstance(route, APIRoute):
            yield route
        elif nested is not None:
            yield from _walk(nested)
