//! Forms that are carried out once, keep what was typed, and say at the field what is wrong.

use std::fmt::Display;

use tangle_types::words::Unit;

use super::{Deed, OrderError};
use crate::pages::field::{Control, Field};
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::site::Trouble;

/// The field with the key by which a form is carried out once.
pub(super) const KEY: &str = "key";

/// Why a form was not taken.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The field that has to be changed, if it is one.
    pub(super) field: Option<&'static str>,
    pub(super) text: String,
}

/// A form as it was filled in, or an empty one.
pub(super) struct Filled {
    /// By which it is carried out once.
    key: String,
    again: Option<(Fields, Wrong)>,
}

impl Wrong {
    pub(super) fn at(field: &'static str, text: impl Into<String>) -> Self {
        Self {
            field: Some(field),
            text: text.into(),
        }
    }

    pub(super) fn anywhere(text: impl Into<String>) -> Self {
        Self {
            field: None,
            text: text.into(),
        }
    }

    /// What a person is told of a refusal, at the fields that the form of the deed has.
    pub(super) fn of(error: OrderError, deed: &Deed, unit: &Unit) -> Result<Self, Trouble> {
        let show = |amount| unit.show(amount);
        let (field, text) = match error {
            OrderError::Away(away) => return Err(away.into()),
            OrderError::BelowDeposit { needed } => (
                deed.amount,
                format!(
                    "An output must hold {} or more, for the space that it takes. Send that much, \
                     or lend what is missing.",
                    show(needed)
                ),
            ),
            OrderError::Coins {
                missing,
                is_waiting,
            } => (deed.amount, too_little(show(missing), is_waiting)),
            OrderError::Tokens {
                missing,
                is_waiting,
            } => (deed.amount, too_little(missing, is_waiting)),
            OrderError::Remainder { left, needed } => (
                deed.amount,
                format!(
                    "{} would be left over, and an output must hold {} or more. Send a little \
                     less, or all of it.",
                    show(left),
                    show(needed)
                ),
            ),
            OrderError::Thing(reason) => (deed.thing, reason),
            error @ (OrderError::NoAccount | OrderError::Other(_)) => (None, error.to_string()),
        };
        Ok(Self { field, text })
    }
}

fn too_little(missing: impl Display, is_waiting: bool) -> String {
    if is_waiting {
        format!(
            "{missing} are missing until the transactions on their way are in the ledger. Try \
             again in a moment."
        )
    } else {
        format!("{missing} more than the account can spend now.")
    }
}

impl Filled {
    /// A form that nobody has filled in.
    pub(super) const fn empty(key: String) -> Self {
        Self { key, again: None }
    }

    /// What was filled in and is wrong.
    pub(super) const fn again(key: String, fields: Fields, wrong: Wrong) -> Self {
        Self {
            key,
            again: Some((fields, wrong)),
        }
    }

    pub(super) fn value(&self, name: &str) -> &str {
        let again = self.again.as_ref();
        again.map_or("", |(fields, _)| fields.text(name))
    }

    /// What is wrong with a field.
    fn wrong(&self, name: &str) -> Option<&str> {
        let (_, wrong) = self.again.as_ref()?;
        (wrong.field == Some(name)).then_some(&wrong.text)
    }

    /// Adds a note that something is wrong.
    pub(super) fn note(&self, html: &mut Html) {
        let Some((_, wrong)) = &self.again else {
            return;
        };
        let note = [("class", "card health bad"), ("role", "alert")];
        html.tag("section", &note, |html| {
            html.plain("h2", "Nothing was sent");
            html.plain(
                "p",
                match wrong.field {
                    Some(_) => "A field below says what has to be changed.",
                    None => &wrong.text,
                },
            );
        });
    }

    /// A field with what was filled in and is wrong: an empty line unless it is made something
    /// else.
    pub(super) fn field(&self, name: &'static str, label: &'static str) -> Field<'_> {
        Field {
            name,
            label,
            value: self.value(name),
            hint: "",
            wrong: self.wrong(name),
            control: Control::Line(&[]),
        }
    }

    /// Adds a field that is ticked or not.
    pub(super) fn tick(&self, html: &mut Html, name: &'static str, label: &str) {
        html.tag("label", &[("class", "tick")], |html| {
            let mut tick = vec![("type", "checkbox"), ("name", name), ("value", "yes")];
            if !self.value(name).is_empty() {
                tick.push(("checked", ""));
            }
            html.void("input", &tick);
            html.text(label);
        });
    }

    /// Adds the form.
    pub(super) fn form(
        &self,
        html: &mut Html,
        action: &str,
        button: &str,
        body: impl FnOnce(&mut Html),
    ) {
        let attributes = [("method", "post"), ("action", action), ("class", "fields")];
        html.tag("form", &attributes, |html| {
            let key = [("type", "hidden"), ("name", KEY), ("value", &*self.key)];
            // Some browsers fill in again what was there before a page was loaded anew.
            html.void("input", &[&key[..], &[("autocomplete", "off")]].concat());
            body(html);
            html.tag("button", &[("type", "submit")], |html| html.text(button));
        });
    }
}
