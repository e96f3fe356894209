"""`tangle wallet` and the official wallet: the same words, the same coins, and to each other."""

import pytest
from iota_sdk import (
    CreateNativeTokenParams,
    SendNativeTokensParams,
    SendParams,
    Utils,
)

from ours import Ours, full_sync, official, output_ids, settle_to
from people import FAUCET_AMOUNT, address_of, ask_faucet, available, mnemonic_wallet, settle


@pytest.fixture
def ours(network, tmp_path):
    """A folder for a wallet of ours."""
    return Ours(network, tmp_path / "ours")


@pytest.fixture
def rich(network, tmp_path):
    """An account of the official wallet with coins, and its words."""
    words = Utils.generate_mnemonic()
    wallet = official(network, tmp_path / "rich", words)
    account = wallet.create_account("rich")
    ask_faucet(network, wallet.get_client(), address_of(account))
    assert available(account) == FAUCET_AMOUNT
    return account, words


def test_words_of_the_official_wallet_find_the_same_coins(network, ours, rich):
    account, words = rich
    addresses = [account.addresses()[0]] + account.generate_ed25519_addresses(6)
    change = account.generate_ed25519_addresses(3, {"internal": True})
    paid = [addresses[3], addresses[6], change[2]]
    # At once: what a second transaction spends, and so whether an address keeps coins, is random.
    settle(account, account.send_with_params([
        SendParams(address.address, str(1_000_000 * number))
        for number, address in enumerate(paid, 1)
    ]))
    ours.restore(words)
    found = {entry["address"] for entry in ours("addresses", "--internal")}
    assert {address.address for address in paid} | {address_of(account)} <= found
    assert [entry["address"] for entry in ours("addresses")] == [
        address.address for address in addresses
    ]
    full_sync(account)
    assert ours.total() == FAUCET_AMOUNT
    assert sorted(row["outputId"] for row in ours("outputs")) == output_ids(account)


def test_our_words_find_the_same_coins_in_the_official_wallet(network, ours, tmp_path):
    ours("init")
    ours("faucet", "--url", network.faucet)
    ours("new-account", "second")
    ours("send", "second", "7TST")
    second = [ours("--account", "second", "new-address")["address"] for _ in range(3)][-1]
    ours("send", second, "8TST")
    words = ours("mnemonic", "--yes")["mnemonic"]
    wallet = official(network, tmp_path / "official", words)
    wallet.recover_accounts(0, 2, 20)
    first, other = wallet.get_accounts()
    assert available(first) == FAUCET_AMOUNT - 15_000_000
    assert available(other) == 15_000_000
    assert output_ids(first) == sorted(row["outputId"] for row in ours("outputs"))
    listed = ours("--account", "second", "outputs")
    assert output_ids(other) == sorted(row["outputId"] for row in listed)


def test_coins_go_both_ways_and_the_history_says_so(network, ours, rich):
    account, _ = rich
    ours("init")
    sent = settle_to(account, ours.address(), 5_000_000)
    assert ours.total() == 5_000_000
    back = ours("send", address_of(account), "2TST", "--tag", "hello")
    assert back["included"]
    assert available(account) == FAUCET_AMOUNT - 3_000_000
    events = ours("history")
    assert [(event["transactionId"], event["net"]) for event in events] == [
        (sent, "5000000"),
        (back["transactionId"], "-2000000"),
    ]
    error = ours("send", address_of(account), "4TST", fails_with="E0162")
    assert "too little" in error["message"]


def test_micro_amounts_are_claimed_both_ways(network, ours, rich):
    account, _ = rich
    ours("init")
    settle_to(account, ours.address(), 5_000_000)
    settle_to(account, ours.address(), 1, allow_micro_amount=True)
    (claimable,) = ours("claimable-outputs")
    assert any("must return" in line for line in ours("output", claimable["outputId"])["words"])
    ours("claim")
    assert ours.total() == 5_000_001
    assert available(account) == FAUCET_AMOUNT - 5_000_001
    ours("send", address_of(account), "3u", fails_with="E0162")
    ours("send", address_of(account), "3u", "--lend-deposit")
    account.sync()
    claimable = account.claimable_outputs("MicroTransactions")
    assert len(claimable) == 1
    settle(account, account.claim_outputs(claimable))
    assert ours.total() == 5_000_001 - 3
    assert available(account) == FAUCET_AMOUNT - 5_000_001 + 3


def test_native_tokens_aliases_and_foundries_go_both_ways(network, ours, rich, tmp_path):
    account, words = rich
    ours("init")
    settle_to(account, ours.address(), 5_000_000)
    settle(account, account.create_alias_output(None, None))
    full_sync(account)
    prepared = account.prepare_create_native_token(CreateNativeTokenParams(1000, 10_000))
    settle(account, prepared.send())
    token = prepared.token_id()
    full_sync(account)
    settle(
        account,
        account.send_native_tokens([SendNativeTokensParams(ours.address(), [(token, "0x64")])]),
    )
    ours("claim")
    assert [(row["id"], row["total"]) for row in ours("balance")["nativeTokens"]] == [
        (token, "100")
    ]
    ours("send-native-token", address_of(account), token, 40, "--gift-deposit")
    (held,) = full_sync(account).nativeTokens
    assert int(held.available, 16) == 940
    copy = Ours(network, ours.folder / "copy")
    copy.restore(words)
    balance = copy("balance")
    assert balance["foundries"] == [token] and len(balance["aliases"]) == 1
    assert copy("mint-native-token", token, 5)["included"]
    assert copy("melt-native-token", token, 15)["included"]
    (held,) = full_sync(account).nativeTokens
    assert int(held.available, 16) == 930

    own = ours("create-native-token", 50, 100)["tokenId"]
    found = official(network, tmp_path / "found", ours("mnemonic", "--yes")["mnemonic"])
    found.recover_accounts(0, 1, 20)
    (mirror,) = found.get_accounts()
    full_sync(mirror)
    settle(mirror, mirror.mint_native_token(own, 7))
    assert {row["id"]: row["total"] for row in ours("balance")["nativeTokens"]} == {
        token: "60",
        own: "57",
    }
    assert ours("melt-native-token", own, 57)["included"]
    assert ours("destroy-foundry", own)["included"]
    (alias,) = ours("balance")["aliases"]
    assert ours("destroy-alias", alias)["included"]
    assert ours("balance")["aliases"] == []


def test_offline_signature_of_what_another_machine_prepared(network, ours, rich, tmp_path):
    account, words = rich
    ours.restore(words)
    cold = Ours(network, tmp_path / "cold")
    cold.restore(words)
    prepared, signed = tmp_path / "prepared.json", tmp_path / "signed.json"
    receiver = mnemonic_wallet(network, tmp_path / "receiver").create_account("receiver")
    ours("send", address_of(receiver), "9TST", "--prepare", prepared)
    assert ours.total() == FAUCET_AMOUNT
    cold("sign", prepared, signed)
    assert ours("submit", signed)["included"]
    assert available(receiver) == 9_000_000
    assert ours("submit", signed)["included"], "a second time changes nothing"
    assert available(receiver) == 9_000_000
