"""Wallets with words in memory and in Stronghold: coins, micro amounts, consolidation."""

import time

import pytest
from iota_sdk import (
    ClientOptions,
    CoinType,
    ConsolidationParams,
    MnemonicSecretManager,
    SendParams,
    SyncOptions,
    TransactionOptions,
    Utils,
    Wallet,
    WalletError,
)

from people import (
    FAUCET_AMOUNT,
    address_of,
    ask_faucet,
    available,
    funded_account,
    inclusion,
    mnemonic_wallet,
    settle,
    stronghold_wallet,
)


@pytest.mark.parametrize("make", [mnemonic_wallet, stronghold_wallet])
def test_coins_from_the_faucet_are_sent_on(network, tmp_path, make):
    wallet = make(network, tmp_path / "a")
    sender = funded_account(network, wallet, "sender")
    receiver = wallet.create_account("receiver")
    transaction = sender.send(2_500_000, address_of(receiver))
    settle(sender, transaction)
    assert available(sender) == FAUCET_AMOUNT - 2_500_000
    assert available(receiver) == 2_500_000
    receiver.sync(SyncOptions(force_syncing=True, sync_incoming_transactions=True))
    (incoming,) = receiver.incoming_transactions()
    assert incoming.transactionId == transaction.transactionId
    assert [account.get_metadata().alias for account in wallet.get_accounts()] == [
        "sender",
        "receiver",
    ]


def test_stronghold_locks_and_opens(network, tmp_path):
    wallet = stronghold_wallet(network, tmp_path / "a")
    account = funded_account(network, wallet)
    wallet.clear_stronghold_password()
    assert not wallet.is_stronghold_password_available()
    with pytest.raises(WalletError):
        account.send(1_000_000, address_of(account))
    with pytest.raises(WalletError):
        wallet.set_stronghold_password("not the passphrase")
    wallet.set_stronghold_password("a long enough passphrase")
    settle(account, account.send(1_000_000, address_of(account)))
    assert available(account) == FAUCET_AMOUNT


def test_one_transaction_pays_several(network, tmp_path):
    wallet = mnemonic_wallet(network, tmp_path / "a")
    sender = funded_account(network, wallet)
    others = [wallet.create_account(name) for name in ("b", "c", "d")]
    params = [SendParams(address_of(other), str(1_000_000 * n)) for n, other in enumerate(others, 1)]
    settle(sender, sender.send_with_params(params))
    assert [available(other) for other in others] == [1_000_000, 2_000_000, 3_000_000]


def test_micro_amount_comes_with_a_deposit_that_is_returned(network, tmp_path):
    wallet = mnemonic_wallet(network, tmp_path / "a")
    sender = funded_account(network, wallet, "sender")
    receiver = funded_account(network, wallet, "receiver")
    params = [SendParams(address_of(receiver), "1", expiration=int(time.time()) + 3600)]
    with pytest.raises(WalletError):
        sender.send_with_params(params)
    options = TransactionOptions(allow_micro_amount=True)
    settle(sender, sender.send_with_params(params, options))
    assert available(sender) < FAUCET_AMOUNT - 1
    receiver.sync()
    claimable = receiver.claimable_outputs("MicroTransactions")
    assert len(claimable) == 1
    settle(receiver, receiver.claim_outputs(claimable))
    assert available(receiver) == FAUCET_AMOUNT + 1
    assert available(sender) == FAUCET_AMOUNT - 1


def test_unclaimed_micro_amount_goes_back_when_it_expires(network, tmp_path):
    wallet = mnemonic_wallet(network, tmp_path / "a")
    sender = funded_account(network, wallet, "sender")
    receiver = wallet.create_account("receiver")
    expires = int(time.time()) + 8
    params = [SendParams(address_of(receiver), "1", expiration=8)]
    settle(sender, sender.send_with_params(params, TransactionOptions(allow_micro_amount=True)))
    assert available(sender) < FAUCET_AMOUNT
    while time.time() < expires + 4:
        time.sleep(0.5)
    settle(sender, sender.send(FAUCET_AMOUNT, address_of(sender)))
    assert available(sender) == FAUCET_AMOUNT
    assert available(receiver) == 0


def test_outputs_are_consolidated(network, tmp_path):
    wallet = mnemonic_wallet(network, tmp_path / "a")
    sender = funded_account(network, wallet, "sender")
    receiver = wallet.create_account("receiver")
    for _ in range(2):
        params = [SendParams(address_of(receiver), "1000000") for _ in range(3)]
        settle(sender, sender.send_with_params(params))
    receiver.sync()
    assert len(receiver.unspent_outputs()) == 6
    settle(receiver, receiver.consolidate_outputs(ConsolidationParams(force=True)))
    assert len(receiver.unspent_outputs()) == 1
    assert available(receiver) == 6_000_000


def test_second_spend_from_a_copy_of_the_wallet_is_conflicting(network, tmp_path):
    words = Utils.generate_mnemonic()

    def copy(name):
        secret = MnemonicSecretManager(words)
        options = ClientOptions(nodes=[network.node])
        return Wallet(str(tmp_path / name), options, CoinType.IOTA, secret).create_account("me")

    first = copy("a")
    ask_faucet(network, mnemonic_wallet(network, tmp_path / "c").get_client(), address_of(first))
    second = copy("b")
    assert available(first) == available(second) == FAUCET_AMOUNT
    paid = first.send(1_000_000, address_of(first))
    settle(first, paid)
    spent = second.send(2_000_000, address_of(second))
    with pytest.raises(WalletError):
        second.retry_transaction_until_included(spent.transactionId, 1, 10)
    second.sync()
    assert inclusion(second, spent) == "conflicting"
    assert available(second) == FAUCET_AMOUNT


def test_accounts_are_recovered_from_the_words_alone(network, tmp_path):
    words = Utils.generate_mnemonic()

    def wallet(name):
        options = ClientOptions(nodes=[network.node])
        secret = MnemonicSecretManager(words)
        return Wallet(str(tmp_path / name), options, CoinType.IOTA, secret)

    funded_account(network, wallet("a"))
    found = wallet("b")
    found.recover_accounts(0, 1, 2)
    (account,) = found.get_accounts()
    assert available(account) == FAUCET_AMOUNT


def test_more_than_there_is_cannot_be_sent(network, tmp_path):
    wallet = mnemonic_wallet(network, tmp_path / "a")
    account = funded_account(network, wallet)
    with pytest.raises(WalletError):
        account.send(FAUCET_AMOUNT + 1, address_of(account))
