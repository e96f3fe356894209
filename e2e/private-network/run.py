"""Does what docs/private-network.md says, word by word, on three machines that are namespaces.

Every command of the page's console blocks is run on the node that stands before it, and every
configuration is taken from the page; only what the page leaves open (`tst1…`, `12D3KooW…`) is filled
in, with what an earlier command printed. So the page cannot promise what does not work. Where
namespaces cannot be made the test says so and passes.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "e2e" / "field"))
from links import Links, go_inside  # noqa: E402

BINARY = pathlib.Path(os.environ.get("TANGLE", ROOT / "target" / "debug" / "tangle"))
PAGE = ROOT / "docs" / "private-network.md"
COUNT = 3
PATIENCE_SECONDS = 60
COMMAND = re.compile(r"^node(\d)\$ (.*)$")
NAME = re.compile(r"12D3KooW…(\",?\s*# the name of (node\d))")


class Machines(Links):
    """The machines of the page, with its addresses."""

    @staticmethod
    def address(number: int) -> str:
        """The address of a node."""
        return f"192.0.2.{number}"


def blocks() -> list[tuple[str, str]]:
    """Language and text of each block of code, in order."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(r"```(console|toml)\n(.*?)```", text, re.DOTALL)


class Reader:
    """Somebody who reads the page and does what it says."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.machines = Machines(COUNT)
        self.faucet = ""
        self.block = ""
        self.names: dict[str, str] = {}
        self.configurations = 0
        self.running: list[subprocess.Popen] = []
        (folder / "bin").mkdir()
        (folder / "bin" / "tangle").symlink_to(BINARY)
        self.environment = {
            **os.environ,
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
        }
        for number in range(1, COUNT + 1):
            self.home(number).mkdir()

    def home(self, number: int) -> pathlib.Path:
        """The folder in which one works on a node."""
        return self.folder / f"node{number}"

    def read(self) -> None:
        """From top to bottom."""
        for language, text in blocks():
            if language == "console":
                self.console(text)
            else:
                self.configure(text)
        assert self.configurations == 2 and len(self.running) == COUNT, "the page has changed"
        assert self.block, "the page does not try the network"

    def console(self, text: str) -> None:
        """Runs the commands; a line after one is what it prints."""
        lines = text.replace("\\\n", " ").splitlines()
        for line, after in zip(lines, [*lines[1:], ""]):
            command = COMMAND.match(line)
            if command:
                expected = "" if COMMAND.match(after) else after
                # The page says of these to do the same on all nodes.
                numbers = range(1, COUNT + 1) if "tool peer-id" in text else [int(command[1])]
                for number in numbers:
                    self.do(number, command[2].strip(), expected)
        if "tool peer-id" in text:
            for number in range(2, COUNT + 1):
                shutil.copy(self.home(1) / "genesis.toml", self.home(number))

    def do(self, number: int, command: str, expected: str) -> None:
        """One command on one node."""
        print(f"node{number}$ {command}", flush=True)
        if command == "tangle node":
            self.start(number)
            return
        command = command.replace("tst1…", self.faucet).replace("0x…", self.block)
        pattern = ".*".join(map(re.escape, expected.split("…")))
        # The nodes take a moment to meet, and milestones to come.
        deadline = time.monotonic() + (PATIENCE_SECONDS if self.running else 0)
        while True:
            done = self.run(number, command)
            if done.returncode == 0 and re.search(pattern, done.stdout, re.DOTALL):
                break
            said = f"{done.returncode}, {done.stdout}{done.stderr}"
            assert time.monotonic() < deadline, f"{command}: {said}, not {expected!r}"
            time.sleep(0.5)
        self.learn(number, done.stdout)

    def learn(self, number: int, printed: str) -> None:
        """Remembers what a command printed and the page leaves open."""
        for pattern, keep in (
            (r"\btst1\w+", lambda text: setattr(self, "faucet", text)),
            (r"12D3KooW\w+", lambda text: self.names.setdefault(f"node{number}", text)),
            (r'(?<="blockId":")0x\w+', lambda text: setattr(self, "block", text)),
        ):
            found = re.search(pattern, printed)
            if found:
                keep(found[0])

    def run(self, number: int, command: str) -> subprocess.CompletedProcess:
        """Runs a command on a node."""
        return subprocess.run(
            [*self.machines.prefix(number), "sh", "-c", command],
            cwd=self.home(number), env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)

    def configure(self, text: str) -> None:
        """The first configuration is node1's, the second one node2's and, turned round, node3's."""
        self.configurations += 1
        numbers = [1] if self.configurations == 1 else [2, 3]
        for number in numbers:
            mine = text
            if number == 3:
                swap = {"192.0.2.2": "192.0.2.3", "192.0.2.3": "192.0.2.2", "node3": "node2"}
                mine = re.sub("|".join(map(re.escape, swap)), lambda m: swap[m[0]], text)
            mine = NAME.sub(lambda found: self.names[found[2]] + found[1], mine)
            assert "…" not in mine, mine
            (self.home(number) / "tangle.toml").write_text(mine, encoding="utf-8")

    def start(self, number: int) -> None:
        """Runs a node until the end."""
        with open(self.home(number) / "log", "wb") as log:
            self.running.append(subprocess.Popen(
                [*self.machines.prefix(number), "tangle", "node"], cwd=self.home(number),
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def stop(self) -> None:
        """Ends all nodes, which must end well."""
        for process in self.running:
            process.terminate()
        codes = [process.wait(PATIENCE_SECONDS) for process in self.running]
        assert codes == [0] * COUNT, f"the nodes ended with {codes}"

    def close(self) -> None:
        """Ends whatever still runs."""
        for process in self.running:
            process.kill()
            process.wait()
        self.machines.close()


def main() -> int:
    """Reads the page in a folder that stays when something fails."""
    if (why := go_inside()) is not None:
        print(f"no namespaces here, so the page was not tried: {why}")
        return 0
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tangle-private-"))
    reader = Reader(folder)
    try:
        reader.read()
        reader.stop()
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        print(f"FAILED: {error}\nfiles and logs: {folder}", flush=True)
        return 1
    finally:
        reader.close()
    shutil.rmtree(folder)
    print("the page does what it says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
