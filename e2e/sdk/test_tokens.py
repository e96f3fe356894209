"""Aliases, foundries and native tokens: made, minted, sent, melted, burned, destroyed."""

import json
from dataclasses import asdict

import pytest
from iota_sdk import (
    Burn,
    CreateAliasOutputParams,
    CreateNativeTokenParams,
    Irc30Metadata,
    NativeToken,
    SendNativeTokensParams,
    Utils,
    WalletError,
    utf8_to_hex,
)

from people import (
    FAUCET_AMOUNT,
    address_of,
    available,
    funded_account,
    settle,
)


@pytest.fixture
def token(account):
    """An account with an alias and a foundry that minted 100 of 1000."""
    settle(account, account.create_alias_output(None, None))
    metadata = utf8_to_hex(json.dumps(asdict(Irc30Metadata("Gold", "GLD", 0))))
    prepared = account.prepare_create_native_token(
        CreateNativeTokenParams(100, 1000, foundryMetadata=metadata)
    )
    settle(account, prepared.send())
    return prepared.token_id()


def amount_of(account, token_id):
    """How much of a token the account holds."""
    tokens = {token.tokenId: token for token in account.sync().nativeTokens}
    return int(tokens[token_id].total, 0) if token_id in tokens else 0


def test_alias_is_created_and_destroyed(network, account):
    params = CreateAliasOutputParams(
        address=address_of(account),
        immutableMetadata=utf8_to_hex("for ever"),
        metadata=utf8_to_hex("for now"),
        stateMetadata=utf8_to_hex("state 0"),
    )
    settle(account, account.create_alias_output(params))
    balance = account.sync()
    (alias_id,) = balance.aliases
    deposit = int(balance.requiredStorageDeposit.alias)
    assert deposit > 0
    assert int(balance.baseCoin.available) == FAUCET_AMOUNT - deposit
    found = network.indexer(f"outputs/alias/{alias_id}").json()["items"]
    output = network.core(f"outputs/{found[0]}").json()["output"]
    assert output["stateMetadata"] == utf8_to_hex("state 0")
    settle(account, account.prepare_destroy_alias(alias_id).send())
    assert account.sync().aliases == []
    assert available(account) == FAUCET_AMOUNT
    assert network.indexer(f"outputs/alias/{alias_id}").status_code == 404


def test_token_is_minted_up_to_its_maximum(account, token):
    assert amount_of(account, token) == 100
    settle(account, account.mint_native_token(token, 900))
    assert amount_of(account, token) == 1000
    with pytest.raises(WalletError):
        account.mint_native_token(token, 1)


def test_token_is_melted_and_foundry_and_alias_are_destroyed(network, account, token):
    settle(account, account.melt_native_token(token, 40))
    assert amount_of(account, token) == 60
    (item,) = network.indexer(f"outputs/foundry/{token}").json()["items"]
    scheme = network.core(f"outputs/{item}").json()["output"]["tokenScheme"]
    assert scheme == {
        "type": 0,
        "mintedTokens": "0x64",
        "meltedTokens": "0x28",
        "maximumSupply": "0x3e8",
    }
    settle(account, account.melt_native_token(token, 60))
    assert amount_of(account, token) == 0
    balance = account.sync()
    settle(account, account.prepare_destroy_foundry(balance.foundries[0]).send())
    assert account.sync().foundries == []
    settle(account, account.prepare_destroy_alias(balance.aliases[0]).send())
    assert available(account) == FAUCET_AMOUNT


def test_burned_token_stays_in_circulation_for_its_foundry(network, account, token):
    burn = Burn().add_native_token(NativeToken(token, hex(30)))
    settle(account, account.burn(burn))
    assert amount_of(account, token) == 70
    settle(account, account.prepare_burn_native_token(token, 70).send())
    assert amount_of(account, token) == 0
    (item,) = network.indexer(f"outputs/foundry/{token}").json()["items"]
    scheme = network.core(f"outputs/{item}").json()["output"]["tokenScheme"]
    assert (scheme["mintedTokens"], scheme["meltedTokens"]) == ("0x64", "0x0")
    with pytest.raises(WalletError):
        account.prepare_destroy_foundry(token).send()


def test_token_is_sent_and_claimed(network, wallet, account, token):
    receiver = funded_account(network, wallet, "receiver of tokens")
    # Pairs, not `NativeToken`: the SDK reads nothing else here.
    params = SendNativeTokensParams(address_of(receiver), [(token, hex(25))])
    settle(account, account.send_native_tokens([params]))
    assert amount_of(account, token) == 75
    receiver.sync()
    claimable = receiver.claimable_outputs("NativeTokens")
    assert len(claimable) == 1
    settle(receiver, receiver.claim_outputs(claimable))
    assert amount_of(receiver, token) == 25
    assert available(receiver) <= FAUCET_AMOUNT


def test_foundry_is_found_by_its_alias(network, account, token):
    alias_id = account.sync().aliases[0]
    alias_address = Utils.alias_id_to_bech32(alias_id, "tst")
    found = network.indexer("outputs/foundry", aliasAddress=alias_address).json()["items"]
    assert found == network.indexer(f"outputs/foundry/{token}").json()["items"]
