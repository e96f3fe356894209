"""Base coins by the client alone: transfers, included blocks, double spends."""

import hashlib
from dataclasses import asdict

import pytest
from iota_sdk import (
    AddressAndAmount,
    ClientError,
    GenerateAddressesOptions,
    Range,
    TransactionPayload,
    UtxoInput,
    Utils,
)

from network import wait_until
from people import CLIENT_COIN, FAUCET_AMOUNT, HRP, ask_faucet, new_owner

ALREADY_SPENT = 1
SPENT_IN_THIS_MILESTONE = 2


def signed_transfer(client, owner, inputs, amount, address):
    """A transaction of given inputs, signed but not sent."""
    options = {"inputs": inputs, "output": {"amount": str(amount), "address": address}}
    prepared = client.prepare_transaction(owner.secret, options)
    return owner.manager.sign_transaction(prepared)


def only_input(client, network, address):
    items = network.indexer("outputs/basic", address=address).json()["items"]
    assert len(items) == 1
    found = client.get_output(items[0]).metadata
    return [asdict(UtxoInput(0, found.transactionId, found.outputIndex))]


def outcome(client, block_id):
    """Metadata of the block once a milestone has referenced it."""

    def metadata():
        found = client.get_block_metadata(block_id)
        return found if found.ledgerInclusionState else None

    return wait_until(f"{block_id} is referenced", metadata)


def test_transfer_moves_coins_and_leaves_the_rest(network, client, owner):
    target = new_owner()
    block_id, block = client.build_and_post_block(
        owner.secret, output=AddressAndAmount(3_000_000, target.address)
    )
    assert isinstance(block.payload, TransactionPayload)
    assert outcome(client, block_id).ledgerInclusionState == "included"
    (item,) = network.indexer("outputs/basic", address=target.address).json()["items"]
    received = client.get_output(item)
    assert int(received.output.amount) == 3_000_000
    assert received.metadata.blockId == block_id
    assert not received.metadata.isSpent
    (item,) = network.indexer("outputs/basic", address=owner.address).json()["items"]
    assert int(client.get_output(item).output.amount) == FAUCET_AMOUNT - 3_000_000


def test_included_block_is_found_by_its_transaction(client, owner):
    block_id, block = client.build_and_post_block(
        owner.secret, output=AddressAndAmount(1_000_000, new_owner().address)
    )
    outcome(client, block_id)
    transaction_id = Utils.transaction_id(block.payload)
    assert client.get_included_block(transaction_id).id() == block_id
    metadata = client.get_included_block_metadata(transaction_id)
    assert metadata.blockId == block_id
    assert metadata.ledgerInclusionState == "included"


def test_raw_output_is_what_json_says(network, client, owner):
    (item,) = network.indexer("outputs/basic", address=owner.address).json()["items"]
    raw = network.core(
        f"outputs/{item}", headers={"Accept": "application/vnd.iota.serializer-v1"}
    ).content
    assert raw[0] == 3
    assert int.from_bytes(raw[1:9], "little") == FAUCET_AMOUNT
    payload_raw = client.get_output(item)
    assert int(payload_raw.output.amount) == FAUCET_AMOUNT
    assert client.get_output_metadata(item) == payload_raw.metadata


def test_second_spend_after_the_first_is_confirmed_conflicts(network, client, owner):
    inputs = only_input(client, network, owner.address)
    first = signed_transfer(client, owner, inputs, 1_000_000, new_owner().address)
    second = signed_transfer(client, owner, inputs, 2_000_000, new_owner().address)
    first_id, _ = client.submit_payload(first)
    assert outcome(client, first_id).ledgerInclusionState == "included"
    second_id, _ = client.submit_payload(second)
    metadata = outcome(client, second_id)
    assert metadata.ledgerInclusionState == "conflicting"
    assert metadata.conflictReason == ALREADY_SPENT
    with pytest.raises(ClientError):
        client.get_included_block(Utils.transaction_id(second))


def test_two_spends_in_one_milestone_end_as_one(network, client):
    for _ in range(5):
        owner = new_owner()
        ask_faucet(network, client, owner.address)
        inputs = only_input(client, network, owner.address)
        transfers = [
            signed_transfer(client, owner, inputs, amount, new_owner().address)
            for amount in (1_000_000, 2_000_000)
        ]
        ids = [client.submit_payload(transfer)[0] for transfer in transfers]
        results = [outcome(client, block_id) for block_id in ids]
        states = sorted(result.ledgerInclusionState for result in results)
        assert states == ["conflicting", "included"]
        conflicting = next(r for r in results if r.ledgerInclusionState == "conflicting")
        if results[0].referencedByMilestoneIndex == results[1].referencedByMilestoneIndex:
            assert conflicting.conflictReason == SPENT_IN_THIS_MILESTONE
            return
        assert conflicting.conflictReason == ALREADY_SPENT
    raise AssertionError("in five tries no milestone referenced both")


def test_reattached_transaction_is_included_once(client, network, owner):
    inputs = only_input(client, network, owner.address)
    target = new_owner()
    transfer = signed_transfer(client, owner, inputs, 1_000_000, target.address)
    first_id, _ = client.submit_payload(transfer)
    outcome(client, first_id)
    again_id, _ = client.reattach_unchecked(first_id)
    metadata = outcome(client, again_id)
    assert metadata.ledgerInclusionState == "conflicting"
    assert metadata.conflictReason in (ALREADY_SPENT, SPENT_IN_THIS_MILESTONE)
    assert client.get_included_block_metadata(Utils.transaction_id(transfer)).blockId == first_id
    assert len(network.indexer("outputs/basic", address=target.address).json()["items"]) == 1


def test_inputs_are_found_and_consolidated(network, client, owner):
    target = new_owner()
    for _ in range(3):
        block_id, _ = client.build_and_post_block(
            owner.secret, output=AddressAndAmount(1_000_000, target.address)
        )
        outcome(client, block_id)
    assert len(client.find_inputs([target.address], 2_500_000)) == 3
    options = GenerateAddressesOptions(
        coinType=CLIENT_COIN, range=Range(0, 1), bech32Hrp=HRP, accountIndex=0
    )
    assert client.consolidate_funds(target.secret, options) == target.address

    def one_output():
        items = network.indexer("outputs/basic", address=target.address).json()["items"]
        return len(items) == 1 and client.get_output(items[0])

    found = wait_until("one output is left", one_output)
    assert int(found.output.amount) == 3_000_000


def test_faucet_refuses_who_has_enough_and_foreign_addresses(network, client, owner):
    url = f"{network.faucet}/api/enqueue"
    # The faucet learns a moment after the indexer that its first payment is final.
    wait_until(
        "the faucet takes the address again",
        lambda: "waitingRequests" in client.request_funds_from_faucet(url, owner.address),
    )
    wait_until(
        "the smaller amount came too",
        lambda: len(network.indexer("outputs/basic", address=owner.address).json()["items"]) == 2,
    )
    digest = hashlib.blake2b(b"someone", digest_size=32).hexdigest()
    foreign = Utils.hex_to_bech32("0x" + digest, "smr")
    answer = client.request_funds_from_faucet(url, foreign)
    assert "error" in answer
