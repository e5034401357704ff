"""`suifang demo`: a county on this machine, with a simulated WeChat beside it, ready in seconds."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import cast

import httpx
from sqlmodel import Session, col, select

from care.situation import Programme
from channels.wechat.menu import Button, menu
from channels.wechat.registered import load
from records import people
from records.db import Database
from records.messages import ADDRESS
from records.tables import ContactPoint, Facility, Person, PersonContact
from records.vault import Vault
from sight import eye
from simulator.settings import (
    DemoPatient,
    MenuButton,
    SimulatorSettings,
    TemplateKind,
    TemplateSpec,
)
from suifang.keys import Keys
from suifang.serve import service_commands
from suifang.settings import Settings
from suifang.wechat import CALLBACK_NAME
from voice import local

APP_ID = "wxdemo0000000001"
TEMPLATE_ID = "demo-follow-up"
REPLY_TEMPLATE_ID = "demo-reply"
ACCOUNT_FILE = Path(__file__).parent / "seed" / "wechat.toml"
_LABELS = {"title": "提醒事项", "action": "怎么做"}
ORIGINAL_ID = "gh_demo000000001"
# Who is signed in on the machine that looks at the demonstration: one doctor's WeChat.
DOCTORS_OPENID = "demo-doctor"
HOST = "127.0.0.1"
_READY_WITHIN = 30.0
_CONDITIONS = {Programme.HYPERTENSION: "高血压", Programme.TYPE2_DIABETES: "2型糖尿病"}


@dataclass(frozen=True, slots=True)
class Secrets:
    """The demonstration's WeChat secrets: made from its own key, so that they survive a restart."""

    app_secret: str
    token: str
    aes_key: str


def place(data_dir: Path) -> dict[str, str]:
    """Where the demonstration keeps its rows: never in the database that a .env file names."""
    return {
        "SUIFANG_DEMO": "true",
        "SUIFANG_DATA_DIR": str(data_dir),
        "SUIFANG_DATABASE_URL": f"sqlite:///{data_dir / 'suifang.db'}",
    }


def settings(port: int, simulator_port: int) -> dict[str, str]:
    """The environment of every process of the demonstration."""
    return {
        "SUIFANG_HOST": HOST,
        "SUIFANG_PORT": str(port),
        "SUIFANG_PUBLIC_URL": f"http://{HOST}:{port}",
        "SUIFANG_SERVE_PENDING": "true",
        "SUIFANG_SETTLE_SECONDS": "2",
        "SUIFANG_PHOTO": "off" if eye.missing() else "local",
        "SUIFANG_VOICE": "off" if local.missing() else "local",
        "SUIFANG_WECHAT_APP_ID": APP_ID,
        "SUIFANG_WECHAT_API_BASE": f"http://{HOST}:{simulator_port}",
        "SUIFANG_WECHAT_ORIGINAL_ID": ORIGINAL_ID,
        "SUIFANG_WECHAT_TEMPLATE_ID_FOLLOW_UP": TEMPLATE_ID,
        "SUIFANG_WECHAT_TEMPLATE_ID_REPLY": REPLY_TEMPLATE_ID,
        "SUIFANG_WECHAT_ACCOUNT_FILE": str(ACCOUNT_FILE),
        "SUIFANG_NOTICE_WEBHOOK_URL": f"http://{HOST}:{simulator_port}/notices",
        "SUIFANG_LOG_LEVEL": "warning",
    }


def secrets(keys: Keys) -> Secrets:
    """Derive the simulated account's secrets from the installation's key."""

    def derived(purpose: str) -> bytes:
        return hashlib.sha256(keys.secret + purpose.encode()).digest()

    return Secrets(
        app_secret=derived("app").hex(),
        token=derived("token").hex()[:32],
        # The platform's keys are 43 letters and digits.
        aes_key=derived("aes").hex()[:43],
    )


def secret_settings(made: Secrets) -> dict[str, str]:
    """The same secrets as environment variables."""
    return {
        "SUIFANG_WECHAT_APP_SECRET": made.app_secret,
        "SUIFANG_WECHAT_TOKEN": made.token,
        "SUIFANG_WECHAT_ENCODING_AES_KEY": made.aes_key,
    }


def commands() -> dict[str, list[str]]:
    """Web, worker and the simulated outside world."""
    return {**service_commands(), "simulator": [sys.executable, "-m", "suifang.cli", "simulator"]}


def simulator_settings(
    configured: Settings, made: Secrets, patients: tuple[DemoPatient, ...], log_path: Path
) -> SimulatorSettings:
    """What the simulated WeChat platform is built from."""
    base = configured.wechat_api_base
    return SimulatorSettings(
        app_id=APP_ID,
        secret=made.app_secret,
        token=made.token,
        encoding_aes_key=made.aes_key,
        account_id=ORIGINAL_ID,
        callback_url=f"{configured.public_url}/wechat/{CALLBACK_NAME}",
        account_name="柳溪镇卫生院随访",
        public_url=base,
        patients=patients,
        phone_holder=DOCTORS_OPENID,
        menu=tuple(_menu_button(one) for one in menu()),
        templates=(
            TemplateSpec(
                TEMPLATE_ID,
                "随访到期提醒",
                {"thing1": "提醒事项", "time2": "日期", "thing3": "怎么做"},
            ),
            TemplateSpec(
                REPLY_TEMPLATE_ID, "医生回复通知", {"thing1": "提醒事项", "thing2": "怎么做"}
            ),
            *templates_of_its_own(),
        ),
        links=(("医生工作台", f"{configured.public_url}/"),),
        log_path=log_path,
    )


def templates_of_its_own() -> tuple[TemplateSpec, ...]:
    """What the account's own file names, as the platform approved it."""
    known = {one.id: one for one in load(ACCOUNT_FILE).templates.values() if one.id}
    return tuple(
        TemplateSpec(
            template_id,
            one.title,
            {slot.key: _LABELS.get(ours, ours) for ours, slot in one.slots.items()},
            kind=cast("TemplateKind", one.kind),
        )
        for template_id, one in known.items()
    )


def _menu_button(button: Button) -> MenuButton:
    return MenuButton(button.key, button.name, tuple(_menu_button(one) for one in button.below))


def phones(database: Database, vault: Vault, now: datetime) -> tuple[DemoPatient, ...]:
    """The patients whose phones a newcomer may hold, from the seeded county."""
    today = people.china_date(now)
    with database.reading() as session:
        rows = session.exec(
            select(ContactPoint, Person, Facility)
            .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
            .join(Person, col(Person.id) == col(PersonContact.person_id))
            .join(Facility, col(Facility.id) == col(Person.facility_id))
            .where(ContactPoint.account == APP_ID)
            .where(PersonContact.relation == "self")
            .order_by(col(ContactPoint.created_at), col(ContactPoint.id))
        ).all()
        return tuple(
            DemoPatient(
                openid=vault.open(contact.address_sealed, ADDRESS, contact.id),
                name=people.name_of(vault, person),
                village=place.name.removesuffix("卫生室"),
                about=about(session, person, today),
            )
            for contact, person, place in rows
        )


def about(session: Session, person: Person, today: date) -> str:
    """How old somebody is and what they have, for the list of phones."""
    known = people.background(session, person, today)
    names = "、".join(_CONDITIONS[one] for one in sorted(known.conditions))
    return f"{known.age}岁，{names}" if known.age is not None else names


def free_port(wanted: int) -> int:
    """The wanted port, or another one when somebody sits there."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    msg = "No free port on this machine."
    raise OSError(msg)


def when_ready(urls: tuple[str, ...], tell: Callable[[float | None], None]) -> threading.Thread:
    """Call `tell` with the seconds it took until every address answered; None if they never did."""
    began = time.monotonic()

    def wait() -> None:
        while time.monotonic() - began < _READY_WITHIN:
            if all(_answers(url) for url in urls):
                tell(time.monotonic() - began)
                return
            time.sleep(0.1)
        tell(None)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def apply(environment: dict[str, str]) -> None:
    """Give the settings to this process and its children."""
    os.environ.update(environment)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1.0, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
