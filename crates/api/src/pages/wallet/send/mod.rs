//! Sending: coins, native tokens, NFTs, aliases, each on a page of its own.

pub(super) mod alias;
pub(super) mod coins;
pub(super) mod nft;
pub(super) mod token;

use std::fmt::Display;
use std::str::FromStr;

use tangle_types::Address;

use super::form::{Filled, Wrong};
use super::{AccountDetails, Context, head};
use crate::pages::explorer::read_address;
use crate::pages::field::{Control, Field, VERBATIM};
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::show;
use crate::pages::site::Trouble;

/// Ids that can be chosen from. Whoever has more sends the others with the command line.
const CHOICE_MAX: usize = 100;
/// The last part of the paths of the pages, and what they send.
const PAGES: [(&str, &str); 4] = [
    ("send", "Coins"),
    ("send-token", "Tokens"),
    ("send-nft", "An NFT"),
    ("send-alias", "An alias"),
];

/// A page that sends, with its head and a card for its form. `path` is the last part of its own.
fn page(
    context: &Context,
    details: &AccountDetails,
    path: &str,
    filled: &Filled,
    card: impl FnOnce(&mut Html),
) -> Html {
    let account = &details.summary;
    let status = context.site.node.status();
    let mut html = Html::default();
    context.with_words(&status, |words| head(&mut html, account, words, "Send"));
    let tabs = [("class", "tabs"), ("aria-label", "What to send")];
    html.tag("nav", &tabs, |html| {
        for (own, name) in PAGES {
            let to = format!("/wallet/{}/{own}", account.name);
            let mut attributes = vec![("href", to.as_str())];
            if own == path {
                attributes.push(("aria-current", "page"));
            }
            html.tag("a", &attributes, |html| html.text(name));
        }
    });
    filled.note(&mut html);
    html.tag("section", &[("class", "card")], card);
    html
}

/// Things of which an account may have several, and one at a time is sent.
struct Things<'a, T> {
    /// The last part of the page's path.
    path: &'static str,
    title: &'static str,
    /// How to get one, for whoever has none.
    none: &'a dyn Fn(&mut Html),
    /// What goes with it; may be empty.
    about: &'static str,
    /// Name and label of the field in which one is chosen.
    field: (&'static str, &'static str),
    ids: &'a [T],
    /// What is said of each, besides its shortened id.
    text: &'a dyn Fn(&T, &str) -> String,
}

/// A page that sends one of several things; `more` adds fields behind the receiver's.
fn thing_page<T: Display>(
    context: &Context,
    details: &AccountDetails,
    filled: &Filled,
    things: &Things<'_, T>,
    more: impl FnOnce(&mut Html),
) -> Html {
    page(context, details, things.path, filled, |html| {
        html.plain("h2", things.title);
        if things.ids.is_empty() {
            html.tag("p", &[], things.none);
            return;
        }
        if !things.about.is_empty() {
            html.plain("p", things.about);
        }
        let action = format!("/wallet/{}/{}", details.summary.name, things.path);
        filled.form(html, &action, "Send", |html| {
            let (name, label) = things.field;
            choice_field(html, &filled.field(name, label), things.ids, things.text);
            receiver_field(html, context, details, filled);
            more(html);
        });
    })
}

/// Who is meant: by name or by address.
fn receiver(context: &Context, fields: &Fields) -> Result<Address, Wrong> {
    let text = fields.text("to");
    let named = context.wallet.named().iter();
    let mut named = named.filter(|(name, _)| name == text);
    if let Some((_, address)) = named.next() {
        return Ok(*address);
    }
    let hrp = context.site.node.status().parameters.bech32_hrp.clone();
    read_address(text, &hrp).map_err(|trouble| match trouble {
        Trouble::Wrong(reason) => Wrong::at("to", reason),
        _ => Wrong::at("to", "This is not an address."),
    })
}

/// Adds the field of the receiver.
fn receiver_field(html: &mut Html, context: &Context, details: &AccountDetails, filled: &Filled) {
    let others = context.wallet.named().iter();
    let others = others.map(|(name, _)| name.as_str());
    let others: Vec<&str> = others
        .filter(|name| *name != details.summary.name)
        .collect();
    let hint = format!("{}, or an address", others.join(", "));
    let line = [("maxlength", "90"), ("required", ""), ("list", "named")];
    Field {
        hint: &hint,
        control: Control::Line(&[&line[..], &VERBATIM].concat()),
        ..filled.field("to", "To")
    }
    .draw(html);
    html.tag("datalist", &[("id", "named")], |html| {
        for name in &others {
            html.tag("option", &[("value", name)], |_| {});
        }
    });
}

/// Reads the id of what was chosen.
fn chosen<T: FromStr>(fields: &Fields, name: &'static str) -> Result<T, Wrong> {
    let chosen = fields.text(name).parse();
    chosen.map_err(|_| Wrong::at(name, "Choose one."))
}

/// Adds a field in which one of `ids` is chosen; `text` says more of each.
fn choice_field<T: Display>(
    html: &mut Html,
    field: &Field<'_>,
    ids: &[T],
    text: impl Fn(&T, &str) -> String,
) {
    let options = ids.iter().take(CHOICE_MAX).map(|id| {
        let whole = id.to_string();
        let text = text(id, &show::shortened(&whole));
        (whole, text)
    });
    let options: Vec<(String, String)> = options.collect();
    let hint = match ids.len().checked_sub(CHOICE_MAX) {
        Some(rest @ 1..) => format!("the other {rest} are sent with `tangle wallet`"),
        _ => String::new(),
    };
    Field {
        hint: &hint,
        control: Control::Choice(&options),
        ..*field
    }
    .draw(html);
}
