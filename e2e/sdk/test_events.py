"""Events over MQTT, in WebSocket and in plain TCP, as the SDK subscribes to them."""

import json
import threading
import urllib.parse
from dataclasses import asdict

import pytest
from iota_sdk import Client, UtxoInput, Utils
from iota_sdk.external import create_client

from network import wait_until
from people import new_owner

CONFIG = "[ports]\nmqtt = 0\n"


class Listener:
    """Collects what is told under some topics."""

    def __init__(self, client, topics):
        self.client = client
        self.topics = topics
        self.lock = threading.Lock()
        self.told = []
        client.listen_mqtt(topics, self._handle)

    def _handle(self, event):
        with self.lock:
            self.told.append(decoded(event))

    def of(self, topic):
        """Payloads told under a topic so far."""
        with self.lock:
            events = [event for event in self.told if event["topic"] == topic]
        return [decoded(event["payload"]) for event in events]

    def wait(self, topic, accept=lambda payload: True):
        """Waits for a payload under a topic."""

        def found():
            return next((payload for payload in self.of(topic) if accept(payload)), None)

        return wait_until(f"{topic} is told", found, 20)


def decoded(value):
    """The SDK gives JSON as a text in a text, once or twice."""
    while isinstance(value, str):
        value = json.loads(value)
    return value


@pytest.fixture(params=["websocket", "tcp"])
def client(network, request):
    """A client that listens in one of the two ways that there are."""
    broker = {"useWs": request.param == "websocket"}
    if request.param == "tcp":
        broker["port"] = urllib.parse.urlsplit(network.about["mqtt"]).port
    # The library underneath takes these options; the constructor has no name for them.
    options = {"nodes": [network.node], "brokerOptions": broker}
    return Client(client_handle=create_client(json.dumps(options)))


@pytest.fixture
def listen(client):
    """Starts a listener; it ends with the test."""
    listeners = []

    def start(*topics):
        listeners.append(Listener(client, list(topics)))
        return listeners[-1]

    yield start
    for listener in listeners:
        client.clear_mqtt_listeners(listener.topics)


def test_milestones_are_told(network, client, listen):
    confirmed = "milestone-info/confirmed"
    listener = listen(confirmed, "milestone-info/latest", "milestones", "block-metadata/referenced")
    first = listener.wait(confirmed)
    second = listener.wait(confirmed, lambda info: info["index"] > first["index"])
    assert network.core(f"milestones/{second['milestoneId']}").json()["index"] == second["index"]
    assert listener.wait("milestone-info/latest")["index"] > 0
    milestone = listener.wait("milestones")
    found = client.get_milestone_by_index(milestone["index"])
    assert milestone["previousMilestoneId"] == found.previousMilestoneId
    state = listener.wait("block-metadata/referenced")
    assert state["ledgerInclusionState"] in ("noTransaction", "included")
    assert state["parentBlockIds"] == state["parents"]


def test_blocks_are_told(client, listen):
    tag = "0x" + b"tangle events".hex()
    listener = listen("blocks", f"blocks/tagged-data/{tag}", "blocks/tagged-data")
    listener.wait("blocks")
    block_id, _ = client.build_and_post_block(tag=tag, data="0x0102")
    for topic in ("blocks", f"blocks/tagged-data/{tag}", "blocks/tagged-data"):
        block = listener.wait(topic, lambda block: (block.get("payload") or {}).get("tag") == tag)
        assert block["payload"]["data"] == "0x0102"
    # What is known already is told at once, what comes later when it comes.
    watcher = listen(f"block-metadata/{block_id}")
    state = watcher.wait(
        f"block-metadata/{block_id}", lambda state: state.get("ledgerInclusionState")
    )
    assert state["ledgerInclusionState"] == "noTransaction"
    assert state["blockId"] == block_id


def test_outputs_and_transactions_are_told(network, client, owner, listen):
    target = new_owner()
    (item,) = network.indexer("outputs/basic", address=owner.address).json()["items"]
    found = client.get_output(item).metadata
    inputs = [asdict(UtxoInput(0, found.transactionId, found.outputIndex))]
    options = {"inputs": inputs, "output": {"amount": "3000000", "address": target.address}}
    prepared = client.prepare_transaction(owner.secret, options)
    payload = owner.manager.sign_transaction(prepared)
    transaction_id = Utils.transaction_id(payload)
    received = f"outputs/unlock/+/{target.address}"
    spent = f"outputs/unlock/address/{owner.address}/spent"
    included = f"transactions/{transaction_id}/included-block"
    listener = listen(f"outputs/{item}", received, spent, included)
    assert listener.wait(f"outputs/{item}")["metadata"]["isSpent"] is False

    client.submit_payload(payload)
    block = listener.wait(included)
    assert block["payload"]["essence"]["inputs"][0]["transactionId"] == found.transactionId
    output = listener.wait(received)
    assert int(output["output"]["amount"]) == 3_000_000
    assert listener.wait(spent)["metadata"]["transactionIdSpent"] == transaction_id
    listener.wait(f"outputs/{item}", lambda output: output["metadata"]["isSpent"])
    # Whoever hears of an output finds it.
    metadata = output["metadata"]
    index = metadata["outputIndex"].to_bytes(2, "little").hex()
    assert client.get_output(metadata["transactionId"] + index).metadata.isSpent is False
