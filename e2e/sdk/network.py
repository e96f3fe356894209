"""A dev network of one's own, and waiting for what it does."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
import time
from typing import Callable, Optional, TypeVar

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TANGLE", ROOT / "target" / "debug" / "tangle"))
START_SECONDS = 20

T = TypeVar("T")


class Network:
    """A running `tangle dev`, started with free ports and nothing kept."""

    def __init__(self, config: Optional[str] = None):
        self.folder = tempfile.TemporaryDirectory(prefix="tangle-e2e-")
        command = [str(BINARY), "dev", "--ephemeral", "--port", "0", "--json"]
        if config is not None:
            file = pathlib.Path(self.folder.name) / "dev.toml"
            file.write_text(config, encoding="utf-8")
            command += ["--config", str(file)]
        self.log = open(pathlib.Path(self.folder.name) / "log", "w+b")
        self.process = subprocess.Popen(
            command,
            cwd=self.folder.name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"tangle dev did not start: {self._log_text()}")
        self.about = json.loads(line)
        self.node: str = self.about["node"]
        self.faucet: str = self.about["faucet"]["url"]
        wait_until("the node is healthy", self.is_healthy, START_SECONDS)

    def is_healthy(self) -> bool:
        """Whether `/health` says so."""
        return requests.get(f"{self.node}/health", timeout=5).status_code == 200

    def core(self, path: str, **kwargs) -> requests.Response:
        """A request of the core API, without the SDK."""
        return requests.get(f"{self.node}/api/core/v2/{path}", timeout=10, **kwargs)

    def indexer(self, path: str, **parameters) -> requests.Response:
        """A request of the indexer, without the SDK."""
        url = f"{self.node}/api/indexer/v1/{path}"
        return requests.get(url, params=parameters, timeout=10)

    def confirmed_index(self) -> int:
        """Index of the newest confirmed milestone."""
        return self.core("info").json()["status"]["confirmedMilestone"]["index"]

    def stop(self) -> None:
        """Ends the network; an end by itself before that, or by a panic, is an error."""
        ended_early = self.process.poll()
        self.process.terminate()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        text = self._log_text()
        self.process.stdout.close()
        self.log.close()
        self.folder.cleanup()
        assert ended_early is None, f"tangle dev ended by itself ({ended_early}): {text}"
        assert code == 0, f"tangle dev ended with {code}: {text}"
        assert "panicked" not in text, text

    def _log_text(self) -> str:
        self.log.flush()
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-4000:]


def wait_until(what: str, condition: Callable[[], T], seconds: float = 15) -> T:
    """Waits until `condition` gives something true, and gives that back."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.1)
