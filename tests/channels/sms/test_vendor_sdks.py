"""The vendors' own clients at our simulated clouds: what they sign verifies under the same checks as ours."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from simulator.log import Kind
from tests.channels.sms.clouds import APP_ID, KEY_ID, SECRET, SIGN, WANG, Served, ids_of, served

pytestmark = [
    # Their modules use what Python has deprecated.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
]
ROOT = Path(__file__).parents[3]
ODD = "东沟 村~*'()+&=%/?#：“量”😀"


def peer(name: str) -> ModuleType:
    """A module of a vendor's client; a laptop may do without, CI may not."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("the vendors' clients are not installed: run scripts/test-needs.sh")


@pytest.fixture(scope="module")
def aliyun_service() -> Iterator[Served]:
    with served("aliyun") as one:
        yield one


@pytest.fixture
def aliyun(aliyun_service: Served) -> Served:
    aliyun_service.begin()
    return aliyun_service


@pytest.fixture(scope="module")
def tencent_service() -> Iterator[Served]:
    with served("tencent") as one:
        yield one


@pytest.fixture
def tencent(tencent_service: Served) -> Served:
    tencent_service.begin()
    return tencent_service


def aliyun_client(cloud: Served, secret: str = SECRET) -> Any:
    open_api = peer("alibabacloud_tea_openapi.models")
    client = peer("alibabacloud_dysmsapi20170525.client")
    endpoint = cloud.url.removeprefix("http://")
    return client.Client(
        open_api.Config(
            access_key_id=KEY_ID, access_key_secret=secret, endpoint=endpoint, protocol="http"
        )
    )


def aliyun_request(**changes: str) -> Any:
    models = peer("alibabacloud_dysmsapi20170525.models")
    fields = {
        "phone_numbers": WANG.removeprefix("+86"),
        "sign_name": SIGN,
        "template_code": ids_of("aliyun").of("aliyun", "staff_today"),
        "template_param": '{"village":"' + ODD + '","code":"17"}',
        "out_id": ODD,
    }
    return models.SendSmsRequest(**(fields | changes))


def test_aliyuns_client_is_understood(aliyun: Served) -> None:
    answer = aliyun_client(aliyun).send_sms(aliyun_request())

    assert answer.status_code == 200
    assert answer.body.code == "OK"
    assert answer.body.biz_id
    assert ODD in aliyun.arrived[0][1]
    assert [
        entry.details["out_id"]
        for entry in aliyun.cloud.log.entries(None, Kind.SMS, after=aliyun.since)
    ] == [ODD]


def test_aliyuns_client_reads_our_refusal(aliyun: Served) -> None:
    answer = aliyun_client(aliyun).send_sms(aliyun_request(sign_name="没有报备"))

    assert answer.body.code == "isv.SMS_SIGNATURE_ILLEGAL"
    assert aliyun.arrived == []


def test_aliyuns_client_with_another_secret_is_refused(aliyun: Served) -> None:
    client = aliyun_client(aliyun, secret="another")

    with pytest.raises(Exception, match="SignatureDoesNotMatch"):
        client.send_sms(aliyun_request())

    assert aliyun.arrived == []


def test_aliyuns_client_reads_the_list_of_templates(aliyun: Served) -> None:
    models = peer("alibabacloud_dysmsapi20170525.models")

    answer = aliyun_client(aliyun).query_sms_template_list(
        models.QuerySmsTemplateListRequest(page_index=1, page_size=5)
    )

    assert answer.body.total_count == len(aliyun.cloud.templates)
    assert {one.audit_status for one in answer.body.sms_template_list} == {"AUDIT_STATE_PASS"}


def tencent_client(cloud: Served, secret: str = SECRET) -> Any:
    credential = peer("tencentcloud.common.credential")
    profile = peer("tencentcloud.common.profile.client_profile")
    http = peer("tencentcloud.common.profile.http_profile")
    client = peer("tencentcloud.sms.v20210111.sms_client")
    endpoint = cloud.url.removeprefix("http://")
    http_profile = http.HttpProfile(endpoint=endpoint, protocol="http")
    return client.SmsClient(
        credential.Credential(KEY_ID, secret),
        "ap-guangzhou",
        profile.ClientProfile(httpProfile=http_profile),
    )


def tencent_request(**changes: Any) -> Any:
    models = peer("tencentcloud.sms.v20210111.models")
    request = models.SendSmsRequest()
    fields = {
        "PhoneNumberSet": [WANG],
        "SmsSdkAppId": APP_ID,
        "SignName": SIGN,
        "TemplateId": ids_of("tencent").of("tencent", "staff_today"),
        "TemplateParamSet": [ODD, "17"],
        "SessionContext": ODD,
    }
    for name, value in (fields | changes).items():
        setattr(request, name, value)
    return request


def test_tencents_client_is_understood(tencent: Served) -> None:
    answer = tencent_client(tencent).SendSms(tencent_request())

    (status,) = answer.SendStatusSet
    assert (status.Code, status.SessionContext, status.Fee) == ("Ok", ODD, 1)
    assert status.SerialNo
    assert ODD in tencent.arrived[0][1]


def test_tencents_client_reads_our_refusal(tencent: Served) -> None:
    answer = tencent_client(tencent).SendSms(tencent_request(SignName="没有报备"))

    assert answer.SendStatusSet[0].Code == "FailedOperation.SignatureIncorrectOrUnapproved"
    assert tencent.arrived == []


def test_tencents_client_with_another_secret_is_refused(tencent: Served) -> None:
    client = tencent_client(tencent, secret="another")

    with pytest.raises(Exception, match="SignatureFailure"):
        client.SendSms(tencent_request())

    assert tencent.arrived == []


def test_tencents_client_reads_templates_and_packages(tencent: Served) -> None:
    models = peer("tencentcloud.sms.v20210111.models")
    wanted = models.DescribeSmsTemplateListRequest()
    wanted.International, wanted.Limit, wanted.Offset = 0, 10, 0
    left = models.SmsPackagesStatisticsRequest()
    left.SmsSdkAppId, left.Limit, left.Offset = APP_ID, 10, 0
    left.BeginTime, left.EndTime = "2024010100", "2026112300"

    client = tencent_client(tencent)
    templates = client.DescribeSmsTemplateList(wanted).DescribeTemplateStatusSet
    packages = client.SmsPackagesStatistics(left).SmsPackagesStatisticsSet

    assert len(templates) == len(tencent.cloud.templates)
    assert {one.StatusCode for one in templates} == {0}
    assert packages[0].PackageAmount - packages[0].CurrentUsage == tencent.cloud.balance


def test_every_code_that_tencent_names_has_a_result() -> None:
    from channels.sms.tencent import SEND, UNLISTED

    named = peer("tencentcloud.sms.v20210111.errorcodes")
    codes = {value for name, value in vars(named).items() if name.isupper()}
    beginnings = tuple(one[0] for one in UNLISTED)

    assert len(codes) > 90
    assert {code for code in codes if code not in SEND and not code.startswith(beginnings)} == set()


@pytest.mark.parametrize("package", ["channels", "suifang", "simulator"])
def test_the_product_imports_no_vendors_client(package: str) -> None:
    """They cost up to two seconds of start and eleven packages; here they only check us."""
    imports = re.compile(
        r"^\s*(?:from|import) (?:alibabacloud|tencentcloud|twilio)\b", re.MULTILINE
    )
    sources = list((ROOT / package).rglob("*.py"))

    assert len(sources) > 20
    assert [path.name for path in sources if imports.search(path.read_text("utf-8"))] == []
