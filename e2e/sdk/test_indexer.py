"""Every query of the indexer, and its pages."""

import re
import time

import pytest
from iota_sdk import (
    AliasAddress,
    Client,
    ClientError,
    ExpirationUnlockCondition,
    GovernorAddressUnlockCondition,
    ImmutableAliasAddressUnlockCondition,
    IssuerFeature,
    NodeIndexerAPI,
    OutputId,
    SenderFeature,
    SimpleTokenScheme,
    StateControllerAddressUnlockCondition,
    StorageDepositReturnUnlockCondition,
    TagFeature,
    TimelockUnlockCondition,
    Utils,
    utf8_to_hex,
)

from network import wait_until
from people import funded_owner, new_owner

AMOUNT = 1_000_000
TAG = utf8_to_hex("indexed")
NULL_ID = "0x" + "00" * 32
Query = NodeIndexerAPI.QueryParameters
FAR = int(time.time()) + 7200


class Ledger:
    """One transaction with an output of each kind, and who owns them."""

    def __init__(self, network, client):
        self.owner = funded_owner(network, client)
        self.target = new_owner()
        self.other = new_owner()
        target, other = self.target.unlock, self.other.raw_address
        conditions = [
            [target],
            [target, StorageDepositReturnUnlockCondition(str(AMOUNT // 2), other)],
            [target, TimelockUnlockCondition(FAR)],
            [target, ExpirationUnlockCondition(FAR, other)],
        ]
        outputs = [client.build_basic_output(each, AMOUNT) for each in conditions]
        features = [SenderFeature(self.owner.raw_address), TagFeature(TAG)]
        outputs.append(client.build_basic_output([target], AMOUNT, features=features))
        outputs.append(
            client.build_nft_output(
                NULL_ID,
                [target],
                AMOUNT,
                features=features,
                immutable_features=[IssuerFeature(self.owner.raw_address)],
            )
        )
        outputs.append(
            client.build_alias_output(
                NULL_ID,
                [
                    StateControllerAddressUnlockCondition(self.owner.raw_address),
                    GovernorAddressUnlockCondition(other),
                ],
                AMOUNT,
                features=[SenderFeature(self.owner.raw_address)],
                immutable_features=[IssuerFeature(self.owner.raw_address)],
            )
        )
        ids = self.post(client, outputs)
        self.plain, self.deposit, self.timelock, self.expiration, self.tagged = ids[:5]
        self.nft, self.alias = ids[5:7]
        self.nft_id = Utils.compute_nft_id(OutputId.from_string(self.nft))
        self.alias_id = Utils.compute_alias_id(OutputId.from_string(self.alias))
        self.add_foundry(client)
        self.created = client.get_output_metadata(self.plain).milestoneTimestampBooked

    def post(self, client, outputs):
        """Sends outputs; gives back their ids in the order that they were given."""
        block_id, block = client.build_and_post_block(self.owner.secret, outputs=outputs)
        assert client.retry_until_included(block_id, 1, 20)
        assert client.get_block_metadata(block_id).ledgerInclusionState == "included"
        transaction_id = Utils.transaction_id(block.payload)
        return [str(Utils.compute_output_id(transaction_id, n)) for n in range(len(outputs))]

    def add_foundry(self, client):
        """Lets the alias make a foundry, which also gives it its explicit id."""
        alias = client.build_alias_output(
            self.alias_id,
            [
                StateControllerAddressUnlockCondition(self.owner.raw_address),
                GovernorAddressUnlockCondition(self.other.raw_address),
            ],
            AMOUNT,
            state_index=1,
            foundry_counter=1,
            features=[SenderFeature(self.owner.raw_address)],
            immutable_features=[IssuerFeature(self.owner.raw_address)],
        )
        foundry = client.build_foundry_output(
            1,
            SimpleTokenScheme(0, 0, 100),
            [ImmutableAliasAddressUnlockCondition(AliasAddress(self.alias_id))],
            AMOUNT,
        )
        self.alias, self.foundry = self.post(client, [alias, foundry])
        self.foundry_id = Utils.compute_foundry_id(self.alias_id, 1, 0)


@pytest.fixture(scope="module")
def ledger(network):
    return Ledger(network, Client(nodes=[network.node]))


def ids(response):
    return {str(item) for item in response.items}


def test_basic_outputs_by_address(client, ledger):
    found = ids(client.basic_output_ids(Query(address=ledger.target.address)))
    assert found == {
        ledger.plain,
        ledger.deposit,
        ledger.timelock,
        ledger.expiration,
        ledger.tagged,
    }


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"has_storage_deposit_return": True}, {"deposit"}),
        ({"has_storage_deposit_return": False, "has_timelock": False}, {"plain", "expiration", "tagged"}),
        ({"has_timelock": True}, {"timelock"}),
        ({"has_timelock": False}, {"plain", "deposit", "expiration", "tagged"}),
        ({"timelocked_before": FAR + 1}, {"timelock"}),
        ({"timelocked_before": FAR}, set()),
        ({"timelocked_after": FAR - 1}, {"timelock"}),
        ({"timelocked_after": FAR}, set()),
        ({"has_expiration": True}, {"expiration"}),
        ({"has_expiration": False}, {"plain", "deposit", "timelock", "tagged"}),
        ({"expires_before": FAR + 1}, {"expiration"}),
        ({"expires_before": FAR}, set()),
        ({"expires_after": FAR - 1}, {"expiration"}),
        ({"expires_after": FAR}, set()),
        ({"tag": TAG}, {"tagged"}),
        ({"tag": utf8_to_hex("index")}, set()),
        ({"has_native_tokens": True}, set()),
        ({"has_native_tokens": False, "tag": TAG}, {"tagged"}),
        ({"min_native_token_count": 1}, set()),
        ({"max_native_token_count": 0, "tag": TAG}, {"tagged"}),
    ],
)
def test_basic_outputs_by_condition(client, ledger, parameters, names):
    found = ids(client.basic_output_ids(Query(address=ledger.target.address, **parameters)))
    assert found == {getattr(ledger, name) for name in names}


def test_basic_outputs_by_the_other_party(client, ledger):
    other, owner = ledger.other.address, ledger.owner.address
    by = client.basic_output_ids
    assert ids(by(Query(storage_deposit_return_address=other))) == {ledger.deposit}
    assert ids(by(Query(expiration_return_address=other))) == {ledger.expiration}
    assert ids(by(Query(sender=owner))) == {ledger.tagged}
    both = {ledger.deposit, ledger.expiration}
    assert ids(by(Query(unlockable_by_address=other))) == both


def test_outputs_by_time(client, ledger):
    target = ledger.target.address
    by = client.basic_output_ids
    assert len(ids(by(Query(address=target, created_after=ledger.created - 1)))) == 5
    assert ids(by(Query(address=target, created_after=ledger.created))) == set()
    assert len(ids(by(Query(address=target, created_before=ledger.created + 1)))) == 5
    assert ids(by(Query(address=target, created_before=ledger.created))) == set()


def test_nft_outputs(client, ledger):
    by = client.nft_output_ids
    assert str(client.nft_output_id(ledger.nft_id)) == ledger.nft
    for query in (
        Query(address=ledger.target.address),
        Query(unlockable_by_address=ledger.target.address),
        Query(issuer=ledger.owner.address),
        Query(sender=ledger.owner.address),
        Query(tag=TAG),
        Query(address=ledger.target.address, has_expiration=False, has_timelock=False),
        Query(address=ledger.target.address, created_after=ledger.created - 1),
    ):
        assert ids(by(query)) == {ledger.nft}, query
    for query in (
        Query(address=ledger.owner.address),
        Query(address=ledger.target.address, has_storage_deposit_return=True),
        Query(address=ledger.target.address, has_native_tokens=True),
    ):
        assert ids(by(query)) == set(), query


def test_alias_outputs(client, ledger):
    by = client.alias_output_ids
    assert str(client.alias_output_id(ledger.alias_id)) == ledger.alias
    for query in (
        Query(state_controller=ledger.owner.address),
        Query(governor=ledger.other.address),
        Query(issuer=ledger.owner.address),
        Query(sender=ledger.owner.address),
        Query(unlockable_by_address=ledger.owner.address),
        Query(unlockable_by_address=ledger.other.address),
        Query(state_controller=ledger.owner.address, has_native_tokens=False),
    ):
        assert ids(by(query)) == {ledger.alias}, query
    for query in (
        Query(governor=ledger.owner.address),
        Query(state_controller=ledger.other.address),
        Query(state_controller=ledger.owner.address, min_native_token_count=1),
    ):
        assert ids(by(query)) == set(), query


def test_foundry_outputs(client, ledger):
    by = client.foundry_output_ids
    alias_address = Utils.alias_id_to_bech32(ledger.alias_id, "tst")
    assert str(client.foundry_output_id(ledger.foundry_id)) == ledger.foundry
    assert ids(by(Query(alias_address=alias_address))) == {ledger.foundry}
    assert ids(by(Query(alias_address=alias_address, has_native_tokens=False))) == {ledger.foundry}
    assert ids(by(Query(alias_address=alias_address, created_before=1))) == set()


def test_all_kinds_by_who_can_unlock_them(client, ledger):
    found = ids(client.output_ids(Query(unlockable_by_address=ledger.target.address)))
    assert found == {
        ledger.plain,
        ledger.deposit,
        ledger.timelock,
        ledger.expiration,
        ledger.tagged,
        ledger.nft,
    }
    alias_address = Utils.alias_id_to_bech32(ledger.alias_id, "tst")
    by_alias = ids(client.output_ids(Query(unlockable_by_address=alias_address)))
    assert by_alias == {ledger.foundry}
    everything = ids(client.output_ids(Query(created_after=ledger.created - 1)))
    assert found <= everything
    assert {ledger.alias, ledger.foundry} <= everything


def test_unknown_ids_are_not_found(client):
    unknown = "0x" + "ab" * 32
    for call in (
        lambda: client.alias_output_id(unknown),
        lambda: client.nft_output_id(unknown),
        lambda: client.foundry_output_id("0x08" + "ab" * 32 + "01000000" + "00"),
    ):
        with pytest.raises(ClientError):
            call()


def test_sdk_follows_the_pages(client, ledger):
    for size in (1, 2, 5, 1000):
        response = client.basic_output_ids(Query(address=ledger.target.address, page_size=size))
        assert len(response.items) == 5
        assert len(ids(response)) == 5


def test_pages_are_in_order_and_cursors_point_at_the_next_item(network, client, ledger):
    target = ledger.target.address
    whole = network.indexer("outputs/basic", address=target).json()
    assert "cursor" not in whole
    assert whole["items"] == sorted(whole["items"])
    page = network.indexer("outputs/basic", address=target, pageSize=2).json()
    pages = [page]
    while "cursor" in page:
        assert page["pageSize"] == 2
        assert re.fullmatch(r"[0-9a-f]{8}[0-9a-f]{68}\.2", page["cursor"])
        # The size inside the cursor wins.
        page = network.indexer(
            "outputs/basic", address=target, cursor=page["cursor"], pageSize=100
        ).json()
        pages.append(page)
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert [item for page in pages for item in page["items"]] == whole["items"]
    with_cursor = client.basic_output_ids(Query(address=target, cursor=pages[0]["cursor"]))
    assert [str(item) for item in with_cursor.items] == pages[1]["items"]


def test_spent_output_leaves_the_index(network, client):
    owner = funded_owner(network, client)
    (before,) = network.indexer("outputs/basic", address=owner.address).json()["items"]
    output = client.build_basic_output([owner.unlock], AMOUNT)
    block_id, _ = client.build_and_post_block(owner.secret, outputs=[output])
    client.retry_until_included(block_id, 1, 20)
    after = wait_until(
        "the index has the new outputs",
        lambda: [
            item
            for item in network.indexer("outputs/basic", address=owner.address).json()["items"]
            if item != before
        ],
    )
    assert len(after) == 2
    listed = network.indexer("outputs/basic", address=owner.address).json()
    assert before not in listed["items"]
    assert listed["ledgerIndex"] >= 1


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("outputs/basic", {"address": "smr1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"}),
        ("outputs/basic", {"tag": "0x" + "00" * 65}),
        ("outputs/basic", {"hasTimelock": "perhaps"}),
        ("outputs/basic", {"cursor": "nonsense"}),
        ("outputs/basic", {"minNativeTokenCount": 65}),
        ("outputs/nft", {"issuer": "not an address"}),
        ("outputs/alias/0x00", {}),
    ],
)
def test_bad_parameters_are_refused(network, path, parameters):
    answer = network.indexer(path, **parameters)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "400"
