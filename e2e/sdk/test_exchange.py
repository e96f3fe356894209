"""Every kind of output, between `tangle wallet` and the official wallet, in both directions.

Each wallet has a twin: the other program with the same words, restored before anything happens.
After each step a wallet and its twin must see the same outputs, balances and history.
"""

import time

import pytest
from iota_sdk import (
    CreateNativeTokenParams,
    Ed25519Address,
    GovernorAddressUnlockCondition,
    MintNftParams,
    OutputParams,
    SendNativeTokensParams,
    SendNftParams,
    StateControllerAddressUnlockCondition,
    SyncOptions,
    Unlocks,
    Utils,
)

from ours import Ours, full_sync, official, settle_to
from people import FAUCET_AMOUNT, address_of, ask_faucet, available, settle

HOUR = 3600
ALIAS, FOUNDRY = 4, 5
WITH_HISTORY = SyncOptions(sync_incoming_transactions=True)


class Parties:
    """Our wallet and the official one, with a twin of each."""

    def __init__(self, network, folder):
        self.us = Ours(network, folder / "us")
        self.us("init")
        self.us("faucet", "--url", network.faucet)
        words = Utils.generate_mnemonic()
        wallet = official(network, folder / "them", words)
        self.them = wallet.create_account("them")
        self.them.set_default_sync_options(WITH_HISTORY)
        ask_faucet(network, wallet.get_client(), address_of(self.them))
        assert int(full_sync(self.them).baseCoin.available) == FAUCET_AMOUNT

        # Transactions that made foundries that were sent with their aliases.
        self.came_along: set[str] = set()

        # Words made by the official SDK, restored by ours; and the reverse.
        self.their_twin = Ours(network, folder / "their-twin")
        self.their_twin.restore(words)
        self.wallet = official(
            network, folder / "our-twin", self.us("mnemonic", "--yes")["mnemonic"]
        )
        self.wallet.recover_accounts(0, 1, 20)
        (self.our_twin,) = self.wallet.get_accounts()
        self.our_twin.set_default_sync_options(WITH_HISTORY)

    @property
    def our_address(self):
        """Where we are sent things."""
        return self.us.address()

    @property
    def their_address(self):
        """Where they are sent things."""
        return address_of(self.them)

    def compare(self):
        """Each wallet and its twin see the same."""
        compare(self.us, self.our_twin)
        compare(self.their_twin, self.them)


def compare(ours, account):
    """Our wallet and an account of the official one, of the same words, see the same."""
    theirs = full_sync(account)
    balance = ours("balance")
    rows = ours("outputs")
    assert ids(rows) == held_ids(account, theirs)
    # It calls a total what is neither locked nor still to be claimed.
    total = int(balance["total"]) - int(balance["locked"]) - int(balance["claimable"])
    assert total == int(theirs.baseCoin.total)
    for name in ("nfts", "aliases", "foundries"):
        assert balance[name] == sorted(getattr(theirs, name)), name
    held = {token.tokenId: int(token.available, 16) for token in theirs.nativeTokens}
    counted = {row["id"]: int(row["available"]) for row in balance["nativeTokens"]}
    assert nonzero(counted) == nonzero(held)
    events = ours("history")
    net = sum(int(event["net"]) for event in events)
    assert net == int(balance["total"]) - int(balance["claimable"])


def ids(rows):
    """Outputs that ours lists."""
    return {row["outputId"] for row in rows}


def held_ids(account, balance):
    """Outputs that the official wallet has. It never forgets the foundries of an alias that it has
    sent away, but does not count them either."""

    def is_held(output):
        if output.type != FOUNDRY:
            return True
        alias = output.unlockConditions[0].address.aliasId
        return alias in balance.aliases

    return {entry.outputId for entry in account.unspent_outputs() if is_held(entry.output)}


def nonzero(counts):
    """Without what there is none of."""
    return {name: count for name, count in counts.items() if count}


def history_ids(ours):
    """Transactions in our history."""
    return {event["transactionId"] for event in ours("history")}


def official_ids(account):
    """Transactions in the official wallet's history: its own, and others' that paid it."""
    full_sync(account)
    transactions = account.transactions() + account.incoming_transactions()
    return {transaction.transactionId for transaction in transactions}


def deeds(ours):
    """What happened to which kinds of things, as our history says."""
    return {
        (change["deed"], change["kind"])
        for event in ours("history")
        for change in event["changes"]
    }


@pytest.fixture(scope="module")
def parties(network, tmp_path_factory):
    """The four wallets of the file."""
    return Parties(network, tmp_path_factory.mktemp("parties"))


def test_coins_with_and_without_conditions(parties):
    us, them = parties.us, parties.them
    to = parties.their_address
    us("send", to, "5TST", "--tag", "plain")
    us("send", to, "6TST", "--locked-for", HOUR)
    us("send", to, "7TST", "--expires-in", HOUR)
    us("send", to, "3u", "--lend-deposit")
    now = int(time.time())
    plain = dict(recipientAddress=parties.our_address, amount="5000000")
    outputs = [
        them.prepare_output(OutputParams(**plain, unlocks=unlocks))
        for unlocks in (
            None,
            Unlocks(timelockUnixTime=now + HOUR),
            Unlocks(expirationUnixTime=now + HOUR),
        )
    ]
    settle(them, them.send_transaction(outputs))
    settle_to(them, parties.our_address, 2, allow_micro_amount=True)
    parties.compare()
    assert int(us("balance")["locked"]) == 5_000_000
    assert len(us("claimable-outputs")) == 2

    claimable = them.claimable_outputs("All")
    assert len(claimable) == 2
    settle(them, them.claim_outputs(claimable))
    us("claim")
    parties.compare()
    assert available(them) == FAUCET_AMOUNT - 15_000_000 - 2 + 12_000_000 + 3
    assert us.total() == FAUCET_AMOUNT - 18_000_000 - 3 + 15_000_000 + 2


def test_nfts(parties):
    us, them = parties.us, parties.them
    ours = us("mint-nft", "--issuer", "--fixed-metadata", "ours")["outputs"][0]["nftId"]
    params = [MintNftParams(immutableMetadata="0x68656c6c6f", issuer=parties.their_address)]
    settle(them, them.mint_nfts(params))
    (theirs,) = full_sync(them).nfts
    parties.compare()
    us("send-nft", parties.their_address, ours)
    settle(them, them.send_nft([SendNftParams(parties.our_address, theirs)]))
    parties.compare()
    assert us("balance")["nfts"] == [theirs]
    us("burn-nft", theirs)
    settle(them, them.prepare_burn_nft(ours).send())
    parties.compare()
    assert full_sync(them).nfts == [] and us("balance")["nfts"] == []


def test_native_tokens_aliases_and_foundries(parties):
    us, them = parties.us, parties.them
    ours = us("create-native-token", 1_000, 10_000)["tokenId"]
    settle(them, them.create_alias_output(None, None))
    full_sync(them)
    prepared = them.prepare_create_native_token(CreateNativeTokenParams(1_000, 10_000))
    settle(them, prepared.send())
    theirs = prepared.token_id()
    parties.compare()

    us("send-native-token", parties.their_address, ours, 100)
    tokens = [SendNativeTokensParams(parties.our_address, [(theirs, hex(200))])]
    settle(them, them.send_native_tokens(tokens))
    parties.compare()
    us("claim")
    full_sync(them)
    settle(them, them.claim_outputs(them.claimable_outputs("All")))
    parties.compare()
    us("burn-native-token", theirs, 50)
    settle(them, them.prepare_burn_native_token(ours, 25).send())
    parties.compare()
    counts = {row["id"]: row["total"] for row in us("balance")["nativeTokens"]}
    assert counts == {ours: "900", theirs: "150"}

    # Each alias goes to the other, and its foundry with it.
    foundries = [row for row in us("outputs") if row["output"]["type"] == FOUNDRY]
    parties.came_along = {row["outputId"][:66] for row in foundries}
    (our_alias,) = us("balance")["aliases"]
    (their_alias,) = full_sync(them).aliases
    us("send-alias", parties.their_address, our_alias)
    send_alias(parties, their_alias)
    assert us("balance")["aliases"] == [their_alias]
    assert us("balance")["foundries"] == [theirs]
    parties.compare()
    us("mint-native-token", theirs, 7)
    settle(them, them.mint_native_token(ours, 8))
    parties.compare()
    counts = {row["id"]: row["total"] for row in us("balance")["nativeTokens"]}
    assert counts == {ours: "900", theirs: "157"}


def send_alias(parties, alias):
    """Sends an alias with the official wallet, which has no command of its own for it."""
    them = parties.them
    (held,) = [
        entry.output for entry in them.unspent_outputs() if entry.output.type == ALIAS
        and entry.output.aliasId == alias
    ]
    to = Ed25519Address(Utils.bech32_to_hex(parties.our_address))
    output = parties.wallet.get_client().build_alias_output(
        alias_id=alias,
        unlock_conditions=[
            StateControllerAddressUnlockCondition(to),
            GovernorAddressUnlockCondition(to),
        ],
        amount=int(held.amount),
        state_index=held.stateIndex,
        foundry_counter=held.foundryCounter,
    )
    settle(them, them.send_transaction([output]))


def test_histories_have_the_same_transactions(parties):
    us, them = parties.us, parties.them
    # The official wallet lists where a foundry was made that came along with its alias.
    official_only = official_ids(them) - history_ids(parties.their_twin)
    assert official_only == parties.came_along
    assert history_ids(parties.their_twin) <= official_ids(them)
    # Of a twin's own transactions the official wallet knows nothing.
    incoming = {entry.transactionId for entry in parties.our_twin.incoming_transactions()}
    assert history_ids(us) & incoming
    parties.compare()
    found = deeds(us)
    for deed, kinds in {
        "sent": ["coins", "token", "nft", "alias", "foundry"],
        "received": ["coins", "nft", "alias", "foundry"],
        "offered": ["coins", "token"],
        "claimed": ["coins", "token"],
        "returned": ["coins"],
        "made": ["token", "nft", "alias", "foundry"],
        "burnt": ["token", "nft"],
    }.items():
        assert {(deed, kind) for kind in kinds} <= found, deed
    assert {("burnt", "token"), ("sent", "alias")} <= deeds(parties.their_twin)


def test_wallets_restored_in_the_end_see_the_same(network, parties, tmp_path):
    late = Ours(network, tmp_path / "late")
    late.restore(parties.their_twin("mnemonic", "--yes")["mnemonic"])
    theirs = full_sync(parties.them)
    balance = late("balance")
    for name in ("nfts", "aliases", "foundries"):
        assert balance[name] == sorted(getattr(theirs, name)), name
    assert ids(late("outputs")) == held_ids(parties.them, theirs)
    words = parties.us("mnemonic", "--yes")["mnemonic"]
    wallet = official(network, tmp_path / "official", words)
    wallet.recover_accounts(0, 1, 20)
    (account,) = wallet.get_accounts()
    assert ids(parties.us("outputs")) == held_ids(account, full_sync(account))
