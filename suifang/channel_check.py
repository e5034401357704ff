"""What `suifang doctor` says about the ways out: how they are set up, and how they are now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session, col, func, select

from channels.limits import peace_ended_at
from channels.template_rows import KINDS
from channels.templates import TemplateError, TemplateIds, registry
from inbox import moments, ways
from inbox.outcomes import meaning_of
from inbox.words import label, word
from records import alarms, canaries, channel_board, halting, unsent
from records.channel_board import CUT, OFF, PROBING, TROUBLE, Way
from records.tables import Practitioner
from schedules.watching import bounds
from suifang.findings import Finding, State
from suifang.settings import Settings
from suifang.ways import providers_of

_SMS, _PUSHES, _CANARY = "短信", "短信回执和来信", "通道自检"
# Who is told what arrived by a push to us; the modem is asked.
_PUSHED = ("aliyun", "tencent", "kannel", "twilio")
_SIGNED = ("twilio",)


def examine_channel_settings(settings: Settings) -> Iterator[Finding]:
    """The SMS line as it stands in the settings."""
    if not settings.sms_route:
        says = "没有设置,没有微信的病人只能打电话"
        yield Finding(_SMS, State.OK, says, "要接短信就填 SUIFANG_SMS_ROUTE 和那一家的各项")
        yield from _perch(settings)
        return
    names = "、".join(label("provider", kind) for kind in settings.sms_route)
    yield Finding(_SMS, State.OK, f"按这个先后发:{names}")
    yield from _templates(settings)
    yield from _pushes(settings)
    yield from _perch(settings)


def examine_channels(session: Session, settings: Settings, now: datetime) -> Iterator[Finding]:
    """The ways out as they are now, and who would be told."""
    halt = halting.halted(session)
    if halt is not None:
        since = moments.clock(halt.since, now)
        says = f"{word('stop_scope', halt.scope)},{since}起:{halt.why}"
        yield Finding("停发", State.ERROR, says, "处理好了就 suifang channels resume")
    for way in channel_board.ways(session, providers_of(settings), now):
        yield from _way(way)
    found = alarms.open_alarms(session)
    if found:
        kinds = "、".join(dict.fromkeys(label("alarm", one.kind) for one in found))
        says = f"{len(found)} 件要有人看的事:{kinds}"
        yield Finding("通道告警", State.WARN, says, "用 suifang channels alarms 看每一件")
    yield from _told(session)


def late(session: Session, now: datetime) -> datetime | None:
    """Since when the oldest message that should have gone waits; what is stopped is not late."""
    if halting.halted(session) is not None:
        return None
    found = unsent.late_by_purpose(unsent.heaps(session, now, peace_ended_at(now)))
    return min(found.values(), default=None)


def _templates(settings: Settings) -> Iterator[Finding]:
    """A cloud carries approved templates and nothing else."""
    kinds = [kind for kind in settings.sms_route if kind in KINDS]
    if not kinds:
        return
    try:
        ids = TemplateIds.load(settings.sms_templates_file)
    except TemplateError as error:
        yield Finding("短信模板", State.ERROR, f"模板文件不能用:{error}", "改正那一行")
        return
    names = [one.name for one in registry()]
    for kind in kinds:
        name = f"{label('provider', kind)}的模板"
        missing = [one for one in names if ids.of(kind, one) is None]
        if len(missing) == len(names):
            says = "一个批下来的也没有,这一家什么也发不出去"
            do = "照 suifang templates 报备,批了填进 SUIFANG_SMS_TEMPLATES_FILE"
            yield Finding(name, State.ERROR, says, do)
        elif missing:
            says = f"{len(missing)} 个没批下来:{'、'.join(missing[:5])}"
            yield Finding(name, State.WARN, says, "用到它们的消息走别的路,或变成打电话的任务")
        else:
            yield Finding(name, State.OK, "都批下来了")


def _pushes(settings: Settings) -> Iterator[Finding]:
    """Where each provider posts to. The secret part of the address is named, never shown."""
    pushed = [kind for kind in settings.sms_route if kind in _PUSHED]
    if pushed and settings.public_url is None:
        says = "没有填 SUIFANG_PUBLIC_URL,收不到回执和来信"
        yield Finding(_PUSHES, State.ERROR, says, "填上外面能打开的 https 网址")
        return
    ours = (settings.public_url or "").rstrip("/")
    for kind in pushed:
        secret = "" if kind in _SIGNED else f"/(SUIFANG_{kind.upper()}_PUSH_TOKEN 的值)"
        says = f"{label('provider', kind)}的推送地址是 {ours}/sms/{kind}{secret}"
        yield Finding(_PUSHES, State.OK, says)


def _perch(settings: Settings) -> Iterator[Finding]:
    lacks = []
    if settings.sms_route and not settings.canary_phone:
        lacks.append("SUIFANG_CANARY_PHONE")
    if settings.wechat is not None and not settings.canary_openid:
        lacks.append("SUIFANG_CANARY_OPENID")
    if lacks:
        says = f"没有填 {'、'.join(lacks)},通道坏了要等病人来说"
        yield Finding(_CANARY, State.WARN, says, "填管理员自己的手机号和微信编号")


def _way(way: Way) -> Iterator[Finding]:
    name, row = ways.name_of(way.provider), way.state
    if way.condition == TROUBLE and row is not None:
        meaning = meaning_of(way.provider, row.trouble)
        yield Finding(name, State.ERROR, f"平台不让发:{meaning.says}", meaning.do)
    elif way.condition in (CUT, PROBING):
        yield Finding(name, State.ERROR, word("condition_do", way.condition), "看网络和平台公告")
    elif way.condition != OFF:
        yield Finding(name, State.OK, word("condition", way.condition))
    least = bounds().low_balance.get((row.balance_unit or "") if row else "")
    if row is not None and row.balance is not None and least is not None and row.balance < least:
        yield Finding(name, State.WARN, f"余额只剩 {ways.money(way)}", "到平台充值或买套餐包")
    bird = way.canary
    if bird is not None and canaries.verdict(bird, way.now) in (canaries.BAD, canaries.CANNOT):
        meaning = meaning_of(way.provider, canaries.why(bird))
        yield Finding(name, State.WARN, f"今天的自检没通过:{meaning.says}", meaning.do)


def _told(session: Session) -> Iterator[Finding]:
    active = session.exec(
        select(func.count())
        .select_from(Practitioner)
        .where(Practitioner.role == "operator")
        .where(col(Practitioner.disabled_at).is_(None))
    ).one()
    if not active:
        do = "用 suifang staff add --role 管理员 开一个账号"
        yield Finding("管理员", State.WARN, "没有管理员账号,通道出了事通知县里值班", do)
