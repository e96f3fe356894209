//! Sending base coins.

use tangle_types::{Address, TAG_SIZE_BYTES_MAX};

use super::form::{Filled, Line, Wrong, form};
use super::{AccountDetails, Context, Deed, Payment, WalletOrder, head};
use crate::pages::explorer::read_address;
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::site::Trouble;

/// Letters of metadata. Each may take twelve of the bytes that a form may have.
pub(super) const METADATA_CHARS_MAX: usize = 240;
/// After how many seconds coins come back: as a form says it, and in words.
const EXPIRATIONS: [(&str, &str); 4] = [
    ("", "never"),
    ("600", "after ten minutes"),
    ("3600", "after an hour"),
    ("86400", "after a day"),
];

/// The page, and what its form orders.
pub(super) const DEED: Deed = Deed {
    title: "Send from",
    read,
    show: shown,
};

fn read(context: &Context, fields: &Fields) -> Result<WalletOrder, Wrong> {
    let to = receiver(context, fields.text("to"))?;
    let amount = context.site.unit.parse(fields.text("amount"));
    let amount = amount.map_err(|error| Wrong::at("amount", format!("{error}.")))?;
    let expires = fields.text("expires");
    let expires = EXPIRATIONS.iter().find(|(value, _)| *value == expires);
    let (expires, _) = expires.ok_or_else(|| Wrong {
        field: None,
        text: "Choose when the coins come back.".to_owned(),
    })?;
    Ok(WalletOrder::Send(Payment {
        to,
        amount,
        tag: tag(fields)?,
        metadata: metadata(fields)?,
        expires_in_seconds: expires.parse().ok(),
        lends_deposit: !fields.text("lend").is_empty(),
    }))
}

/// Who is meant: by name or by address.
fn receiver(context: &Context, text: &str) -> Result<Address, Wrong> {
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

/// Reads a tag.
pub(super) fn tag(fields: &Fields) -> Result<Vec<u8>, Wrong> {
    let tag = fields.text("tag");
    if tag.len() > TAG_SIZE_BYTES_MAX {
        let text = format!(
            "The tag has {} bytes, {TAG_SIZE_BYTES_MAX} are allowed.",
            tag.len()
        );
        return Err(Wrong::at("tag", text));
    }
    Ok(tag.as_bytes().to_vec())
}

/// Reads metadata.
pub(super) fn metadata(fields: &Fields) -> Result<Vec<u8>, Wrong> {
    let metadata = fields.text("metadata");
    let count = metadata.chars().count();
    if count > METADATA_CHARS_MAX {
        let text = format!("This has {count} letters, {METADATA_CHARS_MAX} are allowed here.");
        return Err(Wrong::at("metadata", text));
    }
    Ok(metadata.as_bytes().to_vec())
}

fn shown(context: &Context, details: &AccountDetails, filled: &Filled) -> Html {
    let account = &details.summary;
    let status = context.site.node.status();
    let unit = &context.site.unit;
    let mut html = Html::default();
    context.with_words(&status, |words| head(&mut html, account, words, "Send"));
    filled.note(&mut html);
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Send coins");
        let action = format!("/wallet/{}/send", account.name);
        form(html, &action, "Send", |html| {
            let others = context.wallet.named().iter();
            let others = others.map(|(name, _)| name.as_str());
            let others: Vec<&str> = others.filter(|name| *name != account.name).collect();
            let to = Line {
                label: "To",
                name: "to",
                hint: format!("{}, or an address", others.join(", ")),
                chars_max: 90,
                is_required: true,
                list: Some("named"),
            };
            filled.line(html, &to);
            html.tag("datalist", &[("id", "named")], |html| {
                for name in &others {
                    html.tag("option", &[("value", name)], |_| {});
                }
            });
            let amount = Line {
                label: "Amount",
                name: "amount",
                hint: format!(
                    "with its unit, such as 2.5{0} or 2500000u; {1} can be spent now",
                    unit.name,
                    unit.show(account.available)
                ),
                chars_max: 40,
                is_required: true,
                list: None,
            };
            filled.line(html, &amount);
            more(html, filled);
        });
    });
    html
}

/// What most payments do without.
fn more(html: &mut Html, filled: &Filled) {
    let names = ["tag", "metadata", "expires", "lend"];
    let is_used = names.iter().any(|name| !filled.value(name).is_empty());
    let open: &[(&str, &str)] = if is_used { &[("open", "")] } else { &[] };
    html.tag("details", open, |html| {
        html.plain("summary", "Tag, metadata, and what the receiver owes");
        html.tag("div", &[], |html| {
            tag_field(html, filled);
            let metadata = Line {
                label: "Metadata",
                name: "metadata",
                hint: "any text that goes with the coins".to_owned(),
                chars_max: METADATA_CHARS_MAX,
                is_required: false,
                list: None,
            };
            filled.line(html, &metadata);
            html.tag("label", &[], |html| {
                html.text("Comes back unless it is claimed");
                html.tag("select", &[("name", "expires")], |html| {
                    for (value, text) in EXPIRATIONS {
                        let mut attributes = vec![("value", value)];
                        if value == filled.value("expires") {
                            attributes.push(("selected", ""));
                        }
                        html.tag("option", &attributes, |html| html.text(text));
                    }
                });
            });
            html.tag("label", &[("class", "tick")], |html| {
                let mut tick = vec![("type", "checkbox"), ("name", "lend"), ("value", "yes")];
                if !filled.value("lend").is_empty() {
                    tick.push(("checked", ""));
                }
                html.void("input", &tick);
                html.text("Lend the storage deposit that is missing; who claims gives it back");
            });
        });
    });
}

/// Adds the field of a tag.
pub(super) fn tag_field(html: &mut Html, filled: &Filled) {
    let tag = Line {
        label: "Tag",
        name: "tag",
        hint: format!("by which the output is found; {TAG_SIZE_BYTES_MAX} bytes at most"),
        chars_max: TAG_SIZE_BYTES_MAX,
        is_required: false,
        list: None,
    };
    filled.line(html, &tag);
}
