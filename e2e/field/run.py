"""Seven nodes, each in a network namespace of its own, under load while things break.

    e2e/field/run.py [MINUTES]

Links are cut (2 of 7, one way), made slow; nodes are killed, stopped for a while, and run out of
disk. Nobody helps them: a node that ended is started again, and that is all. In the end all must
have the same ledger. Without MINUTES a short version runs, of about two minutes. Where namespaces
cannot be made, links and disks stay whole, and only nodes break.
"""

from __future__ import annotations

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from links import Links, Loopback, go_inside, is_inside, sh  # noqa: E402
from nodes import Node, addresses, network, post  # noqa: E402

COUNT = 7
SHORT_MINUTES = 1.5
CONVERGE_SECONDS = 120
DISK_BYTES = 400 << 20


class Load:
    """Data blocks to all nodes in turn, and coins from the faucet."""

    def __init__(self, nodes: list[Node], addresses: list[str], per_second: int):
        self.nodes = nodes
        self.addresses = addresses
        self.faucet = nodes[0].faucet_url
        self.pause = 1 / per_second
        self.sent = self.taken = self.paid = 0
        self.is_running = True
        self.threads = [threading.Thread(target=work) for work in (self._data, self._coins)]
        for thread in self.threads:
            thread.start()

    def _data(self) -> None:
        number = 0
        while self.is_running:
            number += 1
            node = self.nodes[number % len(self.nodes)]
            payload = {"type": 5, "tag": "0x6669656c64", "data": f"0x{number:016x}"}
            self.sent += 1
            self.taken += post(node.url, "/api/core/v2/blocks",
                               {"protocolVersion": 2, "payload": payload})
            time.sleep(self.pause)

    def _coins(self) -> None:
        number = 0
        while self.is_running:
            number += 1
            address = self.addresses[number % len(self.addresses)]
            self.paid += post(self.faucet, "/api/enqueue", {"address": address})
            time.sleep(2)

    def stop(self) -> None:
        """Ends the load."""
        self.is_running = False
        for thread in self.threads:
            thread.join()


class Field:
    """The network, and what is done to it."""

    def __init__(self, folder: pathlib.Path, minutes: float):
        self.folder = folder
        self.minutes = minutes
        self.began = time.monotonic()
        self.links = Links(COUNT) if is_inside() else Loopback(COUNT)
        self.nodes: list[Node] = []

    def say(self, text: str) -> None:
        """Prints what happens, and how far each node is."""
        stands = " ".join(str(node.milestones()[1]) for node in self.nodes)
        print(f"{time.monotonic() - self.began:6.0f} s  {text:58} {stands}", flush=True)

    def node(self, number: int) -> Node:
        """A node by its number, from 1."""
        return self.nodes[number - 1]

    def small_disk(self, number: int) -> None:
        """Gives a node a disk of its own, so that it can be filled."""
        data = self.folder / f"node{number}" / "data"
        key = (data / "identity.key").read_bytes()
        sh("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(data))
        copy = data / "identity.key"
        copy.touch(0o600)
        copy.write_bytes(key)

    def fill_disk(self, number: int) -> pathlib.Path:
        """Leaves no byte on a node's disk; gives back the file that takes them."""
        ballast = self.folder / f"node{number}" / "data" / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
            except OSError:
                pass
        return ballast

    def breakages(self, seconds: float) -> None:
        """One round of everything that breaks."""
        if self.links.can_break:
            self.cut_links(seconds)
        self.say("kill -9 of node 3, then of the coordinator")
        self.node(3).kill()
        time.sleep(seconds / 2)
        self.node(1).kill()
        time.sleep(seconds / 2)
        self.say("SIGSTOP of node 5")
        self.node(5).pause()
        time.sleep(min(seconds, 30))
        self.node(5).go_on()
        self.say("SIGCONT")
        if self.links.can_break:
            self.starve(seconds)

    def cut_links(self, seconds: float) -> None:
        """Two nodes are apart from five, then one is deaf."""
        everyone = list(range(1, COUNT + 1))
        self.say("nodes 6 and 7 are cut off")
        self.links.part([6, 7], [n for n in everyone if n < 6])
        time.sleep(seconds)
        self.links.heal()
        self.say("healed; node 4 hears nobody, but is heard")
        for other in everyone:
            if other != 4:
                self.links.cut(other, 4)
        time.sleep(seconds)
        self.links.heal()
        self.say("healed")

    def starve(self, seconds: float) -> None:
        """A disk is full, then two links are slow."""
        self.say("the disk of node 2 is full")
        ballast = self.fill_disk(2)
        time.sleep(seconds)
        ballast.unlink()
        self.say("room again; links of nodes 3 and 6 carry 256 kbit/s")
        self.links.slow(3, 256)
        self.links.slow(6, 256)
        time.sleep(seconds)
        self.links.heal()
        self.say("healed")

    def wait(self, what: str, condition, seconds: float) -> float:
        """Waits for something; gives back for how long."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > seconds:
                self.say(f"still not after {seconds:.0f} s: {what}")
                raise AssertionError(f"after {seconds:.0f} s still not: {what}")
            time.sleep(0.5)
        return time.monotonic() - began

    def are_level(self) -> bool:
        """Whether all nodes are healthy and have confirmed the newest milestone, give or take one."""
        stands = [node.milestones() for node in self.nodes]
        newest = max(latest for latest, _ in stands)
        return (newest > 0 and all(confirmed >= newest - 1 for _, confirmed in stands)
                and all(node.is_healthy() for node in self.nodes))

    def run(self) -> None:
        """The whole of it."""
        self.nodes = network(self.folder, self.links)
        if self.links.can_break:
            self.small_disk(2)
        for node in self.nodes:
            node.start()
        took = self.wait("all nodes are healthy", self.are_level, 60)
        self.say(f"all {COUNT} nodes are level after {took:.0f} s")
        load = Load(self.nodes, addresses(self.folder), 40)
        try:
            seconds = max(self.minutes * 60 / 6, 10)
            rounds = max(round(self.minutes / 5), 1)
            for _ in range(rounds):
                self.breakages(seconds / rounds)
        finally:
            load.stop()
        took = self.wait("all nodes are level again", self.are_level, CONVERGE_SECONDS)
        self.say(f"level {took:.0f} s after the last repair")
        self.compare()
        restarts = sum(node.restart_count for node in self.nodes)
        print(f"{load.taken} of {load.sent} blocks taken, {load.paid} payments asked for, "
              f"{restarts} restarts")

    def compare(self) -> None:
        """Stops the coordinator, then all others when they have what it had; compares ledgers."""
        self.node(1).stop()
        others = self.nodes[1:]

        def are_equal() -> bool:
            stands = {node.milestones() for node in others}
            return len(stands) == 1 and all(a == b for a, b in stands)

        self.wait("all have confirmed the last milestone", are_equal, 60)
        for node in others:
            node.stop()
        ledgers = {node.number: node.ledger() for node in self.nodes}
        for number, (index, digest) in ledgers.items():
            print(f"node {number}: milestone {index}, ledger {digest}")
        assert len(set(ledgers.values())) == 1, "the ledgers differ"
        for node in self.nodes:
            text = node.log.read_text(errors="replace")
            assert "panicked" not in text, f"node {node.number} panicked, see its log"

    def close(self) -> None:
        """Ends whatever still runs."""
        for node in self.nodes:
            node.end()
        self.links.close()


def main() -> int:
    """Runs the field test in a folder of its own, which stays when it fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("minutes", nargs="?", type=float, default=SHORT_MINUTES)
    minutes = parser.parse_args().minutes
    if (why := go_inside()) is not None:
        print(f"no namespaces here, so links and disks stay whole: {why}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tangle-field-"))
    field = Field(folder, minutes)
    try:
        field.run()
    except (AssertionError, RuntimeError) as error:
        print(f"FAILED: {error}\nlogs and stores: {folder}/node*/", flush=True)
        return 1
    finally:
        field.close()
    subprocess.run(["umount", str(folder / "node2" / "data")], capture_output=True)
    shutil.rmtree(folder)
    print("all nodes have the same ledger")
    return 0


if __name__ == "__main__":
    sys.exit(main())
