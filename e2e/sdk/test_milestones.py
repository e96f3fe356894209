"""Milestones: by id and by index, as values and as bytes, with what they changed."""

import hashlib

import pytest
from iota_sdk import AddressAndAmount, ClientError

from network import wait_until
from people import new_owner

SIGNATURE_BYTES = 1 + 32 + 64


def milestone_id(raw: bytes, signature_count: int) -> str:
    """Hash of the essence: the payload without its type, count of signatures and signatures."""
    essence = raw[4 : len(raw) - 1 - signature_count * SIGNATURE_BYTES]
    return "0x" + hashlib.blake2b(essence, digest_size=32).hexdigest()


def confirmed(client):
    return client.get_info().nodeInfo.status.confirmedMilestone


def test_milestone_is_the_same_by_id_and_by_index(client):
    latest = confirmed(client)
    by_id = client.get_milestone_by_id(latest.milestoneId)
    by_index = client.get_milestone_by_index(latest.index)
    assert by_id == by_index
    assert (by_id.index, by_id.timestamp) == (latest.index, latest.timestamp)
    assert by_id.protocolVersion == 2
    assert 1 <= len(by_id.parents) <= 8
    assert by_id.parents == sorted(set(by_id.parents))


def test_two_of_two_keys_sign(client):
    milestone = client.get_milestone_by_index(confirmed(client).index)
    keys = [signature.publicKey for signature in milestone.signatures]
    assert len(keys) == 2
    assert keys == sorted(set(keys))


def test_raw_milestone_hashes_to_its_id(client):
    latest = confirmed(client)
    by_id = bytes(client.get_milestone_by_id_raw(latest.milestoneId))
    by_index = bytes(client.get_milestone_by_index_raw(latest.index))
    assert by_id == by_index
    assert by_id[:4] == (7).to_bytes(4, "little")
    assert milestone_id(by_id, 2) == latest.milestoneId


def test_milestones_form_a_chain_with_rising_times(network, client):
    wait_until("five milestones", lambda: network.confirmed_index() >= 5)
    for index in range(2, 6):
        before = client.get_milestone_by_index(index - 1)
        raw_before = bytes(client.get_milestone_by_index_raw(index - 1))
        milestone = client.get_milestone_by_index(index)
        assert milestone.previousMilestoneId == milestone_id(raw_before, 2)
        assert milestone.timestamp > before.timestamp


def test_changes_of_a_transfer_are_in_its_milestone(network, client, owner):
    target = new_owner()
    block_id, _ = client.build_and_post_block(
        owner.secret, output=AddressAndAmount(1_000_000, target.address)
    )
    client.retry_until_included(block_id, 1, 20)
    index = client.get_block_metadata(block_id).referencedByMilestoneIndex
    changes = client.get_utxo_changes_by_index(index)
    latest_id = milestone_id(bytes(client.get_milestone_by_index_raw(index)), 2)
    assert changes == client.get_utxo_changes_by_id(latest_id)
    assert changes.index == index
    found = network.indexer("outputs/basic", address=target.address).json()["items"]
    assert len(found) == 1
    assert found[0] in changes.createdOutputs
    spent = client.get_output(changes.consumedOutputs[0]).metadata
    assert spent.isSpent
    assert spent.milestoneIndexSpent == index


def test_empty_milestone_changes_nothing(network, client):
    index = network.confirmed_index()
    wait_until("a milestone later", lambda: network.confirmed_index() > index + 1)
    changes = client.get_utxo_changes_by_index(index + 1)
    assert (changes.createdOutputs, changes.consumedOutputs) == ([], [])


def test_milestone_of_the_future_is_not_found(client):
    with pytest.raises(ClientError):
        client.get_milestone_by_index(confirmed(client).index + 1000)


def test_block_of_a_milestone_says_so(network, client):
    index = network.confirmed_index()
    wait_until("two milestones later", lambda: network.confirmed_index() > index + 2)
    milestone = client.get_milestone_by_index(index + 2)
    kinds = [client.get_block_metadata(parent) for parent in milestone.parents]
    # The block of the milestone before is always in the cone: it is a tip that nothing approved.
    assert any(kind.milestoneIndex == index + 1 for kind in kinds)
