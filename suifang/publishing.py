"""Articles between the desk and git: written as files, checked as files, and what stands against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from inbox.desk import Piece, packaged, pieces, sources
from knowledge.article import ARTICLES, Article, ArticleError, parse_article
from knowledge.corpus import Standing
from knowledge.manuscript import written
from knowledge.reading_level import remarks
from records import revisions
from records.people import china_date
from suifang.findings import Finding, State

_NAME = "健康文章"


@dataclass
class Exported:
    """What an export did. `extra`: files in the folder that are no article in force."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: int = 0
    extra: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Checked:
    """One file: what must be mended, and what a villager would stumble over."""

    name: str
    problems: tuple[str, ...]
    remarks: tuple[str, ...]


def export(found: Mapping[str, Piece], folder: Path) -> Exported:
    """Write every article in force as `<id>.md`.

    A file that says the same is not touched, however it is laid out; so git shows what curators
    changed and nothing else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = Exported()
    for article_id, piece in sorted(found.items()):
        if piece.served is None:
            continue
        path = folder / f"{article_id}.md"
        if _says(path, piece.served):
            done.same += 1
            continue
        (done.changed if path.exists() else done.new).append(article_id)
        path.write_text(_text(piece), encoding="utf-8", newline="\n")
    served = {piece.id for piece in found.values() if piece.served is not None}
    done.extra = sorted(path.stem for path in folder.glob("*.md") if path.stem not in served)
    return done


def check(paths: Sequence[Path]) -> Iterator[Checked]:
    """Check files; they may point to each other and to the packaged articles."""
    known = packaged().keys() | {path.stem for path in paths}
    for path in paths:
        yield _checked(path, known)


def examine_articles(session: Session, now: datetime) -> Iterator[Finding]:
    """For `suifang doctor`: what of the desk needs somebody."""
    found, today = pieces(session), china_date(now)
    tampered = revisions.unsound(session)
    if tampered:
        yield Finding(
            _NAME,
            State.ERROR,
            f"数据库里的文字被动过:{_some(tampered)}",
            "查是谁改的库;这些稿子不会发出",
        )
    parted = [key for key, one in found.items() if one.standing is Standing.PARTED]
    if parted:
        yield Finding(
            _NAME,
            State.WARN,
            f"签发以后程序自带的文件又改过:{_some(parted)};病人看到的是签发稿",
            "在工作台上看一看,再签发一次或撤回",
        )
    unreadable = [key for key, one in found.items() if one.problem]
    if unreadable:
        yield Finding(
            _NAME,
            State.WARN,
            f"签发稿现在读不懂:{_some(unreadable)};病人看到的是程序自带的文件",
            "在工作台上改好,再签发一次",
        )
    ahead = [k for k, one in found.items() if one.standing in {Standing.AHEAD, Standing.ALONE}]
    if ahead:
        yield Finding(
            _NAME,
            State.OK,
            f"{len(ahead)} 篇签发稿比程序自带的新",
            "可用 suifang articles export 存进 git",
        )
    covering = [key for key, one in found.items() if one.covers(today)]
    if covering:
        yield Finding(
            _NAME,
            State.WARN,
            f"签发稿已过期,盖住了还没有过期的自带文件:{_some(covering)};病人什么也看不到",
            "在工作台上重新签发,或撤回签发稿让自带的文件生效",
        )
    expired = [key for key, one in found.items() if "expired" in one.tags(today)]
    if expired:
        yield Finding(
            _NAME, State.WARN, f"已过期,不再发给病人:{_some(expired)}", "请审核的医生核对后重新签发"
        )


def _checked(path: Path, known: set[str]) -> Checked:
    try:
        text = path.read_text(encoding="utf-8")
        article = parse_article(path.name, text, sources())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return Checked(path.name, (f"{path.name}: cannot be read: {reason}",), ())
    except ArticleError as error:
        return Checked(path.name, (str(error),), ())
    missing = [other for other in article.related if other not in known]
    problems = [f"{path.name}: related names no article: {other}" for other in missing]
    if not article.sources:
        problems.append(f"{path.name}: sources is empty, so it would never be served")
    read = (article.plain, article.today, article.see_doctor, article.not_true, article.body)
    found = remarks("\n".join(part for part in read if part))
    return Checked(path.name, tuple(problems), tuple(one.says for one in found))


def _says(path: Path, article: Article) -> bool:
    try:
        return parse_article(path.name, path.read_text(encoding="utf-8"), sources()) == article
    except (OSError, UnicodeDecodeError, ArticleError):
        return False


def _text(piece: Piece) -> str:
    """A packaged file as it is; what was signed at the desk as it was signed."""
    if piece.served is piece.file:
        return (ARTICLES / f"{piece.id}.md").read_text(encoding="utf-8")
    assert piece.served is not None  # noqa: S101 - only served pieces are exported
    return written(piece.served)


def _some(ids: Sequence[str], most: int = 5) -> str:
    more = f"等 {len(ids)} 篇" if len(ids) > most else ""
    return "、".join(ids[:most]) + more
