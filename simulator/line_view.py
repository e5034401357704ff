"""The 线路 panel: what travelled between this phone, the platform and the product's server."""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.callback import Outcome
from simulator.clock import PEOPLES_ZONE
from simulator.log import Entry, Kind

KEPT = 40

OUTCOMES = {
    Outcome.ACCEPTED: "已确认",
    Outcome.REPLIED: "已确认，带回复",
    Outcome.UNANSWERED: "没有应答",
    Outcome.INVALID: "应答无效",
}
ARRIVED = {
    Kind.PASSIVE: "被动回复 · 不占额度",
    Kind.CUSTOM: "客服消息 · 占 1 条额度",
    Kind.TEMPLATE: "模板消息",
}
TYPES = {
    "text": "文字",
    "image": "图片",
    "voice": "语音",
    "location": "位置",
    "subscribe": "关注",
    "unsubscribe": "取消关注",
    "SCAN": "扫码",
    "CLICK": "菜单",
    "subscribe_msg_popup_event": "订阅的选择",
    "subscribe_msg_change_event": "拒收的设置",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the panel; `tone` is `out`, `in`, `good`, `bad` or `wait`."""

    time: str
    tone: str
    what: str
    detail: str = ""


def steps(entries: Iterable[Entry]) -> list[Step]:
    """Return the latest steps, newest first."""
    made = [step for entry in entries if (step := _step(entry)) is not None]
    return made[: -KEPT - 1 : -1]


def _step(entry: Entry) -> Step | None:
    time = f"{entry.at.astimezone(PEOPLES_ZONE):%H:%M:%S}"
    details = entry.details
    if entry.kind is Kind.INBOUND:
        kind = TYPES.get(details["type"], details["type"])
        number = f"MsgId …{details['msg_id'][-6:]}" if details["msg_id"] else "事件"
        return Step(time, "out", f"手机发出{kind}", number)
    if entry.kind is Kind.ATTEMPT:
        return _attempt(entry, time)
    if entry.kind is Kind.REFUSED:
        return Step(time, "bad", f"接口拒绝 {details['errcode']}", entry.text)
    if entry.kind in ARRIVED:
        subscribed = entry.kind is Kind.TEMPLATE and details.get("sent_as") != "template"
        return Step(time, "in", "订阅通知" if subscribed else ARRIVED[entry.kind])
    return None


def _attempt(entry: Entry, time: str) -> Step:
    details = entry.details
    outcome = Outcome(details["outcome"])
    good = outcome in {Outcome.ACCEPTED, Outcome.REPLIED}
    status = f"HTTP {details['status']}" if details["status"] else details["reason"]
    what = f"回调第 {details['number']} 次：{OUTCOMES[outcome]}"
    return Step(time, "good" if good else "bad", what, f"{status} · {details['ms']:.0f} 毫秒")
