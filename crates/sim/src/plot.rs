//! Plots as SVG, made without any other program: lines with marks, straight or logarithmic axes,
//! a legend, and bars for intervals.

use std::fmt::Write;

/// Width and height of a plot, and the margins around its area, in pixels.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
/// Width of the legend, which stands at the right of the area.
const LEGEND: f64 = 130.0;
/// Pixels between the points of neighbouring lines at one place, when there are intervals: bars in
/// one place would hide each other.
const ASIDE: f64 = 3.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 55.0;
/// Marks on a straight axis, about.
const TICKS: f64 = 6.0;
/// Colours of lines, told apart also by those who see few (Okabe and Ito); then they repeat.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];

/// A point, with the ends of an interval if there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Where.
    pub x: f64,
    /// How much.
    pub y: f64,
    /// The interval.
    pub interval: Option<(f64, f64)>,
}

/// A line of a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<Point>,
}

/// A plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// Above it.
    pub title: String,
    /// Below it.
    pub x_label: String,
    /// At its left.
    pub y_label: String,
    /// Whether the axis from left to right is logarithmic; points at 0 or below are left out.
    pub is_x_log: bool,
    /// Whether the axis upwards is.
    pub is_y_log: bool,
    /// The lines.
    pub series: Vec<Series>,
}

/// An axis: which values it shows, and where.
struct Axis {
    low: f64,
    high: f64,
    is_log: bool,
    from: f64,
    to: f64,
}

impl Axis {
    fn new(values: impl Iterator<Item = f64>, is_log: bool, from: f64, to: f64) -> Self {
        let usable = |value: &f64| value.is_finite() && (!is_log || *value > 0.0);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(usable) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = (1.0, 10.0);
        }
        if is_log {
            low = 10_f64.powf(low.log10().floor());
            high = 10_f64.powf(high.log10().ceil()).max(low * 10.0);
        } else {
            // A scale that begins near 0 begins at 0.
            if low > 0.0 && low < high / 2.0 {
                low = 0.0;
            }
            if high - low < 1e-9 {
                high = low + 1.0;
            }
            let step = step(high - low);
            low = (low / step).floor() * step;
            high = (high / step).ceil() * step;
        }
        Self {
            low,
            high,
            is_log,
            from,
            to,
        }
    }

    fn at(&self, value: f64) -> f64 {
        let share = if self.is_log {
            (value / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + (self.to - self.from) * share.clamp(0.0, 1.0)
    }

    fn ticks(&self) -> Vec<f64> {
        if self.is_log {
            let decades = (self.high / self.low).log10().round() as i32;
            return (0..=decades)
                .map(|power| self.low * 10_f64.powi(power))
                .collect();
        }
        let step = step(self.high - self.low);
        let count = ((self.high - self.low) / step).round() as i32;
        (0..=count)
            .map(|tick| self.low + f64::from(tick) * step)
            .collect()
    }

    fn shows(&self, value: f64) -> bool {
        value.is_finite() && (!self.is_log || value > 0.0)
    }
}

/// 1, 2 or 5 times a power of ten, so that a range has some steps.
fn step(range: f64) -> f64 {
    let rough = range / TICKS;
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| power * factor >= rough);
    power * factor.unwrap_or(10.0)
}

/// A number for an axis, short.
fn figure(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || size < 1e-12 {
        "0".to_owned()
    } else if (0.001..100_000.0).contains(&size) {
        let text = format!("{value:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{value:.0e}")
    }
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

impl Plot {
    /// The plot as an SVG document.
    #[must_use]
    pub fn svg(&self) -> String {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let has_intervals = points().any(|point| point.interval.is_some());
        let middle = (self.series.len() as f64 - 1.0) / 2.0;
        // Points that stand aside stay in the area.
        let room = match has_intervals {
            true => middle.max(0.0) * ASIDE,
            false => 0.0,
        };
        let (left, right) = (LEFT + room, self.right() - room);
        let x = Axis::new(points().map(|it| it.x), self.is_x_log, left, right);
        let heights = points().flat_map(|point| {
            let (low, high) = point.interval.unwrap_or((point.y, point.y));
            [low, point.y, high]
        });
        let y = Axis::new(heights, self.is_y_log, HEIGHT - BOTTOM, TOP);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        self.draw_frame(&mut out, &x, &y);
        for (line, (series, colour)) in self.series.iter().zip(COLOURS.iter().cycle()).enumerate() {
            let aside = match has_intervals {
                true => (line as f64 - middle) * ASIDE,
                false => 0.0,
            };
            draw_series(&mut out, (series, colour, aside), &x, &y);
        }
        self.draw_legend(&mut out);
        out.push_str("</svg>\n");
        out
    }

    /// Where the area ends.
    fn right(&self) -> f64 {
        match self.series.len() {
            0 | 1 => WIDTH - RIGHT,
            _ => WIDTH - RIGHT - LEGEND,
        }
    }

    fn draw_frame(&self, out: &mut String, x: &Axis, y: &Axis) {
        let (bottom, right) = (HEIGHT - BOTTOM, self.right());
        // Writing to a text cannot fail.
        for tick in x.ticks() {
            let (at, text) = (x.at(tick), figure(tick));
            let _ = writeln!(
                out,
                "<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
                bottom + 16.0
            );
        }
        for tick in y.ticks() {
            let (at, text) = (y.at(tick), figure(tick));
            let _ = writeln!(
                out,
                "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#ddd\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 6.0,
                at + 4.0
            );
        }
        let (middle, height) = ((LEFT + right) / 2.0, (TOP + bottom) / 2.0);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"black\"/>\n\
             <text x=\"{middle}\" y=\"20\" text-anchor=\"middle\" font-size=\"14\">{}</text>\n\
             <text x=\"{middle}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n\
             <text transform=\"translate(16 {height}) rotate(-90)\" \
             text-anchor=\"middle\">{}</text>",
            escape(&self.title),
            HEIGHT - 14.0,
            escape(&self.x_label),
            escape(&self.y_label),
        );
    }

    fn draw_legend(&self, out: &mut String) {
        if self.series.len() < 2 {
            return;
        }
        for (line, (series, colour)) in self.series.iter().zip(COLOURS.iter().cycle()).enumerate() {
            let at = TOP + 14.0 + 16.0 * line as f64;
            let _ = writeln!(
                out,
                "<path d=\"M{:.1} {:.1}h18\" stroke=\"{colour}\" stroke-width=\"2\"/>\
                 <text x=\"{:.1}\" y=\"{at:.1}\">{}</text>",
                self.right() + 10.0,
                at - 4.0,
                self.right() + 34.0,
                escape(&series.name)
            );
        }
    }
}

/// Draws a line in a colour, so many pixels aside.
fn draw_series(out: &mut String, line: (&Series, &str, f64), x: &Axis, y: &Axis) {
    let (series, colour, aside) = line;
    // A line that leaves a point out is broken there: it would say what nobody measured.
    let mut letter = 'M';
    let mut path = String::new();
    let mut marks = String::new();
    for point in &series.points {
        if !(x.shows(point.x) && y.shows(point.y)) {
            letter = 'M';
            continue;
        }
        let (across, up) = (x.at(point.x) + aside, y.at(point.y));
        let _ = write!(path, "{letter}{across:.1} {up:.1}");
        letter = 'L';
        let _ = write!(
            marks,
            "<circle cx=\"{across:.1}\" cy=\"{up:.1}\" r=\"2.5\"/>"
        );
        if let Some((low, high)) = point.interval {
            let (low, high) = (y.at(low.max(y.low)), y.at(high.max(y.low)));
            let _ = write!(marks, "<path d=\"M{across:.1} {low:.1}V{high:.1}\"/>");
        }
    }
    let _ = writeln!(
        out,
        "<g stroke=\"{colour}\" fill=\"{colour}\">\
         <path d=\"{path}\" fill=\"none\" stroke-width=\"2\"/>{marks}</g>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(ys: &[f64], is_y_log: bool) -> Plot {
        let point = |(x, y): (usize, &f64)| Point {
            x: x as f64,
            y: *y,
            interval: Some((y * 0.9, y * 1.1)),
        };
        Plot {
            title: "tips <&>".to_owned(),
            x_label: "x".to_owned(),
            y_label: "y".to_owned(),
            is_x_log: false,
            is_y_log,
            series: vec![Series {
                name: "one".to_owned(),
                points: ys.iter().enumerate().map(point).collect(),
            }],
        }
    }

    #[test]
    fn a_plot_has_its_points_in_place() {
        let svg = plot(&[0.0, 5.0, 10.0], false).svg();
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(svg.contains("tips &lt;&amp;&gt;"), "{svg}");
        // The first one stands in the corner; the axis ends at a round number above 11.
        assert!(svg.contains("cx=\"70.0\" cy=\"345.0\""), "{svg}");
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn what_a_logarithm_has_not_is_left_out() {
        let svg = plot(&[0.0, 0.01, 1.0], true).svg();
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn a_line_is_broken_where_a_point_is_left_out() {
        let svg = plot(&[0.01, 0.0, 1.0, 2.0], true).svg();
        let line = svg.lines().find(|line| line.starts_with("<g stroke"));
        let line = line.and_then(|line| line.split_once(" fill=\"none\""));
        let (line, _) = line.expect("a line");
        assert_eq!(
            (line.matches('M').count(), line.matches('L').count()),
            (2, 1),
            "{svg}"
        );
    }

    #[test]
    fn bars_of_two_lines_stand_side_by_side() {
        let mut plot = plot(&[1.0], false);
        plot.series.push(plot.series[0].clone());
        let svg = plot.svg();
        let circles: Vec<&str> = svg.split("<circle cx=").skip(1).collect();
        let at = |circle: &str| circle.split('"').nth(1).map(str::to_owned);
        assert_eq!(circles.len(), 2);
        assert_ne!(at(circles[0]), at(circles[1]));
    }

    #[test]
    fn nothing_and_nonsense_are_drawn_as_nothing() {
        for ys in [&[][..], &[f64::NAN], &[f64::INFINITY, 1.0]] {
            for is_log in [false, true] {
                let svg = plot(ys, is_log).svg();
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            }
        }
    }

    #[test]
    fn steps_are_round() {
        assert_eq!(step(1.0), 0.2);
        assert_eq!(step(600.0), 100.0);
        assert_eq!(
            (figure(0.25), figure(1e6), figure(300.0)),
            ("0.25".into(), "1e6".into(), "300".into())
        );
    }
}
