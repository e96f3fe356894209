"""Outputs with conditions: timelock, expiration, claims, metadata, tags, senders."""

import time

import pytest
from iota_sdk import Features, OutputParams, Unlocks, WalletError, utf8_to_hex

from people import (
    FAUCET_AMOUNT,
    address_of,
    available,
    funded_account,
    mnemonic_wallet,
    settle,
)


@pytest.fixture
def wallet(network, tmp_path):
    return mnemonic_wallet(network, tmp_path / "wallet")


@pytest.fixture
def sender(network, wallet):
    return funded_account(network, wallet, "sender")


@pytest.fixture
def receiver(network, wallet):
    return funded_account(network, wallet, "receiver")


def send(sender, **params):
    """Sends one output as described, and waits for it."""
    output = sender.prepare_output(OutputParams(**params))
    settle(sender, sender.send_transaction([output]))


def wait_for_time(unix_time):
    """Waits until the milestones are past the time."""
    while time.time() < unix_time + 3:
        time.sleep(0.5)


def test_timelocked_output_is_spendable_only_after_its_time(sender, receiver):
    unlocks_at = int(time.time()) + 10
    send(
        sender,
        recipientAddress=address_of(receiver),
        amount="5000000",
        unlocks=Unlocks(timelockUnixTime=unlocks_at),
    )
    assert available(receiver) == FAUCET_AMOUNT
    assert int(receiver.get_balance().baseCoin.total) == FAUCET_AMOUNT
    with pytest.raises(WalletError):
        receiver.send(FAUCET_AMOUNT + 5_000_000, address_of(sender))
    wait_for_time(unlocks_at)
    assert available(receiver) == FAUCET_AMOUNT + 5_000_000
    settle(receiver, receiver.send(FAUCET_AMOUNT + 5_000_000, address_of(sender)))
    assert available(receiver) == 0


def test_expiring_output_belongs_to_the_receiver_before_its_time(sender, receiver):
    send(
        sender,
        recipientAddress=address_of(receiver),
        amount="5000000",
        unlocks=Unlocks(expirationUnixTime=int(time.time()) + 3600),
    )
    assert available(receiver) == FAUCET_AMOUNT
    claimable = receiver.claimable_outputs("All")
    assert len(claimable) == 1
    settle(receiver, receiver.claim_outputs(claimable))
    assert available(receiver) == FAUCET_AMOUNT + 5_000_000


def test_expired_output_belongs_to_the_sender_again(sender, receiver):
    expires_at = int(time.time()) + 10
    send(
        sender,
        recipientAddress=address_of(receiver),
        amount="5000000",
        unlocks=Unlocks(expirationUnixTime=expires_at),
    )
    assert available(sender) == FAUCET_AMOUNT - 5_000_000
    wait_for_time(expires_at)
    receiver.sync()
    assert receiver.claimable_outputs("All") == []
    assert available(sender) == FAUCET_AMOUNT
    settle(sender, sender.send(FAUCET_AMOUNT, address_of(sender)))
    assert available(sender) == FAUCET_AMOUNT


def test_timelock_and_expiration_hold_together(sender, receiver):
    now = int(time.time())
    send(
        sender,
        recipientAddress=address_of(receiver),
        amount="5000000",
        unlocks=Unlocks(timelockUnixTime=now + 8, expirationUnixTime=now + 3600),
    )
    receiver.sync()
    assert receiver.claimable_outputs("All") == []
    wait_for_time(now + 8)
    receiver.sync()
    claimable = receiver.claimable_outputs("All")
    settle(receiver, receiver.claim_outputs(claimable))
    assert available(receiver) == FAUCET_AMOUNT + 5_000_000


def test_features_travel_with_the_output(network, sender, receiver):
    send(
        sender,
        recipientAddress=address_of(receiver),
        amount="5000000",
        features=Features(
            tag=utf8_to_hex("invoice 7"),
            metadata=utf8_to_hex("for the roof"),
            sender=address_of(sender),
        ),
    )
    found = network.indexer(
        "outputs/basic", sender=address_of(sender), tag=utf8_to_hex("invoice 7")
    ).json()["items"]
    assert len(found) == 1
    output = network.core(f"outputs/{found[0]}").json()["output"]
    assert [feature["type"] for feature in output["features"]] == [0, 2, 3]
    assert output["features"][1]["data"] == utf8_to_hex("for the roof")


def test_output_below_its_storage_deposit_asks_for_the_deposit_back(sender, receiver):
    send(sender, recipientAddress=address_of(receiver), amount="1000")
    receiver.sync()
    claimable = receiver.claimable_outputs("All")
    assert len(claimable) == 1
    settle(receiver, receiver.claim_outputs(claimable))
    assert available(receiver) == FAUCET_AMOUNT + 1000
    assert available(sender) == FAUCET_AMOUNT - 1000
