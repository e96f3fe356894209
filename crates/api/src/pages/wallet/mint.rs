//! Making an NFT.

use super::form::{Filled, Line, Wrong, form};
use super::send::{METADATA_CHARS_MAX, metadata, tag, tag_field};
use super::{AccountDetails, Context, Deed, WalletOrder, head};
use crate::pages::fields::Fields;
use crate::pages::html::Html;

/// The page, and what its form orders.
pub(super) const DEED: Deed = Deed {
    title: "Mint an NFT for",
    read,
    show: shown,
};

fn read(_: &Context, fields: &Fields) -> Result<WalletOrder, Wrong> {
    Ok(WalletOrder::MintNft {
        metadata: metadata(fields)?,
        tag: tag(fields)?,
    })
}

fn shown(context: &Context, details: &AccountDetails, filled: &Filled) -> Html {
    let account = &details.summary;
    let status = context.site.node.status();
    let mut html = Html::default();
    context.with_words(&status, |words| {
        head(&mut html, account, words, "Mint an NFT")
    });
    filled.note(&mut html);
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Mint an NFT");
        html.plain(
            "p",
            "The account issues it and owns it. It holds the coins that its space needs.",
        );
        let action = format!("/wallet/{}/mint", account.name);
        form(html, &action, "Mint", |html| {
            let says = Line {
                label: "What it says for ever",
                name: "metadata",
                hint: "any text, such as JSON by TIP-27".to_owned(),
                chars_max: METADATA_CHARS_MAX,
                is_required: false,
                list: None,
            };
            filled.line(html, &says);
            tag_field(html, filled);
        });
    });
    html
}
