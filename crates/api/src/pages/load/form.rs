//! The form in which a load is asked for: what was typed, and what is wrong with it.

use std::fmt::Display;

use super::generator::{LoadBounds, LoadOrder};
use crate::pages::field::{Control, Field, VERBATIM};
use crate::pages::fields::Fields;
use crate::pages::html::Html;

/// What a visitor typed, as it was typed, so that nothing has to be typed again.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    rate: String,
    seconds: String,
    data: String,
    value: String,
    conflicts: String,
    size: String,
    tag: String,
}

/// What is wrong, by the name of the field.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<(&'static str, String)>);

impl From<&LoadOrder> for Form {
    fn from(order: &LoadOrder) -> Self {
        Self {
            rate: order.rate.to_string(),
            seconds: order.seconds.to_string(),
            data: order.data.to_string(),
            value: order.value.to_string(),
            conflicts: order.conflicts.to_string(),
            size: order.size_bytes.to_string(),
            tag: order.tag.clone(),
        }
    }
}

impl From<&Fields> for Form {
    fn from(fields: &Fields) -> Self {
        let text = |name| fields.text(name).to_owned();
        Self {
            rate: text("rate"),
            seconds: text("seconds"),
            data: text("data"),
            value: text("value"),
            conflicts: text("conflicts"),
            size: text("size"),
            tag: text("tag"),
        }
    }
}

impl Form {
    /// The order, if it keeps to the bounds.
    pub(super) fn order(&self, bounds: &LoadBounds) -> Result<LoadOrder, Mistakes> {
        let mut mistakes = Mistakes::default();
        let (least, most) = (bounds.rates.start(), bounds.rates.end());
        let rate = self.rate.parse().ok();
        let rate = rate.filter(|rate| bounds.rates.contains(rate));
        let rate = rate.unwrap_or_else(|| {
            mistakes.add(
                "rate",
                format_args!("From {least} to {most} blocks a second."),
            );
            0.0
        });
        let seconds = mistakes.whole("seconds", &self.seconds, &bounds.seconds, "seconds");
        let weights = 0..=bounds.weight_max;
        let data = mistakes.whole("data", &self.data, &weights, "");
        let [value, conflicts] = [("value", &self.value), ("conflicts", &self.conflicts)].map(
            |(name, text)| match bounds.has_coins {
                true => mistakes.whole(name, text, &weights, ""),
                false => 0,
            },
        );
        let sizes = 0..=u32::from(bounds.size_bytes_max);
        let size = mistakes.whole("size", &self.size, &sizes, "bytes");
        if self.tag.len() > bounds.tag_bytes_max {
            let (bytes, most) = (self.tag.len(), bounds.tag_bytes_max);
            mistakes.add(
                "tag",
                format_args!("It has {bytes} bytes, at most {most} fit."),
            );
        }
        if mistakes.0.is_empty() && data == 0 && value == 0 && conflicts == 0 {
            mistakes.add("data", "All weights are 0: nothing would be sent.");
        }
        if !mistakes.0.is_empty() {
            return Err(mistakes);
        }
        Ok(LoadOrder {
            rate,
            data,
            value,
            conflicts,
            size_bytes: size as u16,
            tag: self.tag.clone(),
            seconds,
        })
    }

    /// Adds the form, with mistakes beside their fields.
    pub(super) fn draw(&self, html: &mut Html, bounds: &LoadBounds, mistakes: &Mistakes) {
        let form = [
            ("method", "post"),
            ("action", super::PATH),
            ("class", "fields"),
        ];
        let [least, most] = [bounds.rates.start(), bounds.rates.end()].map(f64::to_string);
        let [shortest, longest] =
            [bounds.seconds.start(), bounds.seconds.end()].map(u32::to_string);
        let size_max = bounds.size_bytes_max.to_string();
        let weight_max = bounds.weight_max.to_string();
        html.tag("form", &form, |html| {
            html.tag("fieldset", &[], |html| {
                html.plain("legend", "How much");
                let rates = [("min", least.as_str()), ("max", &most), ("step", "any")];
                let name = ("rate", "Blocks a second");
                mistakes.number(html, name, &self.rate, &rates);
                let seconds = [("min", shortest.as_str()), ("max", &longest)];
                mistakes.number(html, ("seconds", "Seconds"), &self.seconds, &seconds);
            });
            html.tag("fieldset", &[], |html| {
                html.plain("legend", "Of what, by weight");
                let weights = [("min", "0"), ("max", weight_max.as_str())];
                mistakes.number(html, ("data", "Data"), &self.data, &weights);
                if bounds.has_coins {
                    mistakes.number(html, ("value", "Transfers"), &self.value, &weights);
                    let name = ("conflicts", "Conflicting pairs");
                    mistakes.number(html, name, &self.conflicts, &weights);
                }
            });
            html.leaf("p", "quiet", about_weights(bounds));
            html.tag("fieldset", &[], |html| {
                html.plain("legend", "Content");
                let sizes = [("min", "0"), ("max", size_max.as_str())];
                mistakes.number(html, ("size", "Bytes of data"), &self.size, &sizes);
                mistakes.line(html, ("tag", "Tag"), &self.tag, &VERBATIM);
            });
            html.tag("button", &[("type", "submit")], |html| html.text("Start"));
        });
    }
}

const fn about_weights(bounds: &LoadBounds) -> &'static str {
    if bounds.has_coins {
        "2, 2 and 1 send two blocks with data and two transfers for each pair. Coins come from the \
         faucet. The transfers of a pair spend the same output: exactly one gets included."
    } else {
        "Transfers need coins, and this network has no faucet."
    }
}

impl Mistakes {
    fn add(&mut self, name: &'static str, text: impl Display) {
        self.0.push((name, text.to_string()));
    }

    /// A whole number within bounds; 0 if it is none, which is noted.
    fn whole(
        &mut self,
        name: &'static str,
        text: &str,
        bounds: &std::ops::RangeInclusive<u32>,
        unit: &str,
    ) -> u32 {
        let number = text.parse().ok();
        let number = number.filter(|number| bounds.contains(number));
        number.unwrap_or_else(|| {
            let (least, most) = (bounds.start(), bounds.end());
            let gap = if unit.is_empty() { "" } else { " " };
            let text = format_args!("A whole number from {least} to {most}{gap}{unit}.");
            self.add(name, text);
            0
        })
    }

    fn number(
        &self,
        html: &mut Html,
        (name, label): (&'static str, &'static str),
        value: &str,
        bounds: &[(&'static str, &str)],
    ) {
        let line = [("type", "number"), ("required", "")];
        self.line(html, (name, label), value, &[&line[..], bounds].concat());
    }

    /// A field with its mistake.
    fn line(
        &self,
        html: &mut Html,
        (name, label): (&'static str, &'static str),
        value: &str,
        attributes: &[(&'static str, &str)],
    ) {
        let mistake = self.0.iter().find(|(found, _)| *found == name);
        Field {
            name,
            label,
            value,
            hint: "",
            wrong: mistake.map(|(_, text)| text.as_str()),
            control: Control::Line(attributes),
        }
        .draw(html);
    }
}
