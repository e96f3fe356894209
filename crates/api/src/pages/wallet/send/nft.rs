//! Sending an NFT.

use super::{Things, chosen, receiver, thing_page};
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::wallet::form::{Filled, Wrong};
use crate::pages::wallet::{AccountDetails, Context, Deed, WalletOrder};

/// The page, and what its form orders.
pub(in crate::pages::wallet) const DEED: Deed = Deed {
    title: "Send an NFT from",
    amount: None,
    thing: Some("nft"),
    read,
    show: shown,
};

fn read(context: &Context, fields: &Fields) -> Result<WalletOrder, Wrong> {
    Ok(WalletOrder::SendNft {
        nft: chosen(fields, "nft")?,
        to: receiver(context, fields)?,
    })
}

fn shown(context: &Context, details: &AccountDetails, filled: &Filled) -> Html {
    let account = &details.summary;
    let things = Things {
        path: "send-nft",
        title: "Send an NFT",
        none: &|html| {
            html.text("The account has none. ");
            html.link(&format!("/wallet/{}/mint", account.name), "Mint one");
        },
        about: "It keeps the coins that it holds.",
        field: ("nft", "NFT"),
        ids: &account.nfts,
        text: &|_, short| short.to_owned(),
    };
    thing_page(context, details, filled, &things, |_| {})
}
