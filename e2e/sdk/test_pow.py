"""Proof of work, where the network asks for some: by the client, by the node, by nobody."""

import pytest
import requests
from iota_sdk import Client, Utils, utf8_to_hex

from network import Network

SCORE = 300
CONFIG = f"""
[network]
pow_score_min = {SCORE}
"""
TAG = utf8_to_hex("tangle e2e")


def test_client_learns_the_score(client):
    assert client.get_min_pow_score() == SCORE


@pytest.mark.parametrize("local_pow", [True, False])
def test_block_is_taken_whoever_did_the_work(network, local_pow):
    client = Client(nodes=[network.node], local_pow=local_pow, fallback_to_local_pow=False)
    block_id, _ = client.build_and_post_block(tag=TAG, data=utf8_to_hex("x" * 300))
    found = client.get_block_data(block_id)
    assert int(found.nonce) != 0
    assert client.retry_until_included(block_id, 1, 20)


def test_block_without_work_is_refused_and_changes_nothing(network, client):
    block_id, block = client.build_and_post_block(tag=TAG)
    raw = bytearray(Utils.block_bytes(block))
    raw[-8:] = (1).to_bytes(8, "little")
    answer = requests.post(
        f"{network.node}/api/core/v2/blocks",
        data=bytes(raw),
        headers={"Content-Type": "application/vnd.iota.serializer-v1"},
        timeout=5,
    )
    assert answer.status_code == 400, answer.text
    assert client.get_block_metadata(block_id).isSolid


def test_client_falls_back_to_its_own_work_when_the_node_does_none():
    network = Network(CONFIG + "\n[pow]\nenabled = false\n")
    try:
        assert "pow" not in network.core("info").json()["features"]
        block = {"protocolVersion": 2, "parents": network.core("tips").json()["tips"], "nonce": "0"}
        answer = requests.post(f"{network.node}/api/core/v2/blocks", json=block, timeout=5)
        assert answer.status_code == 503
        assert "proof of work is not available on this node" in answer.json()["error"]["message"]
        client = Client(nodes=[network.node], local_pow=False, fallback_to_local_pow=True)
        block_id, _ = client.build_and_post_block(tag=TAG)
        assert client.retry_until_included(block_id, 1, 20)
    finally:
        network.stop()
