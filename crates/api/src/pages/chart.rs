//! Lines over time, as pictures that need no script.

use std::fmt::Write;

use crate::pages::html::Html;

/// Size of the picture in its own units.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;
/// Points of a line at most; more samples are thinned, keeping their maxima.
const POINTS_MAX: usize = 300;

/// A chart.
pub(crate) struct Chart<'a> {
    /// What it shows.
    pub(crate) title: &'a str,
    /// The lines with their names, oldest value first; all of one length.
    pub(crate) lines: &'a [(&'a str, Vec<f64>)],
    /// Values that fill the width; a shorter line ends at the right side too.
    pub(crate) length: usize,
    /// How long the width is, such as `10 min`.
    pub(crate) span: &'a str,
    /// How a value is written.
    pub(crate) write: fn(f64) -> String,
}

impl Chart<'_> {
    /// Adds the chart with its newest values.
    pub(crate) fn draw(&self, html: &mut Html) {
        let highest = self.lines.iter().flat_map(|(_, values)| values);
        let highest = highest.fold(0.0_f64, |high, value| high.max(*value));
        let top = nice_above(highest);
        html.tag("figure", &[("class", "card chart")], |html| {
            html.tag("figcaption", &[], |html| {
                html.plain("h2", self.title);
                html.tag("ul", &[("class", "legend")], |html| {
                    for (number, (name, values)) in self.lines.iter().enumerate() {
                        self.legend(html, number, name, values);
                    }
                });
            });
            self.picture(html, top);
            html.tag("div", &[("class", "axis")], |html| {
                html.plain("span", format_args!("{} ago", self.span));
                html.plain("span", format_args!("top {}", (self.write)(top)));
                html.plain("span", "now");
            });
        });
    }

    fn legend(&self, html: &mut Html, number: usize, name: &str, values: &[f64]) {
        html.tag(
            "li",
            &[("class", CLASSES[number % CLASSES.len()])],
            |html| {
                html.plain("span", name);
                let newest = values.last().map(|value| (self.write)(*value));
                html.plain("b", newest.as_deref().unwrap_or("–"));
            },
        );
    }

    fn picture(&self, html: &mut Html, top: f64) {
        let view = format!("0 0 {WIDTH} {HEIGHT}");
        let label = format!("{}, the last {}", self.title, self.span);
        let svg = [
            ("viewBox", view.as_str()),
            ("preserveAspectRatio", "none"),
            ("role", "img"),
            ("aria-label", label.as_str()),
        ];
        html.tag("svg", &svg, |html| {
            for line in 1..4 {
                let y = format!("{}", HEIGHT * f64::from(line) / 4.0);
                let width = format!("{WIDTH}");
                let grid = [
                    ("class", "grid"),
                    ("x1", "0"),
                    ("x2", width.as_str()),
                    ("y1", y.as_str()),
                    ("y2", y.as_str()),
                ];
                html.tag("line", &grid, |_| {});
            }
            for (number, (_, values)) in self.lines.iter().enumerate() {
                let class = CLASSES[number % CLASSES.len()];
                let points = self.points(values, top);
                if number == 0 && !points.is_empty() {
                    let area = format!("{} {WIDTH},{HEIGHT} {}", points, self.foot(values.len()));
                    html.tag("polygon", &[("class", class), ("points", &area)], |_| {});
                }
                html.tag("polyline", &[("class", class), ("points", &points)], |_| {});
            }
        });
    }

    /// Where a line of so many values begins, at the foot of the picture.
    fn foot(&self, count: usize) -> String {
        format!("{:.1},{HEIGHT}", self.x(0, count))
    }

    fn x(&self, position: usize, count: usize) -> f64 {
        let last = self.length.max(2) - 1;
        let place = (last + 1 + position).saturating_sub(count);
        WIDTH * place as f64 / last as f64
    }

    fn points(&self, values: &[f64], top: f64) -> String {
        let stride = values.len().div_ceil(POINTS_MAX).max(1);
        let mut points = String::new();
        for (number, group) in values.chunks(stride).enumerate() {
            let value = group.iter().fold(0.0_f64, |high, value| high.max(*value));
            // The newest values lie at the right side, however many there are.
            let position = (number * stride + stride - 1).min(values.len() - 1);
            let x = self.x(position, values.len());
            let y = HEIGHT * (1.0 - value / top);
            let gap = if points.is_empty() { "" } else { " " };
            write!(points, "{gap}{x:.1},{y:.1}").expect("a string takes any text");
        }
        points
    }
}

/// Classes of the lines.
const CLASSES: [&str; 2] = ["line-1", "line-2"];

/// The next number above that has one digit, 1, 2 or 5, and zeros; at least 1.
fn nice_above(value: f64) -> f64 {
    let mut step = 1.0;
    loop {
        for factor in [1.0, 2.0, 5.0] {
            if value < step * factor {
                return step * factor;
            }
        }
        step *= 10.0;
        if !step.is_finite() {
            return f64::MAX;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tops_are_round() {
        for (value, top) in [
            (0.0, 1.0),
            (0.9, 1.0),
            (1.0, 2.0),
            (37.0, 50.0),
            (999.0, 1_000.0),
        ] {
            assert!((nice_above(value) - top).abs() < 1e-9, "{value}");
        }
        assert!(nice_above(f64::INFINITY).is_finite());
    }

    #[test]
    fn newest_value_lies_at_the_right_side() {
        let chart = Chart {
            title: "",
            lines: &[],
            length: 601,
            span: "10 min",
            write: |value| value.to_string(),
        };
        assert_eq!(chart.points(&[1.0], 2.0), "600.0,60.0");
        assert_eq!(chart.points(&[0.0, 2.0], 2.0), "599.0,120.0 600.0,0.0");
        let many = chart.points(&vec![1.0; 601], 2.0);
        assert!(many.split(' ').count() <= POINTS_MAX);
        assert!(many.ends_with("600.0,60.0"));
        assert_eq!(chart.points(&[], 2.0), "");
    }
}
