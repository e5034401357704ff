"""The demonstration's SMS: a simulated Aliyun, our templates approved by it, and who has only keys."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlmodel import col, select

from channels.sms.aliyun import KIND
from channels.sms.line import ACCOUNT, CHANNEL
from channels.templates import TemplateIds, registry
from records import people
from records.messages import ADDRESS
from records.tables import ContactPoint, Facility, Person, PersonContact
from simulator.settings import DemoKeypad, SimulatorSettings
from simulator.sms_cloud import CloudTemplate, SmsCloudSettings
from suifang.demo import HOST, about
from suifang.installation import Installation
from suifang.keys import Keys
from suifang.seed.roster import county

KEY_ID = "LTAI-demo"
SIGN = "柳溪卫生院"
IDS_FILE = "sms-templates.toml"
_FIRST_ID = 100_000_001
_PLENTY = 10_000


def settings(data_dir: Path, port: int, simulator_port: int, keys: Keys) -> dict[str, str]:
    """The environment of the SMS line; its secrets come from the installation's own key."""

    def derived(purpose: str) -> str:
        return hashlib.sha256(keys.secret + purpose.encode()).hexdigest()[:40]

    return {
        "SUIFANG_SMS_ROUTE": KIND,
        "SUIFANG_SMS_TEMPLATES_FILE": str(data_dir / IDS_FILE),
        "SUIFANG_SMS_PHONE": str(county()["township"]["phone"]),
        "SUIFANG_ALIYUN_ACCESS_KEY_ID": KEY_ID,
        "SUIFANG_ALIYUN_ACCESS_KEY_SECRET": derived("aliyun"),
        "SUIFANG_ALIYUN_SIGN_NAME": SIGN,
        "SUIFANG_ALIYUN_PUSH_TOKEN": derived("aliyun push"),
        "SUIFANG_ALIYUN_API_BASE": f"http://{HOST}:{simulator_port}/aliyun",
        # The simulated cloud posts to the pages of this machine.
        "SUIFANG_PUBLIC_URL": f"http://{HOST}:{port}",
    }


def approve(data_dir: Path) -> None:
    """Write down that the simulated Aliyun has approved every template of ours."""
    names = enumerate(registry().templates, start=_FIRST_ID)
    entries = (f'[{KIND}.{name}]\nid = "SMS_{id_}"\nstate = "approved"\n' for id_, name in names)
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / IDS_FILE).write_text("\n".join(entries), "utf-8")


def beside(
    simulator: SimulatorSettings, installation: Installation, now: datetime
) -> SimulatorSettings:
    """The same simulator with the SMS cloud and the phones with keys, where the line is on."""
    ours = installation.settings
    secret, token = ours.aliyun_access_key_secret, ours.aliyun_push_token
    if KIND not in ours.sms_route or secret is None or token is None:
        return simulator
    ids = TemplateIds.load(ours.sms_templates_file).entries[KIND]
    words = registry(ours.sms_phone or "")
    cloud = SmsCloudSettings(
        key_id=ours.aliyun_access_key_id or "",
        secret=secret.get_secret_value(),
        sign_names=frozenset({ours.aliyun_sign_name or ""}),
        templates={
            entry.id: CloudTemplate(words.template(name).as_registered(KIND))
            for name, entry in ids.items()
        },
        push_url=f"{ours.public_url}/sms/{KIND}/{token.get_secret_value()}",
        balance=_PLENTY,
        receipt_after=1.0,
    )
    return replace(simulator, sms=cloud, keypads=keypads(installation, now))


def keypads(installation: Installation, now: datetime) -> tuple[DemoKeypad, ...]:
    """The seeded people whom only SMS reaches."""
    today, vault = people.china_date(now), installation.vault
    with installation.database.reading() as session:
        rows = session.exec(
            select(ContactPoint, Person, Facility)
            .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
            .join(Person, col(Person.id) == col(PersonContact.person_id))
            .join(Facility, col(Facility.id) == col(Person.facility_id))
            .where(ContactPoint.channel == CHANNEL)
            .where(ContactPoint.account == ACCOUNT)
            .where(PersonContact.relation == "self")
            .order_by(col(ContactPoint.created_at), col(ContactPoint.id))
            .limit(len(county()["sms"]["people"]))
        ).all()
        return tuple(
            DemoKeypad(
                number=vault.open(contact.address_sealed, ADDRESS, contact.id),
                name=people.name_of(vault, person),
                village=place.name.removesuffix("卫生室"),
                about=about(session, person, today),
            )
            for contact, person, place in rows
        )
