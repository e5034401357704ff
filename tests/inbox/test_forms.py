"""The form of one follow-up, as a doctor meets it."""

from __future__ import annotations

from care.situation import Programme
from tests.inbox.browser import Opening
from tests.inbox.forms_county import drafted, pressure
from tests.inbox.office import Office

HTN, DM = Programme.HYPERTENSION, Programme.TYPE2_DIABETES


async def test_a_draft_from_the_conversation_is_filled_in_and_says_why(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        draft = drafted(county, person, pressure(128, 76), pressure(132, 80))
    answer = await (await browser("doctor_a")).get(f"/follow-ups/{draft}")
    assert answer.status_code == 200
    assert 'name="systolic" value="130"' in answer.text
    assert 'name="diastolic" value="78"' in answer.text
    assert "家里量的平均值（全部计入），2 次" in answer.text
    assert "微信消息，不计入面对面" in answer.text
    assert "控制满意" in answer.text

