"""The demonstration's SMS line: complete settings, every template approved, one phone with keys."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from channels.templates import TemplateIds, registry
from records import messages, people
from records.messages import Address
from records.people import Registration
from records.tables import Facility
from simulator.settings import DemoKeypad, SimulatorSettings
from suifang import demo, demo_sms
from suifang.installation import Installation
from suifang.keys import Keys, load_keys
from suifang.settings import load_settings

OUTSIDE = SimulatorSettings(app_id="wx", secret="s", token="t", encoding_aes_key="k" * 43)


@pytest.fixture
def on_the_line(installation: Installation, now: datetime) -> Installation:
    """An installation whose settings are the demonstration's, with one person reached by SMS."""
    folder = installation.settings.data_dir
    keys = load_keys(installation.settings)
    demo.apply(demo.place(folder) | demo.settings(8001, 8002))
    demo.apply(demo.secret_settings(demo.secrets(keys)))
    demo.apply(demo_sms.settings(folder, 8001, 8002, keys))
    demo_sms.approve(folder)
    with installation.database.transaction() as session:
        session.add(Facility(id="v", kind="village_clinic", name="东沟村卫生室", path="v/"))
        session.flush()
        person = people.register(session, installation.vault, Registration("张守田", "v"), now)
        where = Address("sms", "main", "+8613900000003")
        point = messages.ensure_contact_point(session, installation.vault, where, now)
        people.link(session, person.id, point.id, now)
    return Installation(load_settings(None), installation.database, installation.vault)


def test_the_simulator_has_what_the_product_was_told(
    on_the_line: Installation, now: datetime
) -> None:
    beside = demo_sms.beside(OUTSIDE, on_the_line, now)

    assert on_the_line.settings.sms_route == ("aliyun",)
    assert on_the_line.settings.aliyun_api_base == "http://127.0.0.1:8002/aliyun"
    assert beside.keypads == (DemoKeypad("+8613900000003", "张守田", "东沟村", ""),)
    assert beside.sms is not None
    assert beside.sms.push_url.startswith("http://127.0.0.1:8001/sms/aliyun/")
    assert len(beside.sms.templates) == len(registry().templates)
    assert all("{phone}" not in one.body for one in beside.sms.templates.values())


def test_without_the_line_the_simulator_stays_as_it_is(
    installation: Installation, now: datetime
) -> None:
    assert demo_sms.beside(OUTSIDE, installation, now) is OUTSIDE


def test_every_template_is_approved_under_an_id_of_its_own(tmp_path: Path) -> None:
    demo_sms.approve(tmp_path / "new")

    ids = TemplateIds.load(tmp_path / "new" / demo_sms.IDS_FILE)
    found = [ids.of("aliyun", name) for name in registry().templates]
    assert None not in found
    assert len(set(found)) == len(found)


def test_the_secrets_are_the_installations_own(tmp_path: Path) -> None:
    def secret(keys: Keys) -> str:
        return demo_sms.settings(tmp_path, 1, 2, keys)["SUIFANG_ALIYUN_ACCESS_KEY_SECRET"]

    ours, others = Keys(b"s" * 32, b"i" * 32), Keys(b"o" * 32, b"i" * 32)
    assert secret(ours) == secret(ours) != secret(others)
