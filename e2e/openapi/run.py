"""Lets schemathesis test a node against the description that the node gives of itself."""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

from node import OWNER, Node

HERE = pathlib.Path(__file__).resolve().parent
LIMIT_SECONDS = 900
# Newest milestones that no order can prune.
KEPT_MILESTONES = 50

# Asks for what is there, with what the node tells of itself; see `found`.
FOUND = """
[parameters]
"path.blockId" = "{block}"
"path.milestoneId" = "{milestone}"
"path.index" = 1
"path.outputId" = "{output}"
"path.eventId" = "{event}"
"path.address" = "{address}"
"""

# An event whose votes are counted.
EVENT = {
    "name": "described",
    "milestoneIndexCommence": 1,
    "milestoneIndexStart": 2,
    "milestoneIndexEnd": 1_000_000,
    "payload": {
        "type": 0,
        "questions": [{"text": "Is it?", "answers": [{"value": 1, "text": "It is."}]}],
    },
}


def found(node: Node) -> str:
    """A configuration with ids of things that this node has."""
    block = node.get("/api/core/v2/tips")["tips"][0]
    milestone = node.get("/api/core/v2/info")["status"]["confirmedMilestone"]["milestoneId"]
    output = node.get("/api/indexer/v1/outputs")["items"][0]
    status, event = node.ask("POST", "/api/participation/v1/admin/events", EVENT)
    assert status == 201, event
    return FOUND.format(
        block=block,
        milestone=milestone,
        output=output,
        event=event["eventId"],
        address=OWNER,
    )


def pruned_is_told_from_unknown(node: Node) -> bool:
    """Prunes some milestones; those are then missing in another way than what never was."""
    status = node.get("/api/core/v2/info")["status"]
    while status["confirmedMilestone"]["index"] < KEPT_MILESTONES + 5:
        time.sleep(1)
        status = node.get("/api/core/v2/info")["status"]
    if status["pruningIndex"] == 0:
        node.ask("POST", "/api/core/v2/control/database/prune", {"index": 3})
    first = node.get("/api/core/v2/info")["status"]["pruningIndex"] + 1
    by_index = "/api/core/v2/milestones/by-index/"
    pruned = node.ask("GET", by_index + "1")
    unknown = node.ask("GET", by_index + "4000000000")
    kept = node.ask("GET", f"{by_index}{first}")
    print(f"milestone 1: {pruned}; 4000000000: {unknown}; {first}: {kept[0]}")
    return (
        (pruned[0], unknown[0], kept[0]) == (404, 404, 200)
        and pruned[1]["error"]["prunedBefore"] == first > 1
        and "prunedBefore" not in unknown[1]["error"]
    )


def schemathesis(node: Node, folder: pathlib.Path, config: str, *arguments: str) -> bool:
    """One run; whether nothing was found."""
    base = (HERE / "schemathesis.toml").read_text(encoding="utf-8")
    file = folder / "schemathesis.toml"
    hooks = f'hooks = "{HERE / "hooks.py"}"\n'
    # Tables of the whole come before those of single operations.
    file.write_text(hooks + config + base, encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(file), "run"]
    command += [f"{node.url}/api/openapi.json", "--continue-on-failure", "--no-color"]
    command += ["--request-timeout", "20", "--warnings", "off", *arguments]
    return subprocess.run(command, cwd=folder, timeout=LIMIT_SECONDS, check=False).returncode == 0


def main() -> int:
    """Both passes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max-examples", default="40", help="of each operation and phase")
    parser.add_argument("--seed", default="1", help="the same seed sends the same requests")
    arguments = parser.parse_args()
    common = ["--max-examples", arguments.max_examples, "--seed", arguments.seed]
    with Node() as node, tempfile.TemporaryDirectory(prefix="tangle-openapi-") as name:
        folder = pathlib.Path(name)
        passed = schemathesis(node, folder, "", "--phases", "coverage,fuzzing,stateful", *common)
        there = ["--mode", "positive", "--phases", "coverage,fuzzing", "--include-method", "GET"]
        passed &= schemathesis(node, folder, found(node), *there, *common)
        passed &= pruned_is_told_from_unknown(node)
        passed &= node.is_healthy()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
