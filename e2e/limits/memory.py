"""A control group that bounds what a process may hold in memory, without swap.

The version of the system's memory controller is found out: version 2 where it is delegated to
this process, or version 1. What counts is what the kernel counts: memory of the process, the
cached pages of its files, and the kernel's own memory on its behalf.
"""

from __future__ import annotations

import os
import pathlib
import time

ROOT = pathlib.Path("/sys/fs/cgroup")
REMOVE_SECONDS = 5


class Unavailable(Exception):
    """No group can be had here; says why."""


def own(controller: str) -> pathlib.PurePosixPath:
    """The group that this process is in; the one of version 2 has no controller's name."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") or controller == controllers:
            return pathlib.PurePosixPath(path.lstrip("/"))
    raise Unavailable(f"this process is in no group of the controller {controller or 'v2'}")


def numbers(path: pathlib.Path) -> dict[str, int]:
    """A file of names and numbers."""
    pairs = (line.split() for line in path.read_text().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}


class Group:
    """A fresh group with a limit; it goes with the `with` block, when nobody is in it any more."""

    def __init__(self, limit_bytes: int):
        self.is_v2 = not (ROOT / "memory").is_dir()
        self.path = self._make(f"tangle-{os.getpid()}")
        try:
            self._limit(limit_bytes)
        except OSError as error:
            self.path.rmdir()
            raise Unavailable(f"no limit can be set: {error}") from None

    def _make(self, name: str) -> pathlib.Path:
        try:
            if not self.is_v2:
                path = ROOT / "memory" / own("memory") / name
                path.mkdir()
                return path
            # A group with processes in it may not hand controllers down, so one above is tried.
            here = ROOT / own("")
            for parent in (here, *here.parents):
                handed = parent / "cgroup.subtree_control"
                if not handed.exists():
                    break
                if "memory" in handed.read_text().split():
                    path = parent / name
                    path.mkdir()
                    return path
        except OSError as error:
            raise Unavailable(f"no control group can be made: {error}") from None
        raise Unavailable("the memory controller is not handed down to this process's groups")

    def _limit(self, limit_bytes: int) -> None:
        if self.is_v2:
            self._write("memory.max", limit_bytes)
            files = {"memory.swap.max": 0}
        else:
            self._write("memory.limit_in_bytes", limit_bytes)
            files = {"memory.memsw.limit_in_bytes": limit_bytes}
        for name, value in files.items():
            # Absent where the system counts no swap.
            if (self.path / name).exists():
                self._write(name, value)

    def _write(self, name: str, value: int) -> None:
        (self.path / name).write_text(str(value))

    def _read(self, name: str) -> int:
        return int((self.path / name).read_text())

    def __enter__(self) -> Group:
        return self

    def __exit__(self, *_) -> None:
        deadline = time.monotonic() + REMOVE_SECONDS
        while True:
            try:
                self.path.rmdir()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def enter(self) -> None:
        """Moves this process in; for a child before it becomes another program."""
        self._write("cgroup.procs", os.getpid())

    def current_bytes(self) -> int:
        """What counts now."""
        return self._read("memory.current" if self.is_v2 else "memory.usage_in_bytes")

    def peak_bytes(self) -> int:
        """The most that has counted; 0 where an older kernel does not say."""
        name = "memory.peak" if self.is_v2 else "memory.max_usage_in_bytes"
        return self._read(name) if (self.path / name).exists() else 0

    def anonymous_bytes(self) -> int:
        """What of it are no cached pages of files."""
        return numbers(self.path / "memory.stat")["anon" if self.is_v2 else "rss"]

    def kill_count(self) -> int:
        """Processes that were killed because there was no more."""
        name = "memory.events" if self.is_v2 else "memory.oom_control"
        return numbers(self.path / name)["oom_kill"]
