//! The effective configuration, and who said what of it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::sessions::Operator;
use super::{SETTINGS, tabs};
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::show::fact;
use crate::pages::site::{Setting, Site};

/// Where values stand that are in no section.
const OUTSIDE: &str = "general";

/// The page.
pub(super) async fn page(State(site): State<Arc<Site>>, operator: Operator) -> Response {
    let mut html = Html::default();
    html.plain("h1", "Settings");
    tabs(&mut html, &operator, SETTINGS);
    html.tag("section", &[("class", "card")], |html| {
        html.plain(
            "p",
            "What the node runs with, and who said so. It reads this when it starts.",
        );
        html.tag("dl", &[("class", "facts")], |html| {
            let api = &site.api;
            fact(html, "Software", |html| {
                html.text(format_args!("{} {}", api.name, api.version));
            });
            fact(html, "Network", |html| {
                html.text(&site.node.status().parameters.network_name);
            });
        });
    });
    let mut settings: Vec<&Setting> = site.settings.iter().collect();
    settings.sort_by_key(|setting| section_of(setting).0);
    for section in settings.chunk_by(|one, next| section_of(one).0 == section_of(next).0) {
        card(&mut html, section);
    }
    let page = Page::new(Place::Operator, "Settings", html);
    answer(&site, Place::Operator, Ok(page))
}

fn card(html: &mut Html, section: &[&Setting]) {
    let Some(first) = section.first() else {
        return;
    };
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", section_of(first).0);
        html.tag("dl", &[("class", "facts")], |html| {
            for setting in section {
                fact(html, section_of(setting).1, |html| {
                    match &setting.value {
                        Some(value) => html.leaf("code", "id", value),
                        None => html.leaf("span", "quiet", "none"),
                    }
                    html.text(" ");
                    html.leaf("span", "mark", &setting.origin);
                });
            }
        });
    });
}

/// The section of a setting, and its name there.
fn section_of(setting: &Setting) -> (&str, &str) {
    let whole = (OUTSIDE, setting.key.as_str());
    setting.key.split_once('.').unwrap_or(whole)
}
