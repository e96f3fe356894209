"""A node under a steady load, in little memory and on little disk.

    e2e/limits/run.py [--minutes 30] [--rate 1000] [--memory-mib 256] [--disk-mb 256]

Starts `tangle dev` in a control group that bounds its memory, with pruning by size, and posts
data blocks at a fixed rate with `tangle bench rest`. The rate must be held, the kernel must not
kill the node, milestones must come on time, and the disk space that the store's files take must
stay within 5 % of its target once it has reached that. Needs Linux and the right to make a control
group; where there is none it says so and does nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from memory import Group, Unavailable  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TANGLE", ROOT / "target" / "debug" / "tangle"))
START_SECONDS = 30
STOP_SECONDS = 60
LOOK_SECONDS = 0.05
SAMPLE_SECONDS = 1.0
INTERVAL_SECONDS = 1.0
# How far from its target the store may be.
DISK_SHARE = 0.05
# The least part of the asked rate, and of the milestones that are due.
HELD_SHARE = 0.99
# A milestone that comes so long after the one before is late, whatever else the machine does.
GAP_SECONDS_MAX = 3.0
# Part of the run by which the store must have reached its target.
REACHED_SHARE = 0.75
SECTOR_BYTES = 512
MIB = 1 << 20


def allocated_bytes(folder: pathlib.Path) -> int:
    """What the files below a folder take on the disk, holes not counted."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_blocks * SECTOR_BYTES
            except FileNotFoundError:
                # Pruned meanwhile.
                continue
    return total


def quantile(values: list[float], share: float) -> float:
    """A value with so great a share of all below it."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)] if values else 0.0


@dataclass
class Sample:
    """How things were at one moment."""

    seconds: float
    memory_bytes: int
    anonymous_bytes: int
    disk_bytes: int


@dataclass
class Seen:
    """What was seen of a run."""

    samples: list[Sample] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    milestones: int = 0
    seconds: float = 0.0


class Dev:
    """A dev network in a group; ended with the `with` block."""

    def __init__(self, folder: pathlib.Path, group: Group, disk_bytes: int):
        self.data = folder / "data"
        config = folder / "dev.toml"
        config.write_text(f"[pruning]\nsize_bytes = {disk_bytes}\n", encoding="utf-8")
        self._log = open(folder / "log", "w+b")
        command = [str(BINARY), "dev", "--config", str(config), "--data", str(self.data),
                   "--port", "0", "--no-faucet", "--json"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self._log, preexec_fn=group.enter)

    def __enter__(self) -> Dev:
        watch = threading.Timer(START_SECONDS, self.process.kill)
        watch.start()
        line = self.process.stdout.readline()
        watch.cancel()
        if not line:
            raise RuntimeError(f"the network does not start: {self.log()}")
        self.address = urllib.parse.urlsplit(json.loads(line)["rest"]).netloc
        return self

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
            self._log.close()

    def log(self) -> str:
        """The end of what it has written."""
        self._log.seek(0)
        return self._log.read()[-4000:].decode(errors="replace")

    def confirmed(self) -> int:
        """Its newest durable milestone."""
        # Not through a proxy that the environment may name.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{self.address}/api/core/v2/info", timeout=10) as answer:
            return json.load(answer)["status"]["confirmedMilestone"]["index"]


def watch(dev: Dev, group: Group, load: subprocess.Popen) -> Seen:
    """Looks at the node while the load runs."""
    seen = Seen()
    began = moved = time.monotonic()
    first = last = dev.confirmed()
    sampled = 0.0
    while load.poll() is None and dev.process.poll() is None:
        now = time.monotonic()
        index = dev.confirmed()
        if index > last:
            seen.gaps.append(time.monotonic() - moved)
            last, moved = index, time.monotonic()
        if now - sampled >= SAMPLE_SECONDS:
            sampled = now
            seen.samples.append(Sample(now - began, group.current_bytes(),
                                       group.anonymous_bytes(), allocated_bytes(dev.data)))
        time.sleep(LOOK_SECONDS)
    seen.gaps.append(time.monotonic() - moved)
    seen.milestones, seen.seconds = last - first, time.monotonic() - began
    return seen


def figures(seen: Seen, group: Group, load: dict, arguments: argparse.Namespace) -> dict:
    """The run in numbers."""
    target = arguments.disk_mb * 1_000_000
    reached = [s.seconds for s in seen.samples if s.disk_bytes >= (1 - DISK_SHARE) * target]
    pruned = [s.disk_bytes / target for s in seen.samples if reached and s.seconds >= reached[0]]
    return {
        "minutes": seen.seconds / 60,
        "rate_asked": arguments.rate,
        "rate_held": load["accepted_per_second"],
        "refused": load["refused"],
        "latency_p50_ms": load["latency_p50_ms"],
        "latency_p99_ms": load["latency_p99_ms"],
        "last_blocks_confirmed": load["last_blocks_confirmed"],
        "milestones": seen.milestones,
        "milestones_due": seen.seconds / INTERVAL_SECONDS,
        "milestone_gap_p99_s": quantile(seen.gaps, 0.99),
        "milestone_gap_max_s": max(seen.gaps),
        "memory_limit_bytes": arguments.memory_mib * MIB,
        "memory_peak_bytes": max([group.peak_bytes(), *(s.memory_bytes for s in seen.samples)]),
        "anonymous_max_bytes": max(s.anonymous_bytes for s in seen.samples),
        "kills": group.kill_count(),
        "disk_target_bytes": target,
        "disk_reached_s": reached[0] if reached else None,
        "disk_samples": len(pruned),
        "disk_least": min(pruned, default=None),
        "disk_most": max(pruned, default=None),
    }


def complaints(run: dict) -> Iterator[str]:
    """What was not kept."""
    if run["rate_held"] < HELD_SHARE * run["rate_asked"] or run["refused"]:
        yield f"{run['rate_held']:.0f} blocks/s were taken, {run['refused']} refused"
    if not run["last_blocks_confirmed"]:
        yield "the last blocks were not confirmed"
    if run["kills"] or run["memory_peak_bytes"] > run["memory_limit_bytes"]:
        yield f"memory went beyond its limit, {run['kills']} processes were killed"
    if run["milestones"] < HELD_SHARE * run["milestones_due"] - 1:
        yield f"{run['milestones']} milestones came, {run['milestones_due']:.0f} were due"
    if run["milestone_gap_max_s"] > GAP_SECONDS_MAX:
        yield f"a milestone came {run['milestone_gap_max_s']:.1f} s after the one before"
    if run["disk_reached_s"] is None or run["disk_reached_s"] > REACHED_SHARE * 60 * run["minutes"]:
        yield "the store hardly reached its target, so nothing is known of pruning"
    elif run["disk_least"] < 1 - DISK_SHARE or run["disk_most"] > 1 + DISK_SHARE:
        yield f"the store took {run['disk_least']:.3f} to {run['disk_most']:.3f} of its target"


def table(run: dict) -> str:
    """The figures for people."""
    mib = {name: run[name] / MIB for name in
           ("memory_limit_bytes", "memory_peak_bytes", "anonymous_max_bytes")}
    rows = {
        "blocks": f"{run['rate_held']:.1f}/s of {run['rate_asked']:.0f}/s for "
                  f"{run['minutes']:.1f} min, {run['refused']} refused",
        "latency": f"p50 {run['latency_p50_ms']:.1f} ms, p99 {run['latency_p99_ms']:.1f} ms",
        "milestones": f"{run['milestones']} of {run['milestones_due']:.0f} due, apart p99 "
                      f"{run['milestone_gap_p99_s']:.2f} s, at most "
                      f"{run['milestone_gap_max_s']:.2f} s",
        "memory": f"{mib['memory_peak_bytes']:.0f} MiB of {mib['memory_limit_bytes']:.0f} MiB with "
                  f"cached files, {mib['anonymous_max_bytes']:.0f} MiB without; "
                  f"{run['kills']} kills",
        "disk": "target not reached" if run["disk_reached_s"] is None else
                f"{100 * run['disk_least']:.1f} to {100 * run['disk_most']:.1f} % of "
                f"{run['disk_target_bytes'] / 1e6:.0f} MB from {run['disk_reached_s']:.0f} s on, "
                f"{run['disk_samples']} samples",
    }
    return "\n".join(f"{name:12} {text}" for name, text in rows.items())


def measure(arguments: argparse.Namespace, group: Group, folder: pathlib.Path) -> dict:
    """Runs the node under the load."""
    with Dev(folder, group, arguments.disk_mb * 1_000_000) as dev:
        command = [str(BINARY), "bench", "rest", "--json", "--node", dev.address,
                   "--rate", str(arguments.rate), "--seconds", str(arguments.minutes * 60),
                   "--payload", str(arguments.payload)]
        load = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        try:
            seen = watch(dev, group, load)
        finally:
            if dev.process.poll() is not None:
                load.kill()
            out, err = load.communicate()
        if load.returncode != 0:
            raise RuntimeError(f"the load ended early, {group.kill_count()} kills by the kernel: "
                               f"{err.decode(errors='replace')} {dev.log()}")
        return {**figures(seen, group, json.loads(out), arguments),
                "samples": [vars(sample) for sample in seen.samples]}


def main() -> int:
    """Runs, prints, judges."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=1_000, help="blocks a second")
    parser.add_argument("--payload", type=int, default=1_024, help="bytes of data in a block")
    parser.add_argument("--memory-mib", type=int, default=256)
    parser.add_argument("--disk-mb", type=int, default=256, help="what the store may take")
    parser.add_argument("--json", type=pathlib.Path, help="file for the figures and samples")
    arguments = parser.parse_args()
    try:
        with Group(arguments.memory_mib * MIB) as group:
            with tempfile.TemporaryDirectory(prefix="tangle-limits-") as folder:
                run = measure(arguments, group, pathlib.Path(folder))
    except Unavailable as reason:
        print(f"limits: skipped, memory cannot be bounded here: {reason}")
        return 0
    if arguments.json:
        arguments.json.write_text(json.dumps(run, indent=1), encoding="utf-8")
    print(table(run))
    wrong = list(complaints(run))
    for complaint in wrong:
        print(f"limits: {complaint}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
