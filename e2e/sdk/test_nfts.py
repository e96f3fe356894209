"""NFTs: minted, sent, burned; collections and NFTs that own something."""

import json
from dataclasses import asdict

import pytest
from iota_sdk import (
    Irc27Metadata,
    MintNftParams,
    NFTAddress,
    NodeIndexerAPI,
    SendNftParams,
    Utils,
    WalletError,
    utf8_to_hex,
)

from people import (
    FAUCET_AMOUNT,
    address_of,
    available,
    settle,
)


def mint(account, **params):
    """Mints one NFT; gives back its id."""
    before = set(account.sync().nfts)
    settle(account, account.mint_nfts([MintNftParams(address=address_of(account), **params)]))
    (nft_id,) = set(account.sync().nfts) - before
    return nft_id


def test_minted_nft_has_its_features(network, client, account):
    about = Irc27Metadata("image/png", "https://example.org/cat.png", "Cat")
    metadata = utf8_to_hex(json.dumps(asdict(about)))
    nft_id = mint(
        account,
        sender=address_of(account),
        issuer=address_of(account),
        metadata=utf8_to_hex("mutable"),
        tag=utf8_to_hex("cats"),
        immutableMetadata=metadata,
    )
    output_id = client.nft_output_id(nft_id)
    output = network.core(f"outputs/{output_id}").json()["output"]
    assert [feature["type"] for feature in output["features"]] == [0, 2, 3]
    assert [feature["type"] for feature in output["immutableFeatures"]] == [1, 2]
    assert output["immutableFeatures"][1]["data"] == metadata
    query = NodeIndexerAPI.QueryParameters(
        issuer=address_of(account), sender=address_of(account), tag=utf8_to_hex("cats")
    )
    assert [str(item) for item in client.nft_output_ids(query).items] == [str(output_id)]


def test_nft_is_sent_and_keeps_its_id(client, network, wallet, account):
    receiver = wallet.create_account("receiver of nfts")
    nft_id = mint(account, immutableMetadata=utf8_to_hex("one of a kind"))
    minted_as = str(client.nft_output_id(nft_id))
    settle(account, account.send_nft([SendNftParams(address_of(receiver), nft_id)]))
    assert account.sync().nfts == []
    assert receiver.sync().nfts == [nft_id]
    sent_as = str(client.nft_output_id(nft_id))
    assert sent_as != minted_as
    output = network.core(f"outputs/{sent_as}").json()["output"]
    assert output["nftId"] == nft_id
    assert output["immutableFeatures"][0]["data"] == utf8_to_hex("one of a kind")


def test_burned_nft_is_gone_and_its_deposit_comes_back(network, account):
    nft_id = mint(account)
    assert available(account) < FAUCET_AMOUNT
    settle(account, account.prepare_burn_nft(nft_id).send())
    assert account.sync().nfts == []
    assert available(account) == FAUCET_AMOUNT
    assert network.indexer(f"outputs/nft/{nft_id}").status_code == 404
    with pytest.raises(WalletError):
        account.prepare_burn_nft(nft_id).send()


def test_several_nfts_are_minted_in_one_transaction(account):
    params = [MintNftParams(metadata=utf8_to_hex(str(number))) for number in range(5)]
    settle(account, account.mint_nfts(params))
    assert len(account.sync().nfts) == 5


def test_nft_issues_a_collection(network, account):
    collection = mint(account, immutableMetadata=utf8_to_hex("collection"))
    issuer = Utils.nft_id_to_bech32(collection, "tst")
    settle(account, account.mint_nfts([MintNftParams(issuer=issuer) for _ in range(3)]))
    assert len(account.sync().nfts) == 4
    found = network.indexer("outputs/nft", issuer=issuer).json()["items"]
    assert len(found) == 3
    issued = network.core(f"outputs/{found[0]}").json()["output"]["immutableFeatures"]
    assert issued[0]["address"] == NFTAddress(collection).as_dict()
