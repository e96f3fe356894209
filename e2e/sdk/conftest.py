"""A network for each test file, and a client of it for each test."""

import pytest
from iota_sdk import Client

from network import Network
from people import funded_account, funded_owner, mnemonic_wallet


@pytest.fixture(scope="module")
def network(request):
    """The network of the file; `CONFIG` in the file changes its parameters."""
    running = Network(getattr(request.module, "CONFIG", None))
    yield running
    running.stop()


@pytest.fixture
def client(network):
    """A new client: an old one refuses to build transactions once its view of the time is stale."""
    return Client(nodes=[network.node])


@pytest.fixture
def owner(network, client):
    """Someone with coins from the faucet."""
    return funded_owner(network, client)


@pytest.fixture(scope="module")
def wallet(network, tmp_path_factory):
    """The wallet of the file."""
    return mnemonic_wallet(network, tmp_path_factory.mktemp("wallets") / "wallet")


@pytest.fixture
def account(network, wallet, request):
    """An account of the test, with coins from the faucet."""
    return funded_account(network, wallet, request.node.name)
