//! Sending native tokens.

use tangle_types::{TokenId, U256};

use super::coins::LEND;
use super::{Things, chosen, receiver, thing_page};
use crate::pages::field::{Control, Field, VERBATIM};
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::wallet::form::{Filled, Wrong};
use crate::pages::wallet::{AccountDetails, Context, Deed, WalletOrder};

/// The page, and what its form orders.
pub(in crate::pages::wallet) const DEED: Deed = Deed {
    title: "Send tokens from",
    amount: Some("amount"),
    thing: Some("token"),
    read,
    show: shown,
};

fn read(context: &Context, fields: &Fields) -> Result<WalletOrder, Wrong> {
    let token: TokenId = chosen(fields, "token")?;
    let to = receiver(context, fields)?;
    let amount = U256::from_dec_str(fields.text("amount")).ok();
    let amount = amount.filter(|amount| !amount.is_zero());
    let amount = amount.ok_or_else(|| Wrong::at("amount", "A whole number from 1 on."))?;
    Ok(WalletOrder::SendTokens {
        to,
        token,
        amount,
        lends_deposit: !fields.text("lend").is_empty(),
    })
}

fn shown(context: &Context, details: &AccountDetails, filled: &Filled) -> Html {
    let tokens = &details.summary.tokens;
    let ids: Vec<TokenId> = tokens.iter().map(|token| token.id).collect();
    let things = Things {
        path: "send-token",
        title: "Send native tokens",
        none: &|html| {
            html.text(
                "The account has none. The command line makes some: tangle wallet \
                 create-native-token.",
            );
        },
        about: "",
        field: ("token", "Token"),
        ids: &ids,
        text: &|id, short| match tokens.iter().find(|token| token.id == *id) {
            Some(held) if held.available < held.total => {
                let (available, total) = (held.available, held.total);
                format!("{short}: {available} of {total} can be spent now")
            }
            Some(held) => format!("{short}: {}", held.total),
            None => short.to_owned(),
        },
    };
    thing_page(context, details, filled, &things, |html| {
        let line = [
            ("inputmode", "numeric"),
            ("maxlength", "78"),
            ("required", ""),
        ];
        Field {
            hint: "a whole number, in the token's smallest unit",
            control: Control::Line(&[&line[..], &VERBATIM].concat()),
            ..filled.field("amount", "Amount")
        }
        .draw(html);
        filled.tick(html, "lend", LEND);
    })
}
