//! A writer of HTML that escapes everything.
//!
//! What is not a name of an element or attribute, written in the source, can only get in by
//! [`Html::text`] or as an attribute's value, and both escape. So nothing that others chose, such
//! as a tag or the metadata of an output, can become markup.

use std::fmt::{self, Display, Write};

/// Finished markup.
#[derive(Clone, Debug, Default)]
pub struct Html(String);

/// Names and values of an element's attributes.
pub type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Html {
    /// Adds a text.
    pub fn text(&mut self, text: impl Display) {
        write!(Escaping(&mut self.0), "{text}").expect("a string takes any text");
    }

    /// Adds an element that `body` fills.
    pub fn tag(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        body: impl FnOnce(&mut Self),
    ) {
        self.void(name, attributes);
        body(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// Adds an element that has no content, such as `input`.
    pub fn void(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            write!(Escaping(&mut self.0), "{value}").expect("a string takes any text");
            self.0.push('"');
        }
        self.0.push('>');
    }

    /// Adds an element of a class with a text.
    pub fn leaf(&mut self, name: &'static str, class: &str, text: impl Display) {
        self.tag(name, &[("class", class)], |html| html.text(text));
    }

    /// Adds an element with a text.
    pub fn plain(&mut self, name: &'static str, text: impl Display) {
        self.tag(name, &[], |html| html.text(text));
    }

    /// Adds a link.
    pub fn link(&mut self, to: &str, text: impl Display) {
        self.tag("a", &[("href", to)], |html| html.text(text));
    }

    /// Adds other markup.
    pub fn add(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    /// The document.
    #[must_use]
    pub fn into_document(self) -> String {
        format!("<!doctype html>\n{}\n", self.0)
    }
}

/// Writes a text so that it is a text in HTML, also between quotes.
struct Escaping<'a>(&'a mut String);

impl Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            match letter {
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '&' => self.0.push_str("&amp;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' | '\t' => self.0.push(letter),
                steering if is_steering(steering) => self.0.push('\u{fffd}'),
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

/// Whether a letter is none but controls what is around it: its direction, or the terminal into
/// which somebody copies it.
fn is_steering(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(letter, '\u{2066}'..='\u{2069}')
        || matches!(letter, '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(text: &str) -> String {
        let mut html = Html::default();
        html.text(text);
        html.0
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            text_of("<script>alert(\"1\" & '2')</script>"),
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;"
        );
        let mut html = Html::default();
        html.tag("a", &[("href", "\"><img src=x onerror='1'>")], |html| {
            html.text(1)
        });
        assert_eq!(
            html.0,
            "<a href=\"&quot;&gt;&lt;img src=x onerror=&#39;1&#39;&gt;\">1</a>"
        );
    }

    #[test]
    fn text_cannot_steer() {
        assert_eq!(
            text_of("a\0b\u{1b}[2J\u{85}"),
            "a\u{fffd}b\u{fffd}[2J\u{fffd}"
        );
        assert_eq!(
            text_of("\u{202e}gpj.exe\u{2066}"),
            "\u{fffd}gpj.exe\u{fffd}"
        );
        assert_eq!(text_of("two\nlines\tgrüße 你好"), "two\nlines\tgrüße 你好");
    }
}
