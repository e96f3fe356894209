"""Who takes part: keys for the client, wallets for accounts, coins from the faucet."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass

from iota_sdk import (
    AddressUnlockCondition,
    Client,
    ClientOptions,
    CoinType,
    Ed25519Address,
    MnemonicSecretManager,
    SecretManager,
    StrongholdSecretManager,
    Utils,
    Wallet,
)
from iota_sdk.wallet.account import Account

from network import Network, wait_until

HRP = "tst"
# The client's default; wallets are made with IOTA's.
CLIENT_COIN = CoinType.SHIMMER
FAUCET_AMOUNT = 100_000_000_000


@dataclass
class Owner:
    """A mnemonic and its first address, used by the client."""

    secret: MnemonicSecretManager
    address: str

    @property
    def manager(self) -> SecretManager:
        """What signs."""
        return SecretManager(self.secret)

    @property
    def raw_address(self) -> Ed25519Address:
        """The address as the ledger holds it."""
        return Ed25519Address(Utils.bech32_to_hex(self.address))

    @property
    def unlock(self) -> AddressUnlockCondition:
        """Only this owner may spend."""
        return AddressUnlockCondition(self.raw_address)


def new_owner() -> Owner:
    """Someone with new keys and no coins."""
    secret = MnemonicSecretManager(Utils.generate_mnemonic())
    addresses = SecretManager(secret).generate_ed25519_addresses(
        coin_type=CLIENT_COIN, start=0, end=1, bech32_hrp=HRP
    )
    return Owner(secret, addresses[0])


def funded_owner(network: Network, client: Client) -> Owner:
    """Someone with new keys and coins from the faucet."""
    owner = new_owner()
    ask_faucet(network, client, owner.address)
    return owner


def ask_faucet(network: Network, client: Client, address: str) -> None:
    """Gets coins from the faucet for an address that has none, and waits for them."""
    client.request_funds_from_faucet(f"{network.faucet}/api/enqueue", address)
    wait_until(
        f"the faucet paid {address}",
        lambda: network.indexer("outputs/basic", address=address).json()["items"],
    )


def mnemonic_wallet(network: Network, folder: pathlib.Path) -> Wallet:
    """A wallet with new words."""
    return Wallet(
        str(folder),
        ClientOptions(nodes=[network.node]),
        CoinType.IOTA,
        MnemonicSecretManager(Utils.generate_mnemonic()),
    )


def stronghold_wallet(network: Network, folder: pathlib.Path) -> Wallet:
    """A wallet that keeps new words in Stronghold."""
    folder.mkdir()
    secret = StrongholdSecretManager(str(folder / "keys.stronghold"), "a long enough passphrase")
    wallet = Wallet(
        str(folder / "wallet"), ClientOptions(nodes=[network.node]), CoinType.IOTA, secret
    )
    wallet.store_mnemonic(Utils.generate_mnemonic())
    return wallet


def funded_account(network: Network, wallet: Wallet, alias: str = "first") -> Account:
    """A new account with coins from the faucet."""
    account = wallet.create_account(alias)
    ask_faucet(network, wallet.get_client(), address_of(account))
    assert int(account.sync().baseCoin.available) == FAUCET_AMOUNT
    return account


def address_of(account: Account) -> str:
    """The first address."""
    return account.addresses()[0].address


def settle(account: Account, transaction) -> str:
    """Waits until a transaction is included, and lets the account know; gives back the block."""
    block_id = account.retry_transaction_until_included(transaction.transactionId, 1, 30)
    account.sync()
    assert inclusion(account, transaction) == "confirmed"
    return block_id


def inclusion(account: Account, transaction) -> str:
    """What became of a transaction, as the account knows; `InclusionState` but for its case."""
    return account.get_transaction(transaction.transactionId).inclusionState.lower()


def available(account: Account) -> int:
    """Base coins that the account can spend now."""
    return int(account.sync().baseCoin.available)
