"""What the README tells a newcomer to do."""

import json
import re
import shlex
import subprocess
import sys

from network import ROOT, wait_until


def block_of(language):
    """The blocks of code of one language, with the README's ports."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def on(network, text):
    """The same text for the ports of this network."""
    text = text.replace("http://127.0.0.1:14265", network.node)
    return text.replace("http://127.0.0.1:8091", network.faucet)


def curl_commands():
    """Each `curl` of the README, continuation lines joined."""
    joined = "\n".join(block_of("console")).replace("\\\n", " ")
    return [line[2:] for line in joined.splitlines() if line.startswith("$ curl")]


def first_event(arguments):
    """What the first event of a stream tells; the stream itself goes on for ever."""
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as stream:
        try:
            told = next(line for line in stream.stdout if line.startswith("data:"))
            return json.loads(told.removeprefix("data:"))
        finally:
            stream.kill()


def test_python_example_prints_what_the_readme_says(network):
    (example,) = block_of("python")
    done = subprocess.run(
        [sys.executable, "-c", on(network, example)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["included", "2500000"]


def test_curl_examples_work(network, tmp_path):
    (event,) = block_of("json")
    (tmp_path / "event.json").write_text(event, encoding="utf-8")
    block_id = newest_id = None
    commands = curl_commands()
    assert len(commands) >= 5
    for command in commands:
        if "0x…" in command:
            command = command.replace("0x…", newest_id)
        arguments = shlex.split(on(network, command))
        if "-sN" in arguments:
            assert "error" not in first_event(arguments)
            continue
        done = subprocess.run(
            arguments, capture_output=True, text=True, timeout=20, check=True, cwd=tmp_path
        )
        if "-w" in arguments:
            assert done.stdout.strip() == "200"
            continue
        answer = json.loads(done.stdout)
        assert "error" not in answer, answer
        block_id = answer.get("blockId", block_id)
        newest_id = answer.get("eventId", block_id)
    path = f"blocks/{block_id}/metadata"
    wait_until(
        "the example's block is final",
        lambda: network.core(path).json().get("referencedByMilestoneIndex"),
    )
