"""A node of a network of its own, in which everybody may do everything."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TANGLE", ROOT / "target" / "debug" / "tangle"))
START_SECONDS = 20

# The first test vector of RFC 8032, section 7.1.
SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
OWNER = "tst1qr3nyjcqlf0zzpvy2f6xk908v9uz5g762te5kwdczjn72uwemrnsj6f6awd"

GENESIS = f"""
network_name = "openapi"
bech32_hrp = "tst"
token_supply = 1_000_000_000
below_max_depth = 15
pow_score_min = 0

[rent]
v_byte_cost = 1
v_byte_factor_data = 1
v_byte_factor_key = 10

[milestones]
threshold = 1

[[milestones.keys]]
public_key = "0x{PUBLIC_KEY}"

[[allocations]]
address = "{OWNER}"
amount = 1_000_000_000
"""

CONFIG = """

genesis = "{folder}/genesis.toml"
data = "{folder}/data"

[rest]
bind = "127.0.0.1:{port}"
public_paths = ["*"]
protected_paths = []

[network]
enabled = false

[participation]
enabled = true

[coordinator]
keys = [{{ file = "{folder}/key" }}]
"""


class Node:
    """A running `tangle node`; ended with the `with` block."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="tangle-openapi-")
        folder = pathlib.Path(self._folder.name)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "genesis.toml").write_text(GENESIS, encoding="utf-8")
        config = folder / "tangle.toml"
        config.write_text(CONFIG.format(folder=folder, port=self.port), encoding="utf-8")
        key = folder / "key"
        key.touch(mode=0o600)
        key.write_text(SEED, encoding="utf-8")
        self._log = folder / "log"
        log = open(self._log, "wb")
        self.process = subprocess.Popen(
            [str(BINARY), "node", "--config", str(config)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        log.close()

    def __enter__(self) -> Node:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError(f"the node did not start: {self.log()}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        ended_early = self.process.poll()
        self.process.terminate()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        text = self.log()
        self._folder.cleanup()
        assert ended_early is None, f"the node ended by itself ({ended_early}): {text}"
        assert code == 0, f"the node ended with {code}: {text}"
        assert "panicked" not in text, text

    def is_healthy(self) -> bool:
        """Whether `/health` says so, within a second."""
        try:
            return self._request("/health", 1).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path: str):
        """The JSON of a path."""
        return self.ask("GET", path)[1]

    def ask(self, method: str, path: str, body=None):
        """Status and JSON of an answer."""
        answer = self._request(path, 30, method, body)
        return answer.status, json.load(answer)

    def _request(
        self, path: str, seconds: float, method: str = "GET", body=None
    ) -> http.client.HTTPResponse:
        # Not by urllib, which would ask a proxy.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        headers = {"Connection": "close", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        return connection.getresponse()

    def resident_bytes(self) -> int:
        """Memory that the node has in use now."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("the node is gone")

    def log(self) -> str:
        """The end of what the node has written."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-4000:]


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
