"""A real gammu-smsd on its dummy modem, which keeps sent and received messages as files."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from channels.sms import spool
from tests.system.stage import missing

_READY_WITHIN = 5.0
SAMPLE = Path(__file__).parents[3] / "deploy" / "gammu" / "gammu-smsdrc"


def needed() -> None:
    """Skip on a laptop, fail in CI, where the daemon is not installed."""
    for tool in ("gammu-smsd", "gammu"):
        if shutil.which(tool) is None:
            missing(f"{tool} is not installed")


@dataclass
class Daemon:
    """One daemon on one folder; its log tells what it did."""

    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        for name in (*spool.FOLDERS, "dummy"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        phone = f"[gammu]\nmodel = dummy\nconnection = none\ndevice = {self.folder}/dummy\n"
        (self.folder / "phone").write_text(phone)
        (self.folder / "rc").write_text(phone + self._settings())

    def start(self) -> None:
        command = ["gammu-smsd", "-c", str(self.folder / "rc")]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        until = time.monotonic() + _READY_WITHIN
        while "Starting phone communication" not in self.log():
            assert time.monotonic() < until, "the daemon did not start"
            time.sleep(0.01)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None
        # The next one's log begins anew.
        (self.folder / "log").unlink(missing_ok=True)

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def hear(self, sender: str, text: str) -> None:
        """Put a message onto the SIM, in as many parts as it needs."""
        command = ["gammu", "-c", str(self.folder / "phone"), "savesms", "TEXT", "-folder", "1"]
        command += ["-unread", "-sender", sender, "-unicode", "-len", "1000", "-text", text]
        subprocess.run(command, check=True, capture_output=True)

    def _settings(self) -> str:
        """The sample as a site takes it, with this folder and without the pauses."""
        text = SAMPLE.read_text("utf-8").partition("[smsd]")[2]
        for old, new in {
            "/var/spool/suifang-sms": str(self.folder),
            "logfile = syslog": f"logfile = {self.folder}/log",
            "debuglevel = 0": "debuglevel = 1",
            "commtimeout = 5": "commtimeout = 0",
            "receivefrequency = 10": "receivefrequency = 0",
            "statusfrequency = 60": "statusfrequency = 0\ncheckbattery = 0\nchecksignal = 0\nchecknetwork = 0",
        }.items():
            assert old in text, f"the sample has no {old!r} any more"
            text = text.replace(old, new)
        return f"\n[smsd]{text}"
