"""Several nodes in one `tangle dev`: what is given to one is found on another, near and far."""

import pytest
import requests
from iota_sdk import (
    AddressAndAmount,
    Client,
    NodeIndexerAPI,
    TaggedDataPayload,
    Utils,
    utf8_to_hex,
)

from network import Network, wait_until
from people import FAUCET_AMOUNT, address_of, new_owner, settle
from test_transfers import only_input, signed_transfer

NEAR = """
[dev]
nodes = 4
"""
FAR = """
[dev]
nodes = 4
topology = "ring"
latency = "20ms..80ms"
loss = 3.0
"""


@pytest.fixture(scope="module", params=[NEAR, FAR], ids=["near", "far"])
def network(request):
    """The same tests with nodes side by side, and far apart on links that lose messages."""
    running = Network(request.param)
    yield running
    running.stop()


@pytest.fixture
def third(network):
    """A client of node 3."""
    return Client(nodes=[network.about["nodes"][2]["node"]])


def included(client, block_id):
    """Metadata of a block at a client's node, once a milestone has referenced it there."""

    def metadata():
        try:
            found = client.get_block_metadata(block_id)
        except Exception:  # pylint: disable=broad-except
            return None  # The block has not come here yet.
        return found if found.referencedByMilestoneIndex else None

    return wait_until(f"{block_id} is referenced", metadata, 30)


def test_data_given_to_node_1_is_included_on_node_3(network, client, third):
    data = utf8_to_hex("from one to three")
    block_id, _ = client.build_and_post_block(tag=utf8_to_hex("nodes"), data=data)
    there, here = included(third, block_id), included(client, block_id)
    assert there.referencedByMilestoneIndex == here.referencedByMilestoneIndex
    found = third.get_block_data(block_id)
    assert isinstance(found.payload, TaggedDataPayload)
    assert found.payload.data == data
    assert client.get_block_raw(block_id) == third.get_block_raw(block_id)


def test_every_node_serves_the_network(network):
    assert len(network.about["nodes"]) == 4
    infos = []
    for node in network.about["nodes"]:
        info = Client(nodes=[node["node"]]).get_info().nodeInfo
        assert info.status.isHealthy
        infos.append(info.protocol)
        peers = requests.get(f"{node['rest']}/peers", timeout=10).json()
        connected = [peer for peer in peers if peer["connected"]]
        assert len(connected) == len(node["neighbours"])
    assert all(info == infos[0] for info in infos)


def test_transfer_by_the_client_is_found_by_the_indexer_of_node_3(network, client, third, owner):
    target = new_owner()
    block_id, _ = client.build_and_post_block(
        owner.secret, output=AddressAndAmount(3_000_000, target.address)
    )
    assert included(third, block_id).ledgerInclusionState == "included"
    query = NodeIndexerAPI.QueryParameters(address=target.address)
    (item,) = third.basic_output_ids(query).items
    found = third.get_output(item)
    assert int(found.output.amount) == 3_000_000
    assert found.metadata.blockId == block_id
    rest = third.basic_output_ids(NodeIndexerAPI.QueryParameters(address=owner.address))
    (left,) = [third.get_output(item) for item in rest.items]
    assert int(left.output.amount) == FAUCET_AMOUNT - 3_000_000


def test_payment_of_a_wallet_on_node_1_is_found_by_the_indexer_of_node_3(account, third):
    target = new_owner()
    transaction = account.send(2_000_000, target.address)
    block_id = settle(account, transaction)
    assert included(third, block_id).ledgerInclusionState == "included"

    def outputs():
        query = NodeIndexerAPI.QueryParameters(address=target.address)
        return third.basic_output_ids(query).items

    (item,) = wait_until("node 3 has the output", outputs)
    found = third.get_output(item)
    assert int(found.output.amount) == 2_000_000
    assert found.metadata.transactionId == transaction.transactionId
    spent = address_of(account)
    mine = third.basic_output_ids(NodeIndexerAPI.QueryParameters(address=spent)).items
    assert sum(int(third.get_output(item).output.amount) for item in mine) == (
        FAUCET_AMOUNT - 2_000_000
    )


def test_coins_spent_at_two_nodes_at_once_are_spent_once(network, client, third, owner):
    inputs = only_input(client, network, owner.address)
    wait_until(
        "node 3 has the coins too",
        lambda: third.basic_output_ids(
            NodeIndexerAPI.QueryParameters(address=owner.address)
        ).items,
    )
    transfers = [
        signed_transfer(client, owner, inputs, amount, new_owner().address)
        for amount in (1_000_000, 2_000_000)
    ]
    ids = [node.submit_payload(payload)[0] for node, payload in zip((client, third), transfers)]
    seen = [[included(node, block_id) for block_id in ids] for node in (client, third)]
    states = [[block.ledgerInclusionState for block in blocks] for blocks in seen]
    assert sorted(states[0]) == ["conflicting", "included"]
    assert states[0] == states[1], "the nodes agree"
    winner = transfers[states[0].index("included")]
    transaction_id = Utils.transaction_id(winner)
    assert third.get_included_block_metadata(transaction_id).blockId in ids
