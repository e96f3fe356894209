"""Votes of `tangle wallet`, as the official SDK sees them from the same words.

The Python SDK cannot vote; it sees the output, its tag and what its metadata says.
"""

import json

import pytest
import requests
from iota_sdk import Utils

from network import wait_until
from ours import Ours, full_sync, official
from people import available

TAG = "0x" + b"PARTICIPATE".hex()
TAG_FEATURE = 3
METADATA_FEATURE = 2


@pytest.fixture(scope="module")
def event(network):
    """An event that the node counts; its id."""
    question = {"text": "Which?", "additionalInfo": "", "answers": [
        {"value": value, "text": text, "additionalInfo": ""}
        for value, text in [(1, "this"), (2, "that")]
    ]}
    body = {
        "name": "SDK", "milestoneIndexCommence": 1, "milestoneIndexStart": 2,
        "milestoneIndexEnd": 1_000_000, "additionalInfo": "",
        "payload": {"type": 0, "questions": [question]},
    }
    wait_until("the third milestone", lambda: network.confirmed_index() > 2)
    answer = requests.post(participation(network, "admin/events"), json=body, timeout=10)
    assert answer.status_code == 201, answer.text
    return answer.json()["eventId"]


def participation(network, path):
    """A URL of the participation API."""
    return f"{network.node}/api/participation/v1/{path}"


def votes(network, event):
    """The votes that count now, by answer."""
    status = requests.get(participation(network, f"events/{event}/status"), timeout=10).json()
    return {answer["value"]: answer["current"] for answer in status["questions"][0]["answers"]}


def features(output):
    """Tag and metadata of an output of the official wallet."""
    found = {int(feature.type): feature for feature in output.output.features or []}
    return found[TAG_FEATURE].tag, found[METADATA_FEATURE].data


def test_official_wallet_sees_our_vote(network, event, tmp_path):
    ours = Ours(network, tmp_path / "ours")
    ours("init")
    ours("faucet", "--url", network.faucet)
    ours("increase-voting-power", "20TST")
    voted = ours("vote", event, "2")
    [made] = voted["outputs"]
    wait_until("the votes count", lambda: votes(network, event)[2] == 20_000)

    words = ours("mnemonic", "--yes")["mnemonic"]
    account = official(network, tmp_path / "official", words).create_account("same")
    full_sync(account)
    seen = {output.outputId: output for output in account.unspent_outputs()}
    said = "0x01" + event.removeprefix("0x") + "0102"
    assert features(seen[made["outputId"]]) == (TAG, said)
    known = account.transactions() + account.incoming_transactions()
    [transaction] = [each for each in known if each.transactionId == voted["transactionId"]]
    tagged = json.loads(json.dumps(transaction.payload, default=vars))["essence"]["payload"]
    assert (tagged["tag"], tagged["data"]) == (TAG, said)

    tracked = ours("participation-overview")["participations"][event][made["outputId"]]
    assert (tracked["amount"], tracked["answers"]) == (20_000_000, [2])
    ours("decrease-voting-power", "20TST")
    wait_until("no votes count", lambda: votes(network, event)[2] == 0)
    assert available(account) == ours.total()


def test_words_of_the_official_wallet_vote_in_ours(network, event, tmp_path):
    words = Utils.generate_mnemonic()
    ours = Ours(network, tmp_path / "ours")
    ours.restore(words)
    ours("faucet", "--url", network.faucet)
    ours("increase-voting-power", "3TST")
    before = votes(network, event)
    ours("vote", event, "1")
    wait_until("the votes count", lambda: votes(network, event)[1] == before[1] + 3_000)
    again = Ours(network, tmp_path / "again")
    again.restore(words)
    assert again("voting-power")["votingPower"] == "3000000"
    again("stop-participating", event)
    wait_until("they do not any more", lambda: votes(network, event) == before)
