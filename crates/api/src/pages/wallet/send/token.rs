//! Sending native tokens.

use tangle_types::{TokenId, U256};

use super::coins::LEND;
use super::{choice_field, chosen, page, receiver, receiver_field};
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
    let account = &details.summary;
    page(context, details, "send-token", filled, |html| {
        html.plain("h2", "Send native tokens");
        if account.tokens.is_empty() {
            html.plain(
                "p",
                "The account has none. The command line makes some: tangle wallet \
                 create-native-token.",
            );
            return;
        }
        let action = format!("/wallet/{}/send-token", account.name);
        filled.form(html, &action, "Send", |html| {
            let ids: Vec<TokenId> = account.tokens.iter().map(|token| token.id).collect();
            let field = filled.field("token", "Token");
            choice_field(html, &field, &ids, |id, short| {
                let mut held = account.tokens.iter().filter(|token| token.id == *id);
                match held.next() {
                    Some(held) if held.available < held.total => {
                        let (available, total) = (held.available, held.total);
                        format!("{short}: {available} of {total} can be spent now")
                    }
                    Some(held) => format!("{short}: {}", held.total),
                    None => short.to_owned(),
                }
            });
            receiver_field(html, context, details, filled);
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
        });
    })
}
