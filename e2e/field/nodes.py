"""Nodes as processes, started again when they end, as a service manager does it."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from typing import Optional

from links import Links

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TANGLE", ROOT / "target" / "debug" / "tangle"))
RESTART_SECONDS = 1
ADDRESS_COUNT = 60
SUPPLY = 2_779_530_283_277_761


def tool(folder: pathlib.Path, *arguments: str) -> dict:
    """What `tangle … --json` prints."""
    done = subprocess.run([str(BINARY), *arguments, "--json"], cwd=folder,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"tangle {' '.join(arguments)}: {done.stderr or done.stdout}")
    return json.loads(done.stdout)


def post(url: str, path: str, body: dict) -> bool:
    """Whether a server takes something."""
    request = urllib.request.Request(f"{url}{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=3):
            return True
    except (OSError, urllib.error.URLError):
        return False


def addresses(folder: pathlib.Path) -> list[str]:
    """Addresses whose keys nobody needs."""
    new = ("tool", "key", "new")
    return [tool(folder, *new, "--out", f"payee-{n}.key")["bech32"] for n in range(ADDRESS_COUNT)]


class Node:
    """One node. Node 1 is the coordinator and has the faucet."""

    def __init__(self, number: int, folder: pathlib.Path, links: Links):
        self.number = number
        self.folder = folder
        self.links = links
        self.process: Optional[subprocess.Popen] = None
        self.restart_count = 0
        self.is_wanted = False
        self.url = f"http://{links.address(number)}:14265"
        self.faucet_url = f"http://{links.address(number)}:8091"
        self._lock = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def log(self) -> pathlib.Path:
        """What it printed, over all its lives."""
        return self.folder / "log"

    def start(self) -> None:
        """Starts it, and again whenever it ends."""
        with self._lock:
            self.is_wanted = True
            self._spawn()

    def _spawn(self) -> None:
        with open(self.log, "ab") as log:
            command = [*self.links.prefix(self.number), str(BINARY), "node", "--quiet"]
            self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)

    def _watch(self) -> None:
        while True:
            time.sleep(RESTART_SECONDS)
            with self._lock:
                if self.is_wanted and self.process and self.process.poll() is not None:
                    self.restart_count += 1
                    self._spawn()

    def kill(self) -> None:
        """SIGKILL; it comes back by itself."""
        self.process.send_signal(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP, until `go_on`."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends it cleanly, for good."""
        with self._lock:
            self.is_wanted = False
            self.process.terminate()
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise RuntimeError(f"node {self.number} does not stop") from None
        if code != 0:
            raise RuntimeError(f"node {self.number} ended with {code}")

    def end(self) -> None:
        """Ends it in any case."""
        self.is_wanted = False
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def get(self, path: str) -> Optional[dict]:
        """An answer of its API; `None` when there is none."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=3) as answer:
                return json.load(answer)
        except (OSError, urllib.error.URLError, ValueError):
            return None

    def is_healthy(self) -> bool:
        """Whether it calls itself healthy."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=3):
                return True
        except (OSError, urllib.error.URLError):
            return False

    def milestones(self) -> tuple[int, int]:
        """Its newest known and its newest confirmed milestone; -1 when it does not answer."""
        info = self.get("/api/core/v2/info")
        if info is None:
            return -1, -1
        status = info["status"]
        return (status["latestMilestone"].get("index", 0),
                status["confirmedMilestone"].get("index", 0))

    def ledger(self) -> tuple[int, str]:
        """Index and hash of its ledger, read from its files; it must be stopped."""
        report = tool(self.folder, "tool", "store", "check")
        return report["ledgerIndex"], report["ledgerHash"]


def network(folder: pathlib.Path, links: Links) -> list[Node]:
    """Files of a network of as many nodes as there are links, and its nodes."""
    shared = folder / "shared"
    shared.mkdir()
    faucet = tool(shared, "tool", "key", "new", "--out", "faucet.key")
    tool(shared, "tool", "genesis", "init", "--network", "field", "--hrp", "tst",
         "--supply", str(SUPPLY), "--allocate", f"{faucet['bech32']}={SUPPLY}",
         "--pow-score-min", "0")
    ids = {}
    numbers = range(1, links.count + 1)
    for number in numbers:
        home = folder / f"node{number}"
        home.mkdir()
        (home / "data").mkdir()
        ids[number] = tool(home, "tool", "peer-id", "data/identity.key")["peerId"]
    nodes = []
    for number in numbers:
        # A ring with chords: each node is told of two others, and hears of four.
        others = {(number + step - 1) % links.count + 1 for step in (1, 3)}
        peers = ", ".join(
            f'"/ip4/{links.address(other)}/tcp/15600/p2p/{ids[other]}"' for other in sorted(others))
        text = f"""
genesis = "{shared}/genesis.toml"
data = "data"
[rest]
bind = "{links.address(number)}:14265"
[network]
bind = ["/ip4/{links.address(number)}/tcp/15600"]
peers = [{peers}]
"""
        if number == 1:
            text += f"""
[coordinator]
keys = [{{ file = "{shared}/keys/milestone-1.key" }}, {{ file = "{shared}/keys/milestone-2.key" }}]
[faucet]
key = {{ file = "{shared}/faucet.key" }}
bind = "{links.address(number)}:8091"
"""
        home = folder / f"node{number}"
        (home / "tangle.toml").write_text(text, encoding="utf-8")
        nodes.append(Node(number, home, links))
    return nodes
