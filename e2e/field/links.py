"""Links between nodes that can be cut, one way or both, and slowed down.

Each node has a network namespace of its own, on one bridge. A link is cut by telling the sender
a link-layer address that nobody has: its packets leave and never arrive, as on a cut line. Needs
`ip` and `tc`, and the right to make namespaces; `go_inside` gets it with `unshare`.
"""

from __future__ import annotations

import os
import subprocess
import sys

INSIDE = "TANGLE_E2E_INSIDE"
NOBODY = "02:00:00:00:00:66"


def sh(*command: str) -> None:
    """Runs a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


def is_inside() -> bool:
    """Whether this process may make namespaces without touching the machine's own."""
    return INSIDE in os.environ


def go_inside() -> str | None:
    """Runs this program again where it may make namespaces, and ends with it. There, gives `/run`
    a file system of its own and returns nothing. Elsewhere returns only if that cannot be: why."""
    if is_inside():
        sh("mount", "-t", "tmpfs", "tmpfs", "/run")
        return None
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    unshare = ["unshare", *user, "--net", "--mount", "--pid", "--fork", "--kill-child",
               "--mount-proc"]
    probe = "ip link add probe type bridge && mount -t tmpfs tmpfs /run && ip netns add probe"
    may = subprocess.run([*unshare, "sh", "-c", probe], capture_output=True, text=True)
    if may.returncode != 0:
        return may.stderr.strip()
    command = [*unshare, sys.executable, *sys.argv]
    sys.exit(subprocess.run(command, env={**os.environ, INSIDE: "1"}).returncode)


class Loopback:
    """Where namespaces cannot be made: all nodes on loopback, whose links cannot be cut."""

    can_break = False

    def __init__(self, count: int):
        self.count = count

    @staticmethod
    def address(number: int) -> str:
        """The address of a node."""
        return f"127.77.0.{number}"

    @staticmethod
    def prefix(_number: int) -> list[str]:
        """Nothing need stand before a command."""
        return []

    def close(self) -> None:
        """There is nothing to take away."""


class Links:
    """`count` namespaces, numbered from 1, on a bridge that this process is on too."""

    can_break = True

    def __init__(self, count: int):
        self.count = count
        sh("ip", "link", "set", "lo", "up")
        sh("ip", "link", "add", "field", "type", "bridge")
        sh("ip", "addr", "add", "10.77.0.254/24", "dev", "field")
        sh("ip", "link", "set", "field", "up")
        for number in self._all():
            name, port = self._name(number), f"port{number}"
            sh("ip", "netns", "add", name)
            sh("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
            sh("ip", "link", "set", port, "master", "field", "up")
            self._in(number, "ip", "link", "set", "lo", "up")
            self._in(number, "ip", "link", "set", "eth0", "up")
            self._in(number, "ip", "addr", "add", f"{self.address(number)}/24", "dev", "eth0")

    def _all(self) -> range:
        return range(1, self.count + 1)

    @staticmethod
    def _name(number: int) -> str:
        return f"field{number}"

    def _in(self, number: int, *command: str) -> None:
        sh("ip", "netns", "exec", self._name(number), *command)

    @staticmethod
    def address(number: int) -> str:
        """The address of a node."""
        return f"10.77.0.{number}"

    def prefix(self, number: int) -> list[str]:
        """What to put before a command so that it runs where the node lives."""
        return ["ip", "netns", "exec", self._name(number)]

    def cut(self, sender: int, receiver: int) -> None:
        """Nothing that `sender` sends reaches `receiver` any more."""
        self._in(sender, "ip", "neigh", "replace", self.address(receiver),
                 "lladdr", NOBODY, "nud", "permanent", "dev", "eth0")

    def part(self, left: list[int], right: list[int]) -> None:
        """Nothing passes between the two sides any more."""
        for one in left:
            for other in right:
                self.cut(one, other)
                self.cut(other, one)

    def slow(self, number: int, kbit: int) -> None:
        """What a node sends leaves at `kbit` kilobits a second."""
        self._in(number, "tc", "qdisc", "replace", "dev", "eth0", "root", "tbf",
                 "rate", f"{kbit}kbit", "burst", "16kbit", "latency", "400ms")

    def heal(self) -> None:
        """All links are whole and fast again."""
        for sender in self._all():
            self._in(sender, "ip", "neigh", "flush", "nud", "permanent", "dev", "eth0")
            subprocess.run([*self.prefix(sender), "tc", "qdisc", "del", "dev", "eth0", "root"],
                           capture_output=True)

    def close(self) -> None:
        """Takes everything away."""
        for number in self._all():
            subprocess.run(["ip", "netns", "del", self._name(number)], capture_output=True)
        subprocess.run(["ip", "link", "del", "field"], capture_output=True)
