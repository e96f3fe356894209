"""Blocks: posting, reading, promoting, reattaching."""

import hashlib

import pytest
import requests
from iota_sdk import Block, Client, ClientError, TaggedDataPayload, Utils, hex_to_utf8, utf8_to_hex

from network import wait_until

TAG = utf8_to_hex("tangle e2e")
DATA = utf8_to_hex("data of no value, but of some length")


def referenced(client, block_id):
    """Metadata of the block once a milestone has referenced it."""

    def metadata():
        found = client.get_block_metadata(block_id)
        return found if found.referencedByMilestoneIndex else None

    return wait_until(f"{block_id} is referenced", metadata)


@pytest.mark.parametrize("local_pow", [True, False])
def test_tagged_data_comes_back_as_it_was_sent(network, local_pow):
    client = Client(nodes=[network.node], local_pow=local_pow, fallback_to_local_pow=False)
    block_id, block = client.build_and_post_block(tag=TAG, data=DATA)
    assert block.id() == block_id
    found = client.get_block_data(block_id)
    assert isinstance(found.payload, TaggedDataPayload)
    assert (found.payload.tag, found.payload.data) == (TAG, DATA)
    assert hex_to_utf8(found.payload.tag) == "tangle e2e"
    assert found.parents == sorted(set(found.parents))


def test_block_without_payload(client):
    block_id, _ = client.build_and_post_block()
    assert client.get_block_data(block_id).payload is None


def test_raw_block_hashes_to_its_id(client):
    block_id, block = client.build_and_post_block(tag=TAG, data=DATA)
    raw = bytes(client.get_block_raw(block_id))
    assert raw == Utils.block_bytes(block)
    assert "0x" + hashlib.blake2b(raw, digest_size=32).hexdigest() == block_id


def test_metadata_exists_at_once_and_then_names_a_milestone(network, client):
    block_id, block = client.build_and_post_block(tag=TAG)
    at_once = client.get_block_metadata(block_id)
    assert at_once.blockId == block_id
    assert at_once.parents == block.parents
    assert at_once.isSolid
    later = referenced(client, block_id)
    assert later.ledgerInclusionState == "noTransaction"
    assert later.referencedByMilestoneIndex <= network.confirmed_index()
    assert later.conflictReason is None
    assert later.shouldPromote is None


def test_several_blocks_are_found_together(client):
    ids = [client.build_and_post_block(tag=TAG, data=utf8_to_hex(str(n)))[0] for n in range(5)]
    blocks = {block.id(): hex_to_utf8(block.payload.data) for block in client.find_blocks(ids)}
    assert [blocks[block_id] for block_id in ids] == ["0", "1", "2", "3", "4"]


def test_posting_a_block_again_gives_the_same_id(client):
    block_id, block = client.build_and_post_block(tag=TAG, data=DATA)
    assert client.post_block_raw(list(Utils.block_bytes(block))) == block_id
    empty_id, empty = client.build_and_post_block()
    assert client.post_block(empty) == empty_id


def test_block_with_own_parents_is_taken_as_it_is(client):
    parents = sorted(client.build_and_post_block(tag=TAG)[0] for _ in range(8))
    block = Block(protocolVersion=2, parents=parents, nonce="0")
    block_id = client.post_block(block)
    assert client.get_block_data(block_id).parents == parents


def test_block_with_unknown_parent_is_refused(client):
    block = Block(protocolVersion=2, parents=["0x" + "cd" * 32], nonce="0")
    with pytest.raises(ClientError) as error:
        client.post_block(block)
    assert "400" in str(error.value) or "not solid" in str(error.value)


def test_bad_bytes_are_refused_with_the_standard_error(network):
    answer = requests.post(
        f"{network.node}/api/core/v2/blocks",
        data=b"\x02\x00garbage",
        headers={"Content-Type": "application/vnd.iota.serializer-v1"},
        timeout=5,
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "400"
    other = requests.post(f"{network.node}/api/core/v2/blocks", data="x", timeout=5)
    assert other.status_code == 415


def test_promoting_puts_the_block_among_the_parents(client):
    block_id, _ = client.build_and_post_block(tag=TAG)
    promoting_id, promoting = client.promote_unchecked(block_id)
    assert block_id in promoting.parents
    assert client.get_block_data(promoting_id).payload is None


def test_reattaching_sends_the_same_payload_in_a_new_block(client):
    block_id, block = client.build_and_post_block(tag=TAG, data=DATA)
    referenced(client, block_id)
    other_id, other = client.reattach_unchecked(block_id)
    assert other_id != block_id
    assert other.payload == block.payload
    assert client.get_block_data(other_id).payload == block.payload


def test_referenced_block_needs_neither_promoting_nor_reattaching(client):
    block_id, _ = client.build_and_post_block(tag=TAG)
    referenced(client, block_id)
    for call in (client.promote, client.reattach, client.retry):
        with pytest.raises(ClientError):
            call(block_id)


def test_retry_until_included_gives_the_block_once_a_milestone_references_it(client):
    block_id, _ = client.build_and_post_block(tag=TAG)
    included = client.retry_until_included(block_id, 1, 20)
    assert included[0][0] == block_id
    assert client.get_block_metadata(block_id).referencedByMilestoneIndex >= 1
