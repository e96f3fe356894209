//! Sending base coins.

use tangle_types::TAG_SIZE_BYTES_MAX;

use super::{page, receiver, receiver_field};
use crate::pages::field::{Control, Field, VERBATIM};
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::wallet::form::{Filled, Wrong};
use crate::pages::wallet::{AccountDetails, Context, Deed, Payment, WalletOrder};

/// Letters of metadata. Each may take twelve of the bytes that a form may have.
const METADATA_CHARS_MAX: usize = 240;
/// After how many seconds coins come back: as a form says it, and in words.
const EXPIRATIONS: [(&str, &str); 4] = [
    ("", "never"),
    ("600", "after ten minutes"),
    ("3600", "after an hour"),
    ("86400", "after a day"),
];
/// What the tick says that lends the storage deposit.
pub(super) const LEND: &str = "Lend the storage deposit that is missing; who claims gives it back";

/// The page, and what its form orders.
pub(in crate::pages::wallet) const DEED: Deed = Deed {
    title: "Send from",
    amount: Some("amount"),
    thing: None,
    read,
    show: shown,
};

fn read(context: &Context, fields: &Fields) -> Result<WalletOrder, Wrong> {
    let to = receiver(context, fields)?;
    let amount = context.site.unit.parse(fields.text("amount"));
    let amount = amount.map_err(|error| Wrong::at("amount", format!("{error}.")))?;
    let expires = fields.text("expires");
    let expires = EXPIRATIONS.iter().find(|(value, _)| *value == expires);
    let (expires, _) =
        expires.ok_or_else(|| Wrong::at("expires", "Choose when the coins come back."))?;
    Ok(WalletOrder::Send(Payment {
        to,
        amount,
        tag: tag(fields)?,
        metadata: metadata(fields)?,
        expires_in_seconds: expires.parse().ok(),
        lends_deposit: !fields.text("lend").is_empty(),
    }))
}

/// Reads a tag.
pub(in crate::pages::wallet) fn tag(fields: &Fields) -> Result<Vec<u8>, Wrong> {
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
pub(in crate::pages::wallet) fn metadata(fields: &Fields) -> Result<Vec<u8>, Wrong> {
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
    page(context, details, "send", filled, |html| {
        html.plain("h2", "Send coins");
        let action = format!("/wallet/{}/send", account.name);
        filled.form(html, &action, "Send", |html| {
            receiver_field(html, context, details, filled);
            let unit = &context.site.unit;
            let hint = format!(
                "with its unit, such as 2.5{0} or 2500000u; {1} can be spent now",
                unit.name,
                unit.show(account.available)
            );
            let line = [("maxlength", "40"), ("required", "")];
            Field {
                hint: &hint,
                control: Control::Line(&[&line[..], &VERBATIM].concat()),
                ..filled.field("amount", "Amount")
            }
            .draw(html);
            more(html, filled);
        });
    })
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
            let metadata = filled.field("metadata", "Metadata");
            metadata_field(html, metadata, "any text that goes with the coins");
            let options = EXPIRATIONS.map(|(value, text)| (value.to_owned(), text.to_owned()));
            Field {
                control: Control::Choice(&options),
                ..filled.field("expires", "Comes back unless it is claimed")
            }
            .draw(html);
            filled.tick(html, "lend", LEND);
        });
    });
}

/// Adds the field of a tag.
pub(in crate::pages::wallet) fn tag_field(html: &mut Html, filled: &Filled) {
    let hint = format!("by which the output is found; {TAG_SIZE_BYTES_MAX} bytes at most");
    let most = TAG_SIZE_BYTES_MAX.to_string();
    Field {
        hint: &hint,
        control: Control::Line(&[&[("maxlength", most.as_str())][..], &VERBATIM].concat()),
        ..filled.field("tag", "Tag")
    }
    .draw(html);
}

/// Adds a field of metadata.
pub(in crate::pages::wallet) fn metadata_field(html: &mut Html, field: Field<'_>, hint: &str) {
    let most = METADATA_CHARS_MAX.to_string();
    Field {
        hint,
        control: Control::Line(&[&[("maxlength", most.as_str())][..], &VERBATIM].concat()),
        ..field
    }
    .draw(html);
}
