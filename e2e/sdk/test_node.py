"""What the node says about itself and its network."""

import hashlib

import pytest
import requests
from iota_sdk import Client, ClientError


def test_health(network, client):
    assert client.get_health(network.node) is True


def test_node_info_has_the_parameters_of_the_dev_network(network, client):
    info = client.get_node_info(network.node)
    protocol = info.protocol
    assert info.status.isHealthy
    assert info.status.confirmedMilestone.index >= 1
    assert info.supportedProtocolVersions == [2]
    assert (protocol.version, protocol.networkName, protocol.bech32Hrp) == (2, "tangle-dev", "tst")
    assert protocol.tokenSupply == "2779530283277761"
    assert (protocol.minPowScore, protocol.belowMaxDepth) == (0, 15)
    rent = protocol.rentStructure
    assert (rent.vByteCost, rent.vByteFactorData, rent.vByteFactorKey) == (100, 1, 10)
    assert info.baseToken.decimals == 6
    assert "pow" in info.features


def test_info_comes_with_the_url_of_the_node(network, client):
    wrapper = client.get_info()
    # The SDK leaves out the port.
    assert network.node.startswith(wrapper.url)
    assert wrapper.nodeInfo.protocol.networkName == "tangle-dev"


def test_client_takes_over_the_parameters(client):
    assert client.get_network_info().protocolParameters.bech32Hrp == "tst"
    assert client.get_bech32_hrp() == "tst"
    assert client.get_min_pow_score() == 0
    assert client.get_local_pow() is True
    digest = hashlib.blake2b(b"tangle-dev", digest_size=32).digest()
    assert client.get_network_id() == int.from_bytes(digest[:8], "little")


def test_node_counts_as_healthy(network, client):
    assert client.get_node()["url"].rstrip("/") == network.node
    assert client.unhealthy_nodes() == []


def test_tips_are_one_to_four_block_ids(client):
    tips = client.get_tips()
    assert 1 <= len(tips) <= 4
    assert all(len(tip) == 66 and tip.startswith("0x") for tip in tips)


def test_routes_name_the_interfaces(network):
    routes = requests.get(f"{network.node}/api/routes", timeout=5).json()["routes"]
    assert {"core/v2", "indexer/v1"} <= set(routes)


def test_peers_are_open_in_dev_and_none(client):
    assert client.get_peers() == []


def test_treasury_and_receipts(client):
    treasury = client.get_treasury()
    assert int(treasury["amount"]) == 0
    assert client.get_receipts() == []
    assert client.get_receipts_migrated_at(3) == []


def test_extension_is_called_through_the_client(client):
    found = client.call_plugin_route("api/", "GET", "routes")
    assert "indexer/v1" in found["routes"]


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get_block_data("0x" + "ab" * 32),
        lambda client: client.get_block_metadata("0x" + "ab" * 32),
        lambda client: client.get_output("0x" + "ab" * 32 + "0000"),
        lambda client: client.get_output_metadata("0x" + "ab" * 32 + "0000"),
        lambda client: client.get_included_block("0x" + "ab" * 32),
        lambda client: client.get_milestone_by_id("0x" + "ab" * 32),
        lambda client: client.get_milestone_by_index(4_000_000),
        lambda client: client.get_utxo_changes_by_index(4_000_000),
    ],
)
def test_unknown_is_not_found(client, call):
    with pytest.raises(ClientError) as error:
        call(client)
    assert "not found" in str(error.value).lower() or "404" in str(error.value)


def test_node_of_another_network_is_not_mixed_in(network):
    with pytest.raises(ClientError):
        Client(nodes=["http://127.0.0.1:9"], ignore_node_health=False).get_tips()
    assert Client(nodes=[network.node, "http://127.0.0.1:9"]).get_bech32_hrp() == "tst"
