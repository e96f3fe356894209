//! The page: what a run is asked with, a canvas, and what came of it. A script fills it.

use std::sync::LazyLock;

use clap::ValueEnum;
use tangle_api::{Asset, Html, SinglePage};
use tangle_sim::attack::Attack;

use super::request::{BLOCKS_MAX, LAMBDA_MAX, TRIALS_MAX};
use crate::sections::TipStrategy;

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../../../assets/simulator.css");
    Asset::new("simulator.css", "text/css; charset=utf-8", content)
});
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../../../assets/simulator.js");
    Asset::new("simulator.js", "text/javascript; charset=utf-8", content)
});

/// The page of the simulator.
pub(super) fn page() -> SinglePage {
    let mut html = Html::default();
    html.plain("h1", "Simulator");
    html.leaf(
        "p",
        "quiet",
        "A Tangle grows as blocks arrive, choose parents among what they see, and are seen by others \
         a second later. The same seed gives the same arrivals, whatever the strategy.",
    );
    html.tag("noscript", &[], |html| {
        html.leaf(
            "p",
            "card",
            "This page draws with a script. Without one, `tangle sim run` and `tangle sim attack` \
             tell the same in a terminal.",
        );
    });
    scenario(&mut html);
    picture(&mut html);
    results(&mut html);
    SinglePage {
        title: "Simulator",
        label: "simulator",
        content: html,
        style: &STYLE,
        script: &SCRIPT,
        version: env!("CARGO_PKG_VERSION"),
    }
}

fn scenario(html: &mut Html) {
    let form = [
        ("id", "scenario"),
        ("class", "card scenario"),
        ("aria-label", "Scenario"),
    ];
    html.tag("form", &form, |html| {
        choice(
            html,
            ("view", "Show"),
            &[("growth", "a Tangle that grows"), ("attack", "an attack")],
        );
        let strategies: Vec<String> = TipStrategy::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value)
            .map(|value| value.get_name().to_owned())
            .collect();
        let strategies: Vec<_> = strategies
            .iter()
            .map(|name| (name.as_str(), name.as_str()))
            .collect();
        choice(html, ("strategy", "Strategy"), &strategies);
        let attacks = Attack::ALL.map(|attack| (attack.name(), attack.name()));
        choice(html, ("attack", "Attack"), &attacks);
        let lambda_max = LAMBDA_MAX.to_string();
        slider(html, ("lambda", "Blocks a second, λ"), ("0.1", &lambda_max));
        slider(html, ("alpha", "Preference for weight, α"), ("0", "100"));
        slider(html, ("share", "The attacker's share"), ("0", "0.95"));
        number(html, ("seed", "Seed"), ("0", "9007199254740991"));
        let (blocks_max, trials_max) = (BLOCKS_MAX.to_string(), TRIALS_MAX.to_string());
        number(html, ("blocks", "Blocks"), ("1", &blocks_max));
        number(html, ("trials", "Trials"), ("1", &trials_max));
        html.tag("button", &[("type", "submit")], |html| {
            html.text("Run again");
        });
    });
}

type Named<'a> = (&'static str, &'a str);

fn choice(html: &mut Html, (id, name): Named<'_>, values: &[(&str, &str)]) {
    let label = ["for-", id].concat();
    html.tag("label", &[("class", &label)], |html| {
        html.plain("span", name);
        html.tag("select", &[("id", id), ("name", id)], |html| {
            for (value, name) in values {
                html.tag("option", &[("value", value)], |html| html.text(name));
            }
        });
    });
}

/// A field for a number, of any precision.
fn number(html: &mut Html, (id, name): Named<'_>, (min, max): (&str, &str)) {
    let label = ["for-", id].concat();
    html.tag("label", &[("class", &label)], |html| {
        html.plain("span", name);
        field(html, id, (min, max));
    });
}

fn field(html: &mut Html, id: &'static str, (min, max): (&str, &str)) {
    let step = match id {
        "seed" | "blocks" | "trials" => "1",
        _ => "any",
    };
    let attributes = [
        ("id", id),
        ("name", id),
        ("type", "number"),
        ("min", min),
        ("max", max),
        ("step", step),
        ("required", ""),
    ];
    html.void("input", &attributes);
}

/// A field for a number with a slider, which goes through values that the script knows.
fn slider(html: &mut Html, (id, name): Named<'_>, range: (&str, &str)) {
    let class = ["for-", id].concat();
    html.tag("div", &[("class", &class)], |html| {
        html.tag("label", &[("for", id)], |html| html.text(name));
        html.tag("div", &[("class", "pair")], |html| {
            field(html, id, range);
            let (slider, label) = ([id, "-slider"].concat(), [name, ", slider"].concat());
            let attributes = [
                ("id", slider.as_str()),
                ("type", "range"),
                ("min", "0"),
                ("max", "1"),
                ("aria-label", label.as_str()),
            ];
            html.void("input", &attributes);
        });
    });
}

fn picture(html: &mut Html) {
    html.tag("figure", &[("class", "card tangle simulated")], |html| {
        html.tag("div", &[("class", "controls")], |html| {
            html.tag("button", &[("id", "play"), ("type", "button")], |html| {
                html.text("Pause");
            });
            let speeds = [
                ("1", "1 × as fast"),
                ("5", "5 ×"),
                ("20", "20 ×"),
                ("100", "100 ×"),
            ];
            choice(html, ("speed", "Speed"), &speeds);
            let spans = [
                ("10", "10 s"),
                ("30", "30 s"),
                ("120", "2 min"),
                ("600", "10 min"),
                ("all", "everything"),
            ];
            choice(html, ("span", "Span"), &spans);
            let colours = [("confidence", "confidence"), ("role", "sides of an attack")];
            choice(html, ("colour", "Colour by"), &colours);
        });
        html.tag("div", &[("class", "time")], |html| {
            html.tag("label", &[("for", "time")], |html| html.text("As of"));
            let time = [
                ("id", "time"),
                ("type", "range"),
                ("min", "0"),
                ("max", "0"),
                ("step", "any"),
                ("value", "0"),
            ];
            html.void("input", &time);
            html.tag("output", &[("id", "clock"), ("for", "time")], |html| {
                html.text("0 s");
            });
        });
        let canvas = [
            ("id", "tangle"),
            ("tabindex", "0"),
            ("role", "application"),
            (
                "aria-label",
                "The Tangle; time runs to the right, each block stands where it was issued",
            ),
            ("aria-describedby", "keys"),
        ];
        html.tag("canvas", &canvas, |_| {});
        html.tag("figcaption", &[], |html| {
            legends(html);
            html.tag("p", &[("id", "about"), ("aria-live", "polite")], |html| {
                html.text("Point at a block, or choose it by a click, to see its past and future.");
            });
            html.tag("p", &[("id", "keys"), ("class", "quiet")], |html| {
                html.text(
                    "Keys on the picture: ← → move in time, + − the span, space pauses, N and P \
                     choose the next and the previous block, Esc none. Dragging moves in time.",
                );
            });
        });
    });
}

fn legends(html: &mut Html) {
    let lists: [(&str, &[(&str, &str)]); 2] = [
        (
            "confidence-legend",
            &[
                ("dot unseen", "not seen by others yet"),
                ("dot none", "confidence 0"),
                ("dot half", "half"),
                ("dot full", "1"),
            ],
        ),
        (
            "role-legend",
            &[
                ("dot unseen", "approves neither spend"),
                ("dot full", "approves the payment"),
                ("dot none", "approves the second spend"),
                ("dot attacker", "issued by the attacker"),
                ("dot spend", "the two spends"),
            ],
        ),
    ];
    for (id, rows) in lists {
        html.tag("ul", &[("class", "legend"), ("id", id)], |html| {
            for (class, name) in rows {
                html.leaf("li", class, name);
            }
        });
    }
    html.tag("ul", &[("class", "legend")], |html| {
        html.leaf("li", "past", "past of the chosen block");
        html.leaf("li", "future", "its future");
    });
    html.leaf(
        "p",
        "quiet",
        "Confidence: the share of the 64 blocks issued last, whose parents the strategy chose, that \
         approve a block directly or through others.",
    );
}

fn results(html: &mut Html) {
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "What came of it");
        html.tag("p", &[("id", "said"), ("role", "status")], |html| {
            html.text("Nothing has run yet.");
        });
        html.tag("dl", &[("class", "facts"), ("id", "metrics")], |_| {});
    });
}
