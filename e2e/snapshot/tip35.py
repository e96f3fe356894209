"""Snapshot files, read as TIP-35 describes them, with what TIP-29 and TIP-18 say of the milestones
and outputs in them. It shares nothing with the node: only the documents.

`read` takes a file apart to its last byte; `state_of_full` and `apply_delta` then follow it from
milestone to milestone and say what is wrong with it.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Optional

OUTPUT_KINDS = {3: "basic", 4: "alias", 5: "foundry", 6: "NFT"}
MILESTONE = 7
TREASURY_TRANSACTION = 4
RECEIPT, PARAMETERS = 0, 1
# Diffs before the target that announce parameters which apply later; more than TIP-35 asks for.
ANNOUNCING_MAX = 30


class Wrong(Exception):
    """The file is not what TIP-35 describes."""


def demand(condition: bool, text: str) -> None:
    """Raises `Wrong` unless something holds."""
    if not condition:
        raise Wrong(text)


class Bytes:
    """A file, or a part of it, that is read from its beginning to its end."""

    def __init__(self, data: bytes):
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        demand(self.at + count <= len(self.data), f"it ends at {len(self.data)}, inside a value")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, code: str) -> int:
        """A number: B, H, I or Q for 1, 2, 4 or 8 bytes."""
        return struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))[0]

    def end(self, what: str) -> None:
        """Nothing may follow."""
        demand(self.at == len(self.data), f"{len(self.data) - self.at} bytes follow {what}")


@dataclass(frozen=True)
class Treasury:
    """The treasury output."""

    milestone_id: bytes
    amount: int


@dataclass(frozen=True)
class Output:
    """An output with its origin."""

    id: bytes
    block_id: bytes
    index: int
    timestamp: int
    kind: str
    amount: int


@dataclass(frozen=True)
class Parameters:
    """Protocol parameters, and from which milestone on."""

    target: int
    version: int
    network: str
    hrp: str
    pow_score_min: int
    below_max_depth: int
    supply: int


@dataclass(frozen=True)
class Milestone:
    """What of a milestone payload matters here."""

    id: bytes
    index: int
    timestamp: int
    previous_id: bytes
    treasury: Optional[Treasury]
    migrated: int


@dataclass
class Diff:
    """What a milestone changed."""

    milestone: Milestone
    spent_treasury: Optional[Treasury]
    created: list[Output]
    consumed: list[Output]
    spenders: list[bytes]


@dataclass
class Snapshot:
    """A whole file. What only one of the two types has is `None` in the other."""

    is_full: bool
    target: int
    target_timestamp: int
    # Of a full one: its own target. Of a delta: that of the full one.
    full_target_id: bytes
    genesis: Optional[int] = None
    ledger: Optional[int] = None
    treasury: Optional[Treasury] = None
    parameters: Optional[Parameters] = None
    outputs: list[Output] = field(default_factory=list)
    diffs: list[Diff] = field(default_factory=list)
    entry_points: list[bytes] = field(default_factory=list)


def read(data: bytes) -> Snapshot:
    """Takes a file apart."""
    source = Bytes(data)
    version, kind = source.number("B"), source.number("B")
    demand(version == 2, f"version {version}")
    demand(kind in (0, 1), f"type {kind}")
    return _full(source) if kind == 0 else _delta(source)


def _full(source: Bytes) -> Snapshot:
    genesis, target, timestamp = (source.number("I") for _ in range(3))
    target_id = source.take(32)
    ledger = source.number("I")
    treasury = Treasury(source.take(32), source.number("Q"))
    option = Bytes(source.take(source.number("H")))
    demand(option.number("B") == PARAMETERS, "the option in the header is not one of parameters")
    parameters = _parameters(option)
    option.end("the parameters")
    output_count, diff_count, entry_point_count = (source.number(code) for code in "QIH")
    snapshot = Snapshot(True, target, timestamp, target_id, genesis, ledger, treasury, parameters)
    for _ in range(output_count):
        snapshot.outputs.append(_output(source))
    _rest(source, snapshot, diff_count, entry_point_count)
    return snapshot


def _delta(source: Bytes) -> Snapshot:
    target, timestamp = source.number("I"), source.number("I")
    full_target_id = source.take(32)
    offset, diff_count, entry_point_count = (source.number(code) for code in "QIH")
    snapshot = Snapshot(False, target, timestamp, full_target_id)
    found = _rest(source, snapshot, diff_count, entry_point_count)
    demand(found == offset, f"the SEPs begin at {found}, the header says {offset}")
    return snapshot


def _rest(source: Bytes, snapshot: Snapshot, diff_count: int, entry_point_count: int) -> int:
    for _ in range(diff_count):
        snapshot.diffs.append(_diff(source))
    offset = source.at
    snapshot.entry_points = [source.take(32) for _ in range(entry_point_count)]
    source.end("the SEPs")
    count = len(set(snapshot.entry_points))
    demand(count == entry_point_count, f"{entry_point_count} SEPs, but only {count} different ones")
    return offset


def _parameters(source: Bytes) -> Parameters:
    """A Protocol Parameters Milestone Option, without its type."""
    target, version = source.number("I"), source.number("B")
    inner = Bytes(source.take(source.number("H")))
    demand(inner.number("B") == version, "the parameters have another version than their option")
    network = inner.take(inner.number("B")).decode("utf-8")
    hrp = inner.take(inner.number("B")).decode("ascii")
    pow_score_min, below_max_depth = inner.number("I"), inner.number("B")
    inner.take(4 + 1 + 1)  # rent structure
    supply = inner.number("Q")
    inner.end("the token supply")
    return Parameters(target, version, network, hrp, pow_score_min, below_max_depth, supply)


def _output(source: Bytes) -> Output:
    output_id, block_id = source.take(34), source.take(32)
    index, timestamp = source.number("I"), source.number("I")
    inner = Bytes(source.take(source.number("I")))
    kind = inner.number("B")
    demand(kind in OUTPUT_KINDS, f"an output of kind {kind}")
    amount = inner.number("Q")
    demand(amount > 0, f"output {output_id.hex()} is empty")
    return Output(output_id, block_id, index, timestamp, OUTPUT_KINDS[kind], amount)


def _diff(source: Bytes) -> Diff:
    # The length counts itself: nothing in TIP-35 says so, but this is how files are.
    length = source.number("I")
    demand(length >= 4, f"a diff of {length} bytes")
    inner = Bytes(source.take(length - 4))
    milestone = _milestone(Bytes(inner.take(inner.number("I"))))
    spent = Treasury(inner.take(32), inner.number("Q")) if milestone.treasury else None
    created = [_output(inner) for _ in range(inner.number("I"))]
    consumed, spenders = [], []
    for _ in range(inner.number("I")):
        consumed.append(_output(inner))
        spenders.append(inner.take(32))
    inner.end("the consumed outputs")
    return Diff(milestone, spent, created, consumed, spenders)


def _milestone(source: Bytes) -> Milestone:
    """A milestone payload (TIP-29)."""
    kind = source.number("I")
    demand(kind == MILESTONE, f"a payload of kind {kind} in place of a milestone")
    begin = source.at
    index, timestamp = source.number("I"), source.number("I")
    source.take(1)  # protocol version
    previous_id = source.take(32)
    source.take(32 * source.number("B"))  # parents
    source.take(32 + 32)  # Merkle roots
    source.take(source.number("H"))  # metadata
    receipt, migrated = None, 0
    for _ in range(source.number("B")):
        option = source.number("B")
        demand(option in (RECEIPT, PARAMETERS), f"a milestone option of kind {option}")
        if option == PARAMETERS:
            _parameters(source)
        else:
            migrated, amount = _receipt(source)
            receipt = amount
    # The id is the hash of all but the signatures.
    milestone_id = hashlib.blake2b(source.data[begin:source.at], digest_size=32).digest()
    for _ in range(source.number("B")):
        demand(source.number("B") == 0, "a signature that is none of Ed25519")
        source.take(32 + 64)
    source.end("the signatures")
    treasury = None if receipt is None else Treasury(milestone_id, receipt)
    return Milestone(milestone_id, index, timestamp, previous_id, treasury, migrated)


def _receipt(source: Bytes) -> tuple[int, int]:
    """Migrated funds, and the treasury that is left."""
    source.take(4 + 1)  # migrated at, final
    migrated = 0
    for _ in range(source.number("H")):
        source.take(49 + 33)  # tail transaction hash, address
        migrated += source.number("Q")
    inner = Bytes(source.take(source.number("I")))
    demand(inner.number("I") == TREASURY_TRANSACTION, "a receipt without treasury transaction")
    demand(inner.number("B") == 1, "a treasury input of another kind")
    inner.take(32)
    demand(inner.number("B") == 2, "a treasury output of another kind")
    amount = inner.number("Q")
    inner.end("the treasury transaction")
    return migrated, amount


@dataclass
class State:
    """A ledger, and how far it goes."""

    outputs: dict[bytes, Output]
    treasury: Treasury
    supply: int
    index: int
    milestone_id: bytes

    def check(self) -> None:
        """All coins are there."""
        total = sum(output.amount for output in self.outputs.values()) + self.treasury.amount
        demand(total == self.supply, f"milestone {self.index}: {total} of {self.supply} coins")
        late = [output.id.hex() for output in self.outputs.values() if output.index > self.index]
        demand(not late, f"milestone {self.index}: outputs of later ones: {late[:3]}")


def state_of_full(full: Snapshot) -> State:
    """The ledger at the target of a full snapshot: its outputs, and the diffs undone."""
    demand(full.is_full, "it is no full snapshot")
    demand(full.genesis <= full.target <= full.ledger,
           f"genesis {full.genesis}, target {full.target}, ledger {full.ledger}")
    demand(len(full.entry_points) > 0, "there are no SEPs")
    outputs = {output.id: output for output in full.outputs}
    demand(len(outputs) == len(full.outputs), "an output is there twice")
    state = State(outputs, full.treasury, full.parameters.supply, full.ledger, b"")
    state.check()
    indexes = [diff.milestone.index for diff in full.diffs]
    down = list(range(full.ledger, full.ledger - len(indexes), -1))
    demand(indexes == down, f"the diffs are of {indexes[:5]}…, not of {down[:5]}…")
    lowest = full.ledger - len(indexes) + 1
    demand(full.target + 1 - ANNOUNCING_MAX <= lowest <= full.target + 1,
           f"the diffs go down to {lowest} for the target {full.target}")
    _check_chain(full.diffs[::-1])
    for diff in full.diffs:
        if diff.milestone.index > full.target:
            _undo(state, diff)
        elif diff.milestone.index == full.target:
            demand(diff.milestone.id == full.full_target_id, "the target has another id")
            demand(diff.milestone.timestamp == full.target_timestamp, "the target's time differs")
        if diff.milestone.index == full.target + 1 and full.target > full.genesis:
            demand(diff.milestone.previous_id == full.full_target_id, "the target has another id")
    state.index, state.milestone_id = full.target, full.full_target_id
    state.check()
    return state


def apply_delta(state: State, delta: Snapshot) -> None:
    """Takes the ledger at the target of a full snapshot to the target of a delta."""
    demand(not delta.is_full, "it is no delta snapshot")
    demand(delta.full_target_id == state.milestone_id, "it continues another full snapshot")
    demand(len(delta.entry_points) > 0, "there are no SEPs")
    indexes = [diff.milestone.index for diff in delta.diffs]
    up = list(range(state.index + 1, delta.target + 1))
    demand(indexes == up, f"the diffs are of {indexes[:5]}…, not of {up[:5]}…")
    _check_chain(delta.diffs)
    for diff in delta.diffs:
        if state.milestone_id != bytes(32):
            demand(diff.milestone.previous_id == state.milestone_id,
                   f"milestone {diff.milestone.index} follows another one")
        _redo(state, diff)
        state.check()
    newest = delta.diffs[-1].milestone
    demand(newest.timestamp == delta.target_timestamp, "the target's time differs")


def _check_chain(diffs: list[Diff]) -> None:
    """Diffs in the order of their milestones: each follows the one before."""
    for before, after in zip(diffs, diffs[1:]):
        index = after.milestone.index
        demand(after.milestone.previous_id == before.milestone.id, f"{index} follows another one")
        demand(after.milestone.timestamp > before.milestone.timestamp, f"time stands at {index}")
    for diff in diffs:
        index = diff.milestone.index
        for output in diff.created:
            demand((output.index, output.timestamp) == (index, diff.milestone.timestamp),
                   f"milestone {index} creates {output.id.hex()} of {output.index}")


# What one milestone creates and spends as well is listed under both.
def _undo(state: State, diff: Diff) -> None:
    index = diff.milestone.index
    for output in diff.consumed:
        demand(output.id not in state.outputs, f"{output.id.hex()} is spent and still there")
        state.outputs[output.id] = output
    for output in diff.created:
        demand(state.outputs.pop(output.id, None) == output,
               f"milestone {index} creates {output.id.hex()}, which is not there")
    if diff.spent_treasury:
        demand(state.treasury == diff.milestone.treasury, f"milestone {index}: another treasury")
        state.treasury = diff.spent_treasury


def _redo(state: State, diff: Diff) -> None:
    index = diff.milestone.index
    for output in diff.created:
        demand(output.id not in state.outputs, f"{output.id.hex()} is created twice")
        state.outputs[output.id] = output
    for output in diff.consumed:
        demand(state.outputs.pop(output.id, None) == output,
               f"milestone {index} spends {output.id.hex()}, which is not there")
    if diff.spent_treasury:
        demand(state.treasury == diff.spent_treasury, f"milestone {index}: another treasury")
        state.treasury = diff.milestone.treasury
    state.milestone_id, state.index = diff.milestone.id, index
