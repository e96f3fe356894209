//! Sending an alias: another owner for it.

use super::{Things, chosen, receiver, thing_page};
use crate::pages::field::{Control, Field};
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::wallet::form::{Filled, Wrong};
use crate::pages::wallet::{AccountDetails, AliasPart, Context, Deed, WalletOrder};

/// What of it can be sent: as a form says it, and in words.
const PARTS: [(&str, &str, AliasPart); 3] = [
    ("all", "all of it", AliasPart::All),
    ("state", "the control of its state", AliasPart::State),
    ("governance", "its governance", AliasPart::Governance),
];

/// The page, and what its form orders.
pub(in crate::pages::wallet) const DEED: Deed = Deed {
    title: "Send an alias from",
    amount: None,
    thing: Some("alias"),
    read,
    show: shown,
};

fn read(context: &Context, fields: &Fields) -> Result<WalletOrder, Wrong> {
    let part = fields.text("part");
    let mut part = PARTS.iter().filter(|(value, ..)| *value == part);
    let (_, _, part) = part
        .next()
        .ok_or_else(|| Wrong::at("part", "Choose what of it."))?;
    Ok(WalletOrder::SendAlias {
        alias: chosen(fields, "alias")?,
        to: receiver(context, fields)?,
        part: *part,
    })
}

fn shown(context: &Context, details: &AccountDetails, filled: &Filled) -> Html {
    let things = Things {
        path: "send-alias",
        title: "Send an alias",
        none: &|html| {
            html.text(
                "The account has none. The command line makes one: tangle wallet \
                 create-alias-output.",
            );
        },
        about: "It keeps the coins that it holds, and its foundries go with it. Who governs it \
                may send it.",
        field: ("alias", "Alias"),
        ids: &details.summary.aliases,
        text: &|_, short| short.to_owned(),
    };
    thing_page(context, details, filled, &things, |html| {
        let options = PARTS.map(|(value, text, _)| (value.to_owned(), text.to_owned()));
        Field {
            control: Control::Choice(&options),
            ..filled.field("part", "What of it")
        }
        .draw(html);
    })
}
