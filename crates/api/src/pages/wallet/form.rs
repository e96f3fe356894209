//! Forms that keep what was typed, and say at the field what is wrong with it.

use tangle_types::words::Unit;

use super::OrderError;
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::site::Trouble;

/// Why a form was not taken.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The field that has to be changed, if it is one.
    pub(super) field: Option<&'static str>,
    pub(super) text: String,
}

/// A form as it was filled in, or an empty one.
#[derive(Default)]
pub(super) struct Filled(Option<(Fields, Wrong)>);

/// A field of one line.
pub(super) struct Line {
    pub(super) label: &'static str,
    pub(super) name: &'static str,
    /// What stands below it.
    pub(super) hint: String,
    pub(super) chars_max: usize,
    pub(super) is_required: bool,
    /// The list of what one could type, if there is one.
    pub(super) list: Option<&'static str>,
}

impl Wrong {
    pub(super) fn at(field: &'static str, text: impl Into<String>) -> Self {
        Self {
            field: Some(field),
            text: text.into(),
        }
    }

    /// What a person is told of a refusal.
    pub(super) fn of(error: OrderError, unit: &Unit) -> Result<Self, Trouble> {
        let show = |amount| unit.show(amount);
        Ok(match error {
            OrderError::Away(away) => return Err(away.into()),
            OrderError::BelowDeposit { needed } => Self::at(
                "amount",
                format!(
                    "An output must hold {} or more, for the space that it takes. Send that much, \
                     or lend what is missing.",
                    show(needed)
                ),
            ),
            OrderError::Coins {
                missing,
                is_waiting,
            } => {
                let missing = show(missing);
                let text = if is_waiting {
                    format!(
                        "{missing} are missing until the transactions on their way are in the \
                         ledger. Try again in a moment."
                    )
                } else {
                    format!("{missing} more than the account can spend now.")
                };
                Self::at("amount", text)
            }
            OrderError::Remainder { left, needed } => Self::at(
                "amount",
                format!(
                    "{} would be left over, and an output must hold {} or more. Send a little \
                     less, or all of it.",
                    show(left),
                    show(needed)
                ),
            ),
            error @ (OrderError::NoAccount | OrderError::Other(_)) => Self {
                field: None,
                text: error.to_string(),
            },
        })
    }
}

impl Filled {
    /// What was filled in and is wrong.
    pub(super) const fn again(fields: Fields, wrong: Wrong) -> Self {
        Self(Some((fields, wrong)))
    }

    pub(super) fn value(&self, name: &str) -> &str {
        self.0.as_ref().map_or("", |(fields, _)| fields.text(name))
    }

    /// What is wrong with a field.
    fn wrong(&self, name: &str) -> Option<&str> {
        let (_, wrong) = self.0.as_ref()?;
        (wrong.field == Some(name)).then_some(&wrong.text)
    }

    /// Adds a note that something is wrong.
    pub(super) fn note(&self, html: &mut Html) {
        let Some((_, wrong)) = &self.0 else {
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

    /// Adds a field of one line, with what is wrong with it.
    pub(super) fn line(&self, html: &mut Html, line: &Line) {
        let (hint, wrong_id) = (
            format!("{}-hint", line.name),
            format!("{}-wrong", line.name),
        );
        let chars_max = line.chars_max.to_string();
        let wrong = self.wrong(line.name);
        let described = if wrong.is_some() {
            format!("{wrong_id} {hint}")
        } else {
            hint.clone()
        };
        html.tag("label", &[], |html| {
            html.text(line.label);
            let mut attributes = vec![
                ("name", line.name),
                ("value", self.value(line.name)),
                ("aria-describedby", &described),
                ("autocomplete", "off"),
                ("autocapitalize", "none"),
                ("spellcheck", "false"),
                ("maxlength", &chars_max),
            ];
            attributes.extend(line.list.map(|list| ("list", list)));
            if line.is_required {
                attributes.push(("required", ""));
            }
            if wrong.is_some() {
                attributes.extend([("aria-invalid", "true"), ("autofocus", "")]);
            }
            html.void("input", &attributes);
        });
        if let Some(text) = wrong {
            html.tag("p", &[("class", "wrong"), ("id", &wrong_id)], |html| {
                html.text(text);
            });
        }
        html.tag("p", &[("class", "quiet"), ("id", &hint)], |html| {
            html.text(&line.hint);
        });
    }
}

/// Adds a form.
pub(super) fn form(html: &mut Html, action: &str, button: &str, body: impl FnOnce(&mut Html)) {
    let attributes = [("method", "post"), ("action", action), ("class", "fields")];
    html.tag("form", &attributes, |html| {
        body(html);
        html.tag("button", &[("type", "submit")], |html| html.text(button));
    });
}
