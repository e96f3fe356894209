"""Floods a node with garbage: it must stay small, answer others, and keep its milestones on time."""

from __future__ import annotations

import argparse
import random
import socket
import struct
import sys
import threading
import time
from typing import Callable

from node import Node

MEBIBYTE = 1 << 20
# Connections of each kind of garbage.
CONNECTIONS = 12
# Resident memory that a flood may add: buffers of connections, bodies, blocks that wait for parents.
GROWTH_BYTES_MAX = 150 * MEBIBYTE
BINARY = b"application/vnd.iota.serializer-v1"
JSON = b"application/json"


def post(body: bytes, kind: bytes = BINARY, length: int | None = None) -> bytes:
    """A request that hands in a block."""
    length = len(body) if length is None else length
    head = b"POST /api/core/v2/blocks HTTP/1.1\r\nHost: node\r\nContent-Type: %s\r\n" % kind
    return head + b"Content-Length: %d\r\n\r\n" % length + body


def noise(chance: random.Random) -> bytes:
    """No HTTP at all."""
    return chance.randbytes(20_000)


def endless_head(chance: random.Random) -> bytes:
    """A head that does not end."""
    return b"GET /health HTTP/1.1\r\n" + b"X-Fill: %s\r\n" % (b"y" * 500) * chance.randrange(500)


def half_body(chance: random.Random) -> bytes:
    """A body that is announced and never comes."""
    return post(b"[" * chance.randrange(60_000), JSON, MEBIBYTE)


def large_body(chance: random.Random) -> bytes:
    """As much JSON as is taken, and then some."""
    return post(b"[0," * chance.randrange(400_000), JSON)


def deep_json(chance: random.Random) -> bytes:
    """JSON in JSON in JSON."""
    return post(b'{"payload":' * chance.randrange(20_000), JSON)


def chunks(chance: random.Random) -> bytes:
    """A body in pieces without an end."""
    head = b"POST /api/core/v2/blocks HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\n"
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n%s\r\n" % (b"z" * 4096) * 300


def broken_block(chance: random.Random) -> bytes:
    """Bytes that begin like a block."""
    return b"".join(
        post(bytes([2, chance.randrange(10)]) + chance.randbytes(chance.randrange(32_768)))
        for _ in range(20)
    )


def orphan_block(chance: random.Random) -> bytes:
    """A sound block whose past nobody knows."""
    parents = sorted(chance.randbytes(32) for _ in range(8))
    data = chance.randbytes(30_000)
    payload = struct.pack("<IBI", 5, 0, len(data)) + data
    block = b"\x02\x08" + b"".join(parents) + struct.pack("<I", len(payload)) + payload + bytes(8)
    return post(block) * 4


def wide_query(chance: random.Random) -> bytes:
    """Queries, long and wrong or right and heavy; nobody reads the answers."""
    query = chance.choice(["cursor=" + "0" * 4000, "pageSize=1000", "tag=0x" + "00" * 64])
    return b"GET /api/indexer/v1/outputs?%s HTTP/1.1\r\nHost: node\r\n\r\n" % query.encode() * 50


KINDS: list[Callable[[random.Random], bytes]] = [
    noise,
    endless_head,
    half_body,
    large_body,
    deep_json,
    chunks,
    broken_block,
    orphan_block,
    wide_query,
]


def flood(port: int, kind: Callable[[random.Random], bytes], number: int, end: float) -> None:
    """Sends one kind of garbage again and again; some connections never read an answer."""
    chance = random.Random(f"{kind.__name__} {number}")
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
                while time.monotonic() < end:
                    connection.sendall(kind(chance))
                    if number % 3:
                        connection.recv(65_536)
                    elif number % 2:
                        time.sleep(0.5)
        except OSError:
            # Being cut off is what garbage earns.
            time.sleep(0.01)


def main() -> int:
    """Floods, watches, and says what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    seconds = parser.parse_args().seconds
    with Node() as node:
        before = node.resident_bytes()
        first = node.get("/api/core/v2/info")["status"]["confirmedMilestone"]["index"]
        started = time.monotonic()
        end = started + seconds
        threads = [
            threading.Thread(target=flood, args=(node.port, kind, number, end), daemon=True)
            for kind in KINDS
            for number in range(CONNECTIONS)
        ]
        for thread in threads:
            thread.start()
        peak, asked, answered = before, 0, 0
        while time.monotonic() < end:
            time.sleep(0.5)
            peak = max(peak, node.resident_bytes())
            asked += 1
            answered += node.is_healthy()
        for thread in threads:
            thread.join()
        elapsed = time.monotonic() - started
        last = node.get("/api/core/v2/info")["status"]["confirmedMilestone"]["index"]
        growth = peak - before
        print(
            f"{len(threads)} connections for {elapsed:.0f} s: resident {before // MEBIBYTE} MiB "
            f"before, {peak // MEBIBYTE} MiB at most; healthy {answered} times of {asked}; "
            f"{last - first} milestones"
        )
        assert growth < GROWTH_BYTES_MAX, f"it grew by {growth // MEBIBYTE} MiB"
        assert answered >= 0.8 * asked, "it did not answer others"
        assert last - first >= 0.7 * elapsed, "milestones came late"
    return 0


if __name__ == "__main__":
    sys.exit(main())
