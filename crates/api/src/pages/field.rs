//! A field of a form, as it is drawn: its label, what is wrong with it, and what to know of it.

use crate::pages::html::{Attributes, Html};

/// For a line of what is no word of a language: nothing is completed, changed or marked in it.
pub(crate) const VERBATIM: [(&str, &str); 3] = [
    ("autocomplete", "off"),
    ("autocapitalize", "none"),
    ("spellcheck", "false"),
];

/// A field. Its name is its own on the page.
pub(crate) struct Field<'a> {
    /// By which the form sends it.
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    /// What was filled in, or is proposed.
    pub(crate) value: &'a str,
    /// What to know of it; nothing if it is empty.
    pub(crate) hint: &'a str,
    /// What is wrong with what was filled in.
    pub(crate) wrong: Option<&'a str>,
    pub(crate) control: Control<'a>,
}

/// How a field is filled in.
pub(crate) enum Control<'a> {
    /// By typing a line, with further attributes.
    Line(Attributes<'a>),
    /// By choosing one of these values, each with its text.
    Choice(&'a [(String, String)]),
}

impl Field<'_> {
    /// Adds the field, with what is wrong with it beside it.
    pub(crate) fn draw(&self, html: &mut Html) {
        let wrong_id = format!("{}-wrong", self.name);
        let hint_id = format!("{}-hint", self.name);
        let mut about = Vec::new();
        if self.wrong.is_some() {
            about.push(wrong_id.as_str());
        }
        if !self.hint.is_empty() {
            about.push(hint_id.as_str());
        }
        let about = about.join(" ");
        let mut attributes = vec![("name", self.name)];
        if !about.is_empty() {
            attributes.push(("aria-describedby", about.as_str()));
        }
        if self.wrong.is_some() {
            attributes.extend([("aria-invalid", "true"), ("autofocus", "")]);
        }
        html.tag("div", &[("class", "field")], |html| {
            html.tag("label", &[], |html| {
                html.text(self.label);
                self.control(html, attributes);
            });
            if let Some(text) = self.wrong {
                let paragraph = [("class", "wrong"), ("id", wrong_id.as_str())];
                html.tag("p", &paragraph, |html| html.text(text));
            }
            if !self.hint.is_empty() {
                let paragraph = [("class", "quiet"), ("id", hint_id.as_str())];
                html.tag("p", &paragraph, |html| html.text(self.hint));
            }
        });
    }

    fn control<'b>(&'b self, html: &mut Html, mut attributes: Vec<(&'static str, &'b str)>) {
        match self.control {
            Control::Line(more) => {
                attributes.push(("value", self.value));
                attributes.extend(more);
                html.void("input", &attributes);
            }
            Control::Choice(options) => html.tag("select", &attributes, |html| {
                for (value, text) in options {
                    let mut attributes = vec![("value", value.as_str())];
                    if value == self.value {
                        attributes.push(("selected", ""));
                    }
                    html.tag("option", &attributes, |html| html.text(text));
                }
            }),
        }
    }
}
