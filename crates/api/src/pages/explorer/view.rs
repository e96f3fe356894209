//! The three views of a thing: a page, JSON, bytes.

use serde::Serialize;

use crate::pages::html::Html;
use crate::pages::site::Trouble;

/// How a thing is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Page,
    Json,
    Raw,
}

impl View {
    /// Reads the query of a page.
    pub(super) fn of(query: Option<&str>) -> Self {
        match query {
            Some("view=json") => Self::Json,
            Some("view=raw") => Self::Raw,
            _ => Self::Page,
        }
    }

    /// Adds links to the other views of the page at `path`.
    pub(super) fn tabs(self, html: &mut Html, path: &str) {
        html.tag(
            "nav",
            &[("class", "tabs"), ("aria-label", "Views")],
            |html| {
                for (view, name, query) in [
                    (Self::Page, "Page", ""),
                    (Self::Json, "JSON", "?view=json"),
                    (Self::Raw, "Raw", "?view=raw"),
                ] {
                    let to = format!("{path}{query}");
                    let mut attributes = vec![("href", to.as_str())];
                    if view == self {
                        attributes.push(("aria-current", "true"));
                    }
                    html.tag("a", &attributes, |html| html.text(name));
                }
            },
        );
    }
}

/// Adds a value as JSON, as the REST interface tells it.
pub(super) fn json(html: &mut Html, value: &impl Serialize) -> Result<(), Trouble> {
    let text = serde_json::to_string_pretty(value).map_err(|error| {
        tracing::error!(%error, "a value has no JSON");
        Trouble::Failed
    })?;
    html.tag("pre", &[("class", "code"), ("tabindex", "0")], |html| {
        html.text(text)
    });
    Ok(())
}

/// Adds bytes as digits with their positions.
pub(super) fn raw(html: &mut Html, bytes: &[u8]) {
    use std::fmt::Write;
    const ROW: usize = 16;
    let mut text = String::with_capacity(bytes.len() * 4);
    for (number, row) in bytes.chunks(ROW).enumerate() {
        write!(text, "{:06x} ", number * ROW).expect("a string takes any text");
        for byte in row {
            write!(text, " {byte:02x}").expect("a string takes any text");
        }
        text.push('\n');
    }
    html.tag("pre", &[("class", "code"), ("tabindex", "0")], |html| {
        html.text(text)
    });
}
