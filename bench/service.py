"""A whole installation as real processes on loopback, for measurements and acceptance tests.

Nothing is taken from the environment of whoever starts it, and every process is ended by its pid.
"""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from records import migrations
from records.db import Database
from records.vault import Vault
from simulator.settings import SimulatorSettings
from simulator.traffic import Line
from suifang.seed.places import settle_places

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
APP_ID = "wx0000000000bench"
APP_SECRET = "not-a-secret"
TOKEN = "benchtoken"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
SECRET_KEY, INDEX_KEY = b"s" * 32, b"i" * 32
_READY_WITHIN = 60.0


def free_port() -> int:
    """A port nobody uses now. Processes that are killed and started again keep it."""
    with socket.create_server((HOST, 0)) as listening:
        return int(listening.getsockname()[1])


def platform_settings(port: int, log_path: Path | None = None) -> SimulatorSettings:
    """A simulated WeChat that takes any openid for a follower, so that its quota limits nothing."""
    return SimulatorSettings(
        app_id=APP_ID,
        secret=APP_SECRET,
        token=TOKEN,
        encoding_aes_key=AES_KEY,
        callback_url=callback_url(port),
        log_path=log_path,
        open_to_all=True,
    )


def callback_url(port: int) -> str:
    return f"http://{HOST}:{port}/wechat/main"


def clean_environment() -> dict[str, str]:
    """The environment without any setting of an installation that happens to be configured here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SUIFANG_")}
    return {**kept, "PYTHONPATH": str(ROOT)}


@dataclass
class Service:
    """One installation: its database, its settings, and whichever of its processes run.

    `settings` are further SUIFANG_ variables without the prefix, in lower case.
    """

    folder: Path
    platform_url: str
    port: int = field(default_factory=free_port)
    database_url: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database_url = self.database_url or f"sqlite:///{self.folder / 'suifang.db'}"

    @property
    def vault(self) -> Vault:
        return Vault(SECRET_KEY, INDEX_KEY)

    @property
    def line(self) -> Line:
        """Where the simulated platform's traffic goes."""
        return Line(callback_url(self.port), APP_ID, TOKEN, AES_KEY)

    @contextmanager
    def database(self) -> Iterator[Database]:
        database = Database(self.database_url)
        try:
            yield database
        finally:
            database.dispose()

    def prepare(self) -> None:
        """Bring the schema up and let a small county's staff look after whoever writes."""
        with self.database() as database:
            migrations.upgrade(database)
            with database.transaction() as session:
                settle_places(session, self.vault, datetime.now(UTC))

    def environment(self) -> dict[str, str]:
        values = {
            "data_dir": str(self.folder),
            "database_url": self.database_url,
            "secret_key": base64.b64encode(SECRET_KEY).decode(),
            "index_key": base64.b64encode(INDEX_KEY).decode(),
            "host": HOST,
            "port": str(self.port),
            "demo": "true",
            "wechat_app_id": APP_ID,
            "wechat_app_secret": APP_SECRET,
            "wechat_token": TOKEN,
            "wechat_encoding_aes_key": AES_KEY,
            "wechat_api_base": self.platform_url,
            "notice_webhook_url": f"{self.platform_url}/notices",
            "serve_pending": "true",
            "log_level": "info",
            "log_format": "json",
            **self.settings,
        }
        named = {f"SUIFANG_{name.upper()}": value for name, value in values.items()}
        return {**clean_environment(), **named}

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a process under a name of ours; its log is appended to `<name>.log`."""
        words = command or (name.partition("-")[0],)
        with self.log(name).open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "suifang.cli", *words],
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.processes[name] = process
        return process

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End every process that still runs, politely first."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def answers(self) -> bool:
        """Whether the web process takes requests."""
        try:
            asked = httpx.get(f"http://{HOST}:{self.port}/sign-in", timeout=2.0, trust_env=False)
        except httpx.HTTPError:
            return False
        return asked.status_code == httpx.codes.OK

    def works(self, name: str, since: int = 0) -> bool:
        """Whether a worker has begun to tick, told by its log after the byte `since`."""
        with self.log(name).open("rb") as file:
            file.seek(since)
            return b"worker.started" in file.read()

    def ready(self, workers: Sequence[str] = ("worker",)) -> None:
        """Wait until the web process answers and the workers tick."""
        until = time.monotonic() + _READY_WITHIN
        while not (self.answers() and all(self.works(name) for name in workers)):
            ended = [name for name, one in self.processes.items() if one.poll() is not None]
            if ended or time.monotonic() > until:
                tails = {name: self.log(name).read_text()[-2000:] for name in self.processes}
                msg = f"The service did not start (ended: {ended}): {tails}"
                raise TimeoutError(msg)
            time.sleep(0.05)


@contextmanager
def running(service: Service, *names: str) -> Iterator[Service]:
    """Prepare a service, run these processes (web and one worker if none are named), end them."""
    chosen = names or ("web", "worker")
    service.prepare()
    try:
        for name in chosen:
            service.start(name)
        service.ready([name for name in chosen if name.startswith("worker")])
        yield service
    finally:
        service.stop()
