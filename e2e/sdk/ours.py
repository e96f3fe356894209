"""`tangle wallet` and the official wallet beside each other."""

from __future__ import annotations

import json
import os
import subprocess

from iota_sdk import (
    ClientOptions,
    CoinType,
    MnemonicSecretManager,
    SendParams,
    SyncOptions,
    TransactionOptions,
    Wallet,
)

from network import BINARY
from people import settle


class Ours:
    """A folder of `tangle wallet`."""

    def __init__(self, network, folder):
        self.network = network
        self.folder = folder
        folder.mkdir()
        self.password = self.secret("password", "correct horse battery staple")

    def secret(self, name, text):
        """A file that only we may read."""
        path = self.folder / name
        path.touch(0o600)
        path.write_text(text, encoding="utf-8")
        return path

    def __call__(self, *arguments, fails_with=None):
        """Runs a command and reads its JSON."""
        command = [
            str(BINARY), "wallet", "--dir", str(self.folder / "wallet"), "--json",
            "--node", self.network.node, "--password-file", str(self.password), *map(str, arguments),
        ]
        environment = {**os.environ, "HOME": str(self.folder)}
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90,
            env=environment, check=False,
        )
        answer = json.loads(done.stdout.splitlines()[-1]) if done.stdout else None
        if fails_with is not None:
            assert done.returncode != 0 and answer["error"]["code"] == fails_with, done
            return answer["error"]
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return answer

    def restore(self, words):
        """Makes the wallet of words that exist."""
        return self("restore", "--mnemonic-file", self.secret("words", words))

    def total(self):
        """Base coins of the first account."""
        return int(self("balance")["total"])

    def address(self):
        """Its newest address."""
        return self("address")["address"]


def official(network, folder, words):
    """The official wallet, with nothing but words."""
    options = ClientOptions(nodes=[network.node])
    return Wallet(str(folder), options, CoinType.IOTA, MnemonicSecretManager(words))


def output_ids(account):
    """Unspent outputs as the official wallet knows them."""
    return sorted(output.outputId for output in account.unspent_outputs())


def full_sync(account):
    """Everything that the official wallet can look for."""
    return account.sync(SyncOptions(force_syncing=True, sync_incoming_transactions=True))


def settle_to(account, address, amount, **options):
    """Sends with the official wallet and waits; the transaction's id."""
    params = [SendParams(address, str(amount))]
    transaction = account.send_with_params(params, TransactionOptions(**options))
    settle(account, transaction)
    return transaction.transactionId
