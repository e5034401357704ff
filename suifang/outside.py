"""The examination's only call to the outside: does WeChat give this account a token?"""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from suifang.findings import Finding, State
from suifang.settings import Settings

_NAME = "微信凭证"
_SECONDS = 8.0
_SKEW_SECONDS = 10

# https://developers.weixin.qq.com: what the operator can do about the platform's refusals.
_ADVICE = {
    40013: "检查 SUIFANG_WECHAT_APP_ID",
    40125: "检查 SUIFANG_WECHAT_APP_SECRET",
    40164: "在公众平台把本机的公网地址加入 IP 白名单",
    45009: "今天的调用次数用完了,明天再试",
}


def ask_wechat(settings: Settings, now: datetime) -> list[Finding]:
    """Ask for the stable token, which invalidates nobody's; and compare the clocks on the way."""
    account = settings.wechat
    if account is None:
        return []
    request = {
        "grant_type": "client_credential",
        "appid": account.app_id,
        "secret": account.app_secret.get_secret_value(),
    }
    try:
        with httpx.Client(timeout=_SECONDS, trust_env=False) as http:
            answer = http.post(f"{account.api_base}/cgi-bin/stable_token", json=request)
        body = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        says = f"连不上微信平台({type(error).__name__})"
        return [Finding(_NAME, State.ERROR, says, "检查本机能否访问外网")]
    return [_token(body), *_clock(answer.headers.get("date"), now)]


def _token(body: dict[str, object]) -> Finding:
    code = body.get("errcode", 0)
    if code == 0 and body.get("access_token"):
        return Finding(_NAME, State.OK, "拿到了")
    advice = _ADVICE.get(code, "到微信公众平台查这个错误码") if isinstance(code, int) else ""
    return Finding(_NAME, State.ERROR, f"微信平台拒绝,错误码 {code}", advice)


def _clock(date: str | None, now: datetime) -> list[Finding]:
    if date is None:
        return []
    apart = (parsedate_to_datetime(date) - now).total_seconds()
    if abs(apart) <= _SKEW_SECONDS:
        return []
    which = "慢" if apart > 0 else "快"
    says = f"本机的钟比微信平台{which}约 {int(abs(apart))} 秒"
    return [Finding("校时", State.WARN, says, "打开网络校时(NTP)")]
