"""What Aliyun and Tencent push, as documented and as badly as it may come."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sms import aliyun, tencent
from channels.sms.aliyun import AliyunInlet
from channels.sms.inlet import Inlet, Pushed, PushError, PushRequest
from channels.sms.tencent import TencentInlet

NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
INLETS: tuple[Inlet, ...] = (AliyunInlet(), TencentInlet())
ALIYUN_RECEIPT = {
    "phone_number": "13800001111",
    "send_time": "2026-11-23 12:00:00",
    "report_time": "2026-11-23 12:00:05",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "932702304080415357^0",
    "out_id": "attempt-1",
}
ALIYUN_MESSAGE = {
    "phone_number": "13800001111",
    "content": "135 85",
    "send_time": "2026-11-23 12:00:00",
    "dest_code": "1069",
    "sequence_id": "1234567890",
}
TENCENT_RECEIPT = {
    "user_receive_time": "2026-11-23 12:00:05",
    "nationcode": "86",
    "mobile": "13800001111",
    "report_status": "SUCCESS",
    "errmsg": "DELIVRD",
    "description": "用户短信送达成功",
    "sid": "2019:538357223",
}
TENCENT_MESSAGE = {
    "extend": "",
    "mobile": "13800001111",
    "nationcode": "86",
    "sign": "柳溪卫生院",
    "text": "135 85",
    "time": 1_795_406_400,
}


def read(inlet: Inlet, body: Any) -> Pushed:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return inlet.read(PushRequest("POST", "https://clinic.example/sms", body=content), NOW)


def test_aliyuns_receipt_names_the_send_and_the_attempt_in_beijings_time() -> None:
    (receipt,) = read(AliyunInlet(), [ALIYUN_RECEIPT]).receipts

    assert (receipt.provider, receipt.provider_id) == ("aliyun:main", "932702304080415357^0")
    assert (receipt.delivered, receipt.code, receipt.stops) == (True, "DELIVERED", False)
    assert receipt.attempt_id == "attempt-1"
    assert receipt.at == datetime(2026, 11, 23, 4, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "stops"),
    [("USER_REJECT", True), ("MOBILE_IN_BLACK", True), ("IS_CLOSED", False), ("MK:0001", False)],
)
def test_who_refuses_ours_gets_no_more(code: str, *, stops: bool) -> None:
    failed = ALIYUN_RECEIPT | {"success": False, "err_code": code}
    (receipt,) = read(AliyunInlet(), [failed]).receipts

    assert (receipt.delivered, receipt.code, receipt.stops) == (False, code, stops)


def test_a_delivered_message_never_stops_anybody() -> None:
    (receipt,) = read(AliyunInlet(), [ALIYUN_RECEIPT | {"err_code": "USER_REJECT"}]).receipts

    assert receipt.delivered
    assert not receipt.stops


@pytest.mark.parametrize("sequence", ["1234567890", 1234567890])
def test_aliyuns_message_is_told_apart_by_its_number_however_it_is_written(
    sequence: str | int,
) -> None:
    (arrival,) = read(AliyunInlet(), [ALIYUN_MESSAGE | {"sequence_id": sequence}]).arrivals

    assert arrival.external_id == "aliyun:1234567890"
    assert (arrival.address, arrival.text, arrival.kind) == ("+8613800001111", "135 85", "text")
    assert arrival.sent_at == datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def test_a_message_without_a_number_of_its_own_is_the_same_when_it_comes_again() -> None:
    without = {name: value for name, value in ALIYUN_MESSAGE.items() if name != "sequence_id"}
    (first,) = read(AliyunInlet(), [without]).arrivals
    (again,) = read(AliyunInlet(), [without]).arrivals
    (other,) = read(AliyunInlet(), [without | {"content": "135 86"}]).arrivals

    assert first.external_id == again.external_id != other.external_id


def test_what_can_be_read_is_kept_when_something_beside_it_cannot() -> None:
    pushed = read(
        AliyunInlet(),
        [ALIYUN_RECEIPT, 17, {"content": None}, ALIYUN_MESSAGE | {"phone_number": "10690001"}],
    )

    assert len(pushed.receipts) == 1
    assert pushed.arrivals == ()


def test_tencents_receipt_and_message_are_told_apart_by_their_shape() -> None:
    (receipt,) = read(TencentInlet(), [TENCENT_RECEIPT]).receipts
    (arrival,) = read(TencentInlet(), TENCENT_MESSAGE).arrivals

    assert (receipt.provider, receipt.provider_id) == ("tencent:main", "2019:538357223")
    assert receipt.delivered
    assert receipt.attempt_id is None
    assert receipt.at == datetime(2026, 11, 23, 4, 0, 5, tzinfo=UTC)
    assert (arrival.address, arrival.text) == ("+8613800001111", "135 85")
    assert arrival.sent_at == datetime.fromtimestamp(1_795_406_400, UTC)


def test_tencents_message_has_no_id_and_is_told_apart_all_the_same() -> None:
    (first,) = read(TencentInlet(), TENCENT_MESSAGE).arrivals
    (again,) = read(TencentInlet(), TENCENT_MESSAGE | {"time": "1795406400"}).arrivals
    (later,) = read(TencentInlet(), TENCENT_MESSAGE | {"time": 1_795_406_401}).arrivals

    assert first.external_id == again.external_id != later.external_id


@pytest.mark.parametrize(
    ("mobile", "nation", "number"),
    [
        ("+8613800001111", "86", "+8613800001111"),
        ("8613800001111", "86", "+8613800001111"),
        ("008613800001111", "86", "+8613800001111"),
        ("13800001111", "+86", "+8613800001111"),
        ("51234567", "852", "+85251234567"),
    ],
)
def test_tencents_mobile_may_carry_its_country(mobile: str, nation: str, number: str) -> None:
    said = TENCENT_MESSAGE | {"mobile": mobile, "nationcode": nation}
    (arrival,) = read(TencentInlet(), said).arrivals

    assert arrival.address == number


def test_a_failed_receipt_of_tencents_says_why() -> None:
    failed = TENCENT_RECEIPT | {"report_status": "FAIL", "errmsg": "UNSUBSCRIBE"}
    (receipt,) = read(TencentInlet(), [failed, {"sid": ""}]).receipts

    assert (receipt.delivered, receipt.code, receipt.stops) == (False, "UNSUBSCRIBE", True)


def test_a_nul_in_an_id_is_no_reason_to_lose_a_message() -> None:
    (arrival,) = read(AliyunInlet(), [ALIYUN_MESSAGE | {"sequence_id": "12\x0034"}]).arrivals

    assert "\x00" not in arrival.external_id
    assert arrival.text == "135 85"


def test_half_a_sign_is_no_reason_to_lose_a_message() -> None:
    (arrival,) = read(
        AliyunInlet(), b'[{"phone_number":"13800001111","content":"135\\ud83d"}]'
    ).arrivals

    assert arrival.text == "135?"
    assert arrival.sent_at == NOW


@pytest.mark.parametrize("inlet", INLETS, ids=lambda one: one.name)
@pytest.mark.parametrize(
    "body",
    [b"", b"<xml/>", b"\xff\xfe", b"17", b'"x"', b"[" * 5000, [17], [{}], {"text": "x"}, [None]],
)
def test_what_is_no_push_is_refused_by_name(inlet: Inlet, body: Any) -> None:
    with pytest.raises(PushError) as refused:
        read(inlet, body)

    assert refused.value.reason in {"not_json", "not_an_array", "nothing_readable"}
    assert not refused.value.forged


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*ALIYUN_RECEIPT, *ALIYUN_MESSAGE, *TENCENT_RECEIPT, *TENCENT_MESSAGE]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("inlet", INLETS, ids=lambda one: one.name)
@given(body=JSON)
def test_no_push_breaks_an_inlet(inlet: Inlet, body: Any) -> None:
    try:
        pushed = read(inlet, body)
    except PushError:
        pushed = Pushed()
    for arrival in pushed.arrivals:
        assert arrival.address.startswith("+")
        assert arrival.sent_at.tzinfo is not None


@pytest.mark.parametrize("inlet", INLETS, ids=lambda one: one.name)
def test_only_what_is_stored_is_acknowledged(inlet: Inlet) -> None:
    stored, lost = inlet.answer(ok=True), inlet.answer(ok=False)
    number = {"aliyun": "code", "tencent": "result"}[inlet.name]

    assert (stored.status, json.loads(stored.body)[number]) == (200, 0)
    assert lost.status == 503
    assert not inlet.signed


@pytest.mark.parametrize("code", [*aliyun.SEND, *(one[0] + "New" for one in aliyun.UNLISTED)])
def test_no_code_of_aliyuns_that_says_no_is_taken_for_a_yes(code: str) -> None:
    outcome = aliyun.outcome_of(code)

    assert outcome.result.value in {"retry", "never", "operator", "unknown", "channel_closed"}
    assert outcome.reason


@pytest.mark.parametrize(
    ("code", "message", "result"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", "retry"),
        ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10", "channel_closed"),
        ("isv.BUSINESS_LIMIT_CONTROL", "", "channel_closed"),
        ("isv.SOMETHING_NEW", "", "operator"),
        ("isp.SOMETHING_NEW", "", "unknown"),
        ("", "", "unknown"),
    ],
)
def test_a_code_of_aliyuns(code: str, message: str, result: str) -> None:
    assert aliyun.outcome_of(code, message).result.value == result


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("LimitExceeded.PhoneNumberThirtySecondLimit", "retry"),
        ("LimitExceeded.PhoneNumberDailyLimit", "channel_closed"),
        ("FailedOperation.PhoneNumberInBlacklist", "never"),
        ("InternalError.Timeout", "unknown"),
        ("InternalError.SomethingNew", "unknown"),
        ("FailedOperation.SomethingNew", "operator"),
        ("RequestLimitExceeded.SomethingNew", "retry"),
        ("", "unknown"),
    ],
)
def test_a_code_of_tencents(code: str, result: str) -> None:
    assert tencent.outcome_of(code).result.value == result
