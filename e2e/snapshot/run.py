"""The snapshots of a running network, checked by a reader that was written from TIP-35 alone.

    e2e/snapshot/run.py

Hornet's own files show first that the reader reads what others write. Then a network pays out
coins while it renews its full and its delta snapshot; both, and one that is asked for, must lead to
the same ledger as the node's API tells of. In the end the reader is shown broken copies: it must
refuse every one.
"""

from __future__ import annotations

import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from typing import Any, Callable, Optional

import tip35
from tip35 import Snapshot, State, demand

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TANGLE", ROOT / "target" / "debug" / "tangle"))
HORNET = ROOT / "crates" / "testkit" / "vectors" / "snapshots-hornet.json"
SUPPLY = 2_779_530_283_277_761
CONFIG = """
genesis = "genesis.toml"
data = "data"
[rest]
bind = "127.0.0.1:0"
public_paths = ["*"]
protected_paths = []
[network]
enabled = false
[coordinator]
keys = [{{ file = "keys/milestone-1.key" }}, {{ file = "keys/milestone-2.key" }}]
[faucet]
key = {{ file = "faucet.key" }}
bind = "127.0.0.1:{port}"
[snapshots]
enabled = true
interval_milestones = 2
depth_milestones = 1
[faucet.pays]
batch_interval_ms = 100
"""
PAYEES_AT_ONCE = 10
# The delta was extended at least once when it has more diffs than two snapshots are apart.
DIFFS_MIN = 5
TRUNCATIONS = 200
WAIT_SECONDS = 60


def hornet() -> None:
    """Hornet's files, whose milestones are dummies, are read as their description says."""
    for known in json.loads(HORNET.read_text(encoding="utf-8"))["snapshots"]:
        snapshot = tip35.read(bytes.fromhex(known["raw"][2:]))
        header = known["header"]
        demand(snapshot.is_full == (header["type"] == 0), f"{known['file']}: another type")
        demand(snapshot.target == header["target"], f"{known['file']}: another target")
        ids = ["0x" + diff.milestone.id.hex() for diff in snapshot.diffs]
        demand(ids == [diff["milestone_id"] for diff in known["diffs"]],
               f"{known['file']}: other milestones")
        points = ["0x" + point.hex() for point in snapshot.entry_points]
        demand(points == known["solid_entry_points"], f"{known['file']}: other SEPs")


def tool(folder: pathlib.Path, *arguments: str) -> dict:
    """What `tangle tool … --json` prints."""
    done = subprocess.run([str(BINARY), "tool", *arguments, "--json"], cwd=folder,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"tangle tool {' '.join(arguments)}: {done.stderr or done.stdout}")
    return json.loads(done.stdout)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Network:
    """A running coordinator with a faucet; ended with the `with` block."""

    def __init__(self, folder: pathlib.Path):
        faucet = tool(folder, "key", "new", "--out", "faucet.key")
        tool(folder, "genesis", "init", "--network", "snapshot", "--hrp", "tst", "--supply",
             str(SUPPLY), "--allocate", f"{faucet['bech32']}={SUPPLY}", "--pow-score-min", "0")
        port = free_port()
        (folder / "tangle.toml").write_text(CONFIG.format(port=port), encoding="utf-8")
        self.folder = folder
        self.snapshots = folder / "data" / "snapshots"
        self.log = open(folder / "log", "w+b")
        self.process = subprocess.Popen([str(BINARY), "node", "--json"], cwd=folder,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.log)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"tangle node did not start: {(folder / 'log').read_text()}")
        self.node = json.loads(line)["node"]
        self.faucet = f"http://127.0.0.1:{port}/api/enqueue"

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.log.close()

    def core(self, path: str, body: Optional[dict] = None) -> dict:
        """An answer of the core API."""
        return ask(f"{self.node}/api/core/v2/{path}", body)

    def pay(self, count: int) -> None:
        """Lets the faucet pay to `count` new addresses, which spends its own output again and
        again."""
        for _ in range(count):
            address = tool(self.folder, "address", os.urandom(32).hex(), "--hrp", "tst")
            ask(self.faucet, {"address": address["bech32"]})


def ask(url: str, body: Optional[dict] = None) -> dict:
    """Gets, or with a body posts."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{url}: {error.code} {error.read().decode()}") from error


def wait(what: str, is_there: Callable[[], bool]) -> None:
    """Waits until something is so."""
    end = time.monotonic() + WAIT_SECONDS
    while not is_there():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {WAIT_SECONDS} seconds")
        time.sleep(0.2)


def compare_diffs(network: Network, snapshot: Snapshot) -> None:
    """The node's API tells of the same changes."""
    for diff in snapshot.diffs:
        index = diff.milestone.index
        changes = network.core(f"milestones/by-index/{index}/utxo-changes")
        for name, found in (("created", diff.created), ("consumed", diff.consumed)):
            ids = sorted("0x" + output.id.hex() for output in found)
            told = sorted(changes[f"{name}Outputs"])
            demand(ids == told, f"milestone {index}: {name} {ids}, the API tells of {told}")


def compare_state(network: Network, state: State) -> None:
    """The node's API knows every output, and those that it calls unspent are there."""
    for output in state.outputs.values():
        told = network.core(f"outputs/0x{output.id.hex()}/metadata")
        origin = ("0x" + output.block_id.hex(), output.index, output.timestamp)
        booked = (told["milestoneIndexBooked"], told["milestoneTimestampBooked"])
        demand(origin == (told["blockId"], *booked), f"{output.id.hex()} is of {origin}")
        if told["isSpent"]:
            demand(told["milestoneIndexSpent"] > state.index, f"{output.id.hex()} was spent")


def compare_entry_points(network: Network, snapshot: Snapshot) -> None:
    """Solid entry points are blocks that milestones up to the target referenced."""
    for point in snapshot.entry_points:
        if point == bytes(32):
            continue
        told = network.core(f"blocks/0x{point.hex()}/metadata")
        index = told.get("referencedByMilestoneIndex")
        demand(index is not None and index <= snapshot.target,
               f"SEP {point.hex()} was referenced by {index}, the target is {snapshot.target}")


def follow(full: bytes, delta: Optional[bytes] = None) -> State:
    """The ledger that files lead to."""
    state = tip35.state_of_full(tip35.read(full))
    if delta is not None:
        tip35.apply_delta(state, tip35.read(delta))
    return state


def broken(full: bytes, delta: bytes) -> dict[str, tuple[bytes, bytes]]:
    """Copies with something wrong."""
    copies = {}
    for name, offset in (("version", 0), ("type", 1), ("target", 2), ("full id", 10), ("SEPs", 42),
                         ("diffs", 50), ("SEP count", 54)):
        changed = bytearray(delta)
        changed[offset] ^= 1
        copies[f"delta: {name}"] = (full, bytes(changed))
    for name, offset in (("genesis", 5), ("target", 6), ("target's id", 14), ("ledger", 46),
                         ("treasury", 82), ("parameters", 90)):
        changed = bytearray(full)
        changed[offset] ^= 1
        copies[f"full: {name}"] = (bytes(changed), delta)
    for name, data, place in (("full", full, 0), ("delta", delta, 1)):
        for part in range(TRUNCATIONS):
            pair = [full, delta]
            pair[place] = data[:len(data) * part // TRUNCATIONS]
            copies[f"{name}: ends after {len(pair[place])}"] = (pair[0], pair[1])
        pair = [full, delta]
        pair[place] = data + b"\0"
        copies[f"{name}: a byte more"] = (pair[0], pair[1])
    # The amount of the last output that the delta creates, wherever it is.
    newest = next(diff for diff in reversed(tip35.read(delta).diffs) if diff.created)
    output = newest.created[-1]
    at = delta.rindex(output.id + output.block_id) + 34 + 32 + 4 + 4 + 4 + 1
    amount = struct.pack("<Q", output.amount + 1)
    copies["delta: an amount"] = (full, delta[:at] + amount + delta[at + 8:])
    return copies


def check_refusals(full: bytes, delta: bytes) -> int:
    """Whether every broken copy is refused."""
    copies = broken(full, delta)
    for name, pair in copies.items():
        try:
            follow(*pair)
        except (tip35.Wrong, UnicodeDecodeError):
            continue
        raise RuntimeError(f"the reader takes a broken copy ({name})")
    return len(copies)


def read_kept(network: Network) -> tuple[bytes, bytes]:
    """Lets the faucet pay until the delta tells of it; the full snapshot and the delta."""
    path = network.snapshots / "delta_snapshot.bin"

    def is_extended() -> bool:
        network.pay(PAYEES_AT_ONCE)
        diffs = tip35.read(path.read_bytes()).diffs if path.exists() else []
        return len(diffs) >= DIFFS_MIN and sum(bool(diff.consumed) for diff in diffs) > 1

    wait("a delta that was extended, with payments", is_extended)
    return (network.snapshots / "full_snapshot.bin").read_bytes(), path.read_bytes()


def main() -> None:
    """Everything, in order."""
    hornet()
    with tempfile.TemporaryDirectory(prefix="tangle-snapshot-") as folder:
        with Network(pathlib.Path(folder)) as network:
            full, delta = read_kept(network)
            state = follow(full, delta)
            demand(len(state.outputs) > PAYEES_AT_ONCE, "the payments are missing")
            for data in (full, delta):
                compare_diffs(network, tip35.read(data))
                compare_entry_points(network, tip35.read(data))
            compare_state(network, state)
            index = state.index
            made = network.core("control/snapshots/create", {"index": index})
            asked = pathlib.Path(folder, made["filePath"]).read_bytes()
            same = follow(asked)
            demand(tip35.read(asked).entry_points != [], "there are no SEPs")
            compare_diffs(network, tip35.read(asked))
            demand(same.outputs == state.outputs and same.treasury == state.treasury,
                   f"two snapshots of milestone {index} differ")
    count = check_refusals(full, delta)
    print(f"full and delta lead to milestone {index} with {len(state.outputs)} outputs, as the one "
          f"that was asked for does; {count} broken copies are refused")


if __name__ == "__main__":
    try:
        main()
    except (tip35.Wrong, RuntimeError) as error:
        sys.exit(f"snapshot: {error}")
