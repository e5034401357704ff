"""`suifang doctor`: looks at an installation and says, in plain words, what is wrong and what to do.

It only reads. Each check stands for itself: one that fails never hides the others.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from care import protocol_file
from records import belonging, duty, migrations, people, running
from records.db import Database
from records.tables import ContactPoint, Facility, InboundMessage, Person, Practitioner
from records.vault import Vault, VaultError
from suifang.channel_check import examine_channel_settings, examine_channels, late
from suifang.errors import ConfigurationError
from suifang.findings import Finding, State, print_findings, worst
from suifang.keys import load_keys
from suifang.library_check import examine_library
from suifang.outside import ask_wechat
from suifang.publishing import examine_articles
from suifang.senses import examine_photo, examine_voice
from suifang.settings import Settings
from texts.catalogue import CatalogError, catalogue

__all__ = ["Finding", "State", "examine", "print_findings", "worst"]

_SILENT_SECONDS = 60
_STUCK_SECONDS = 120
_SKEW_SECONDS = 10
_LATEST_MESSAGES = 20
_LITTLE_DISK, _NO_DISK = 2_000_000_000, 300_000_000
_GIGABYTE = 1_000_000_000


@dataclass(frozen=True)
class _Patient:
    """What is examined."""

    settings: Settings
    now: datetime


_Check = Callable[[_Patient], Iterator[Finding]]
_RowCheck = Callable[[Session, datetime], Iterator[Finding]]


def examine(settings: Settings, now: datetime, *, online: bool = False) -> list[Finding]:
    """Look at everything; call the outside only when `online`."""
    patient = _Patient(settings, now)
    findings = [
        finding for name, check in _CHECKS.items() for finding in _guarded(name, check, patient)
    ]
    return findings + (ask_wechat(settings, now) if online else [])


def _guarded(name: str, check: _Check, patient: _Patient) -> Iterator[Finding]:
    try:
        yield from check(patient)
    except Exception as error:  # noqa: BLE001 -- one broken check must not hide the others
        yield Finding(
            name, State.ERROR, f"检查时出错:{type(error).__name__}", "请把这一行发给维护人员"
        )


def _keys(patient: _Patient) -> Iterator[Finding]:
    try:
        load_keys(patient.settings)
    except ConfigurationError as error:
        yield Finding("密钥", State.ERROR, "密钥不齐或不可用", " ".join(error.problems))
    else:
        yield Finding("密钥", State.OK, "两把密钥都在")


def _database(patient: _Patient) -> Iterator[Finding]:
    settings = patient.settings
    if settings.database_url is None and not settings.database_file.exists():
        yield Finding("数据库", State.ERROR, "还没有数据库", "运行 suifang migrate")
        return
    database = Database(settings.database)
    try:
        yield from _inside(database, patient)
    finally:
        database.dispose()


def _inside(database: Database, patient: _Patient) -> Iterator[Finding]:
    try:
        current = migrations.is_current(database)
    except SQLAlchemyError as error:
        says, do = (
            f"连不上({type(error).__name__})",
            "检查 SUIFANG_DATABASE_URL,以及数据库是否在运行",
        )
        yield Finding("数据库", State.ERROR, says, do)
        return
    if not current:
        yield Finding(
            "数据库", State.ERROR, "表结构不是这个版本的", "先备份,再运行 suifang migrate"
        )
        return
    yield Finding("数据库", State.OK, "连得上,表结构是最新的")
    with database.reading() as session:
        yield from _seal(session, patient.settings)
        for check in _ROW_CHECKS:
            yield from check(session, patient.now)
        yield from examine_channels(session, patient.settings, patient.now)


def _seal(session: Session, settings: Settings) -> Iterator[Finding]:
    """Whether these keys open what stands in this database."""
    try:
        vault: Vault = load_keys(settings).vault()
    except ConfigurationError:
        return
    person = session.exec(select(Person).where(col(Person.name_sealed).is_not(None))).first()
    if person is None:
        return
    try:
        people.name_of(vault, person)
    except VaultError:
        yield Finding(
            "密钥与数据", State.ERROR, "这把密钥打不开库里的数据", "换回写入数据时用的密钥"
        )
    else:
        yield Finding("密钥与数据", State.OK, "能打开库里的数据")


def _staff(session: Session, _now: datetime) -> Iterator[Finding]:
    active = session.exec(
        select(func.count())
        .select_from(Practitioner)
        .where(col(Practitioner.disabled_at).is_(None))
    ).one()
    if active:
        yield Finding("账号", State.OK, f"{active} 个账号可以登录")
    else:
        yield Finding("账号", State.WARN, "还没有账号", "用 suifang staff 建立医生账号")


def _strangers(session: Session, now: datetime) -> Iterator[Finding]:
    """Who is rung when somebody in danger writes who is in no file."""
    if session.exec(select(Facility.id).limit(1)).first() is None:
        return
    place = belonging.default_place(session)
    where = place.name if place else "哪家都不归"
    do = "运行 suifang facility default 机构名,指定一家有医生值班的"
    if not duty.somebody_on_duty(session, place.id if place else None, now):
        says = f"陌生的号码({where})报急,没有医生可叫"
        yield Finding("陌生人", State.ERROR, says, do)
    elif place is None:
        says = "没说归哪家管,报急时叫所有卫生院和县里的医生"
        yield Finding("陌生人", State.WARN, says, do)
    else:
        yield Finding("陌生人", State.OK, f"归{where}管")


def _heartbeat(session: Session, now: datetime) -> Iterator[Finding]:
    beat = running.last_beat(session)
    if beat is None:
        yield Finding("后台进程", State.WARN, "从未运行过", "运行 suifang serve")
        return
    age = int((now - beat).total_seconds())
    if age > _SILENT_SECONDS:
        yield Finding(
            "后台进程", State.ERROR, f"已停了 {_long(age)}", "运行 suifang serve,或看日志"
        )
    else:
        yield Finding("后台进程", State.OK, f"{age} 秒前报过平安")


def _ticks(session: Session, _now: datetime) -> Iterator[Finding]:
    failed = [row.name for row in running.ticks(session) if row.result not in {None, "ok"}]
    if failed:
        yield Finding(
            "定时任务", State.ERROR, f"上次没做成:{'、'.join(failed)}", "看日志里的同名事件"
        )


def _waiting(session: Session, now: datetime) -> Iterator[Finding]:
    oldest = session.exec(
        select(func.min(col(ContactPoint.waiting_since))).where(col(ContactPoint.wake_at) <= now)
    ).one()
    yield _age("等待处理的来信", oldest, now, "看后台进程是否在运行")


def _unsent(session: Session, now: datetime) -> Iterator[Finding]:
    yield _age("等待发出的去信", late(session, now), now, "看后台进程,再看下面各条通道")


def _clock(session: Session, _now: datetime) -> Iterator[Finding]:
    """A message cannot be received before it was sent: then this machine's clock is slow."""
    rows = session.exec(
        select(InboundMessage.sent_at, InboundMessage.received_at)
        .order_by(col(InboundMessage.received_at).desc())
        .limit(_LATEST_MESSAGES)
    ).all()
    ahead = max(((sent - received).total_seconds() for sent, received in rows), default=0.0)
    if ahead > _SKEW_SECONDS:
        yield Finding("时钟", State.WARN, f"本机的钟慢了约 {int(ahead)} 秒", "打开网络校时(NTP)")


def _knowledge(patient: _Patient) -> Iterator[Finding]:
    yield from examine_library(patient.settings, patient.now)


def _protocols(_patient: _Patient) -> Iterator[Finding]:
    unsigned = []
    for path in sorted(protocol_file.FOLDER.glob("*.toml")):
        meta = protocol_file.read(path.name).data.get("meta", {})
        if meta.get("review", "") == "pending":
            unsigned.append(path.stem)
    if unsigned:
        yield Finding(
            "规则", State.WARN, f"{len(unsigned)} 份规则待医生审核", "正式使用前请医生逐条审核签字"
        )
    else:
        yield Finding("规则", State.OK, "全部已审核")


def _texts(_patient: _Patient) -> Iterator[Finding]:
    try:
        count = len(catalogue().sentences)
    except CatalogError as error:
        yield Finding("语句", State.ERROR, str(error), "改正 texts/zh-CN")
    else:
        yield Finding("语句", State.OK, f"{count} 条都能读")


def _disk(patient: _Patient) -> Iterator[Finding]:
    folder = patient.settings.data_dir.absolute()
    free = shutil.disk_usage(_existing(folder)).free
    says = f"还剩 {free / _GIGABYTE:.1f} GB"
    if free < _NO_DISK:
        yield Finding("磁盘", State.ERROR, says, "马上清理:磁盘满了就收不了消息")
    elif free < _LITTLE_DISK:
        yield Finding("磁盘", State.WARN, says, "尽快清理")
    else:
        yield Finding("磁盘", State.OK, says)


def _parts(patient: _Patient) -> Iterator[Finding]:
    settings = patient.settings
    if settings.wechat is None:
        yield Finding("微信", State.WARN, "没有设置", "在 .env 里填好 SUIFANG_WECHAT_ 各项")
    elif settings.wechat.allow_plain:
        yield Finding("微信", State.WARN, "接受不加密的消息", "正式使用请关掉明文模式")
    else:
        yield Finding("微信", State.OK, "已设置,安全模式")
    yield from examine_channel_settings(settings)
    model = "已设置" if settings.model else "没有设置,全部由规则回答(可以这样用)"
    yield Finding("大模型", State.OK, model)
    yield from examine_voice(settings)
    yield from examine_photo(settings)


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _age(name: str, oldest: datetime | None, now: datetime, do: str) -> Finding:
    age = 0 if oldest is None else int((now - oldest).total_seconds())
    if age > _STUCK_SECONDS:
        return Finding(name, State.ERROR, f"最早的一条已等了 {_long(age)}", do)
    return Finding(name, State.OK, "没有积压")


def _long(seconds: int) -> str:
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{hours} 小时"
    return f"{minutes} 分钟" if minutes else f"{seconds} 秒"


_CHECKS: dict[str, _Check] = {
    "密钥": _keys,
    "数据库": _database,
    "规则": _protocols,
    "语句": _texts,
    "知识库": _knowledge,
    "可选部分": _parts,
    "磁盘": _disk,
}
_ROW_CHECKS: tuple[_RowCheck, ...] = (
    _staff,
    _strangers,
    _heartbeat,
    _ticks,
    _waiting,
    _unsent,
    _clock,
    examine_articles,
)
