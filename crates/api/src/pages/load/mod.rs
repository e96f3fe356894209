//! A load on the node: what to send, how it goes, and an end to it.
//!
//! Who may open the page may put a load on the node, without signing in. So the page is only there
//! where a [`LoadGenerator`] is handed in, which is where nobody but this machine reaches the node;
//! and forms are taken from this page alone, opened under an address that nobody can make lead here
//! from elsewhere ([`Fields::read_open`]).

mod form;
mod generator;

pub use generator::{LoadBounds, LoadGenerator, LoadOrder, LoadPhase, LoadRefused, LoadRun};

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use crate::origin::is_at_fixed_host;
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::show::{self, fact};
use crate::pages::site::Site;
use crate::pages::visualizer;
use form::{Form, Mistakes};

/// Where the page is, and where its form goes.
pub(super) const PATH: &str = "/load";
const STOP: &str = "/load/stop";
/// Time between two looks at a run.
const RENEWED_MS: u32 = 1_000;

/// A node's site, and who puts a load on the node.
#[derive(Clone)]
struct Loading {
    site: Arc<Site>,
    generator: Arc<dyn LoadGenerator>,
}

/// The routes of the page.
pub(super) fn routes<S>(site: Arc<Site>, generator: Arc<dyn LoadGenerator>) -> Router<S> {
    Router::new()
        .route(PATH, get(page).post(start))
        .route(STOP, post(stop))
        .with_state(Loading { site, generator })
}

async fn page(State(loading): State<Loading>, headers: HeaderMap) -> Response {
    let page = shown(&*loading.generator, is_at_fixed_host(&headers));
    answer(&loading.site, Place::Load, Ok(page))
}

/// Takes the form.
async fn start(State(loading): State<Loading>, request: Request) -> Response {
    let Loading { site, generator } = loading;
    let page = match Fields::read_open(&site, request).await {
        Ok(fields) => match started(&*generator, &Form::from(&fields)) {
            None => return Redirect::to(PATH).into_response(),
            Some(page) => Ok(page),
        },
        Err(trouble) => Err(trouble),
    };
    answer(&site, Place::Load, page)
}

async fn stop(State(loading): State<Loading>, request: Request) -> Response {
    let Loading { site, generator } = loading;
    if let Err(trouble) = Fields::read_open(&site, request).await {
        return answer(&site, Place::Load, Err(trouble));
    }
    generator.stop();
    Redirect::to(PATH).into_response()
}

fn shown(generator: &dyn LoadGenerator, may_act: bool) -> Page {
    let run = generator.run();
    let mut html = Html::default();
    html.plain("h1", "Load");
    if let Some(run) = run.as_ref().filter(|run| run.phase.is_open()) {
        going_on(&mut html, run, may_act);
        return Page::new(Place::Load, "Load", html).awaited(RENEWED_MS);
    }
    if let Some(run) = &run {
        ended(&mut html, run);
    }
    if may_act {
        let order = run.map_or_else(|| generator.usual(), |run| run.order);
        let (form, bounds) = (Form::from(&order), generator.bounds());
        form_card(&mut html, &form, &bounds, &Mistakes::default());
    } else {
        html.leaf(
            "p",
            "card",
            "Loads are started from this page at an IP address or at localhost: somebody else \
             could make any other name lead here.",
        );
    }
    Page::new(Place::Load, "Load", html)
}

/// Starts a run as a form says; a page if it does not start.
fn started(generator: &dyn LoadGenerator, form: &Form) -> Option<Page> {
    let bounds = generator.bounds();
    let order = match form.order(&bounds) {
        Ok(order) => order,
        Err(mistakes) => {
            let text = "A field below says what has to be changed.";
            return Some(refused(StatusCode::BAD_REQUEST, text, |html| {
                form_card(html, form, &bounds, &mistakes);
            }));
        }
    };
    let refusal = generator.start(order).err()?;
    let status = match refusal {
        LoadRefused::Running => StatusCode::CONFLICT,
        LoadRefused::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    };
    let text = format!("Not now: {refusal}.");
    Some(refused(status, &text, |html| {
        html.tag("p", &[("class", "more")], |html| {
            html.link(PATH, "See how it goes");
        });
        form_card(html, form, &bounds, &Mistakes::default());
    }))
}

fn refused(status: StatusCode, text: &str, rest: impl FnOnce(&mut Html)) -> Page {
    let mut html = Html::default();
    html.plain("h1", "Load");
    let card = [("class", "card health bad"), ("role", "alert")];
    html.tag("section", &card, |html| {
        html.plain("h2", "Not started");
        html.plain("p", text);
    });
    rest(&mut html);
    let mut page = Page::new(Place::Load, "Load", html);
    page.status = status;
    page
}

fn form_card(html: &mut Html, form: &Form, bounds: &LoadBounds, mistakes: &Mistakes) {
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Send blocks to this node");
        form.draw(html, bounds, mistakes);
    });
}

fn going_on(html: &mut Html, run: &LoadRun, may_act: bool) {
    html.tag("section", &[("class", "card health good")], |html| {
        let (title, text) = match run.phase {
            LoadPhase::Preparing => ("Getting ready", "Coins come from the faucet and are split."),
            LoadPhase::Settling => ("Coming to an end", "Milestones decide on the last blocks."),
            _ => (
                "Sending",
                "It ends by itself, and goes on when this page is closed.",
            ),
        };
        html.plain("h2", title);
        html.plain("p", text);
        if may_act {
            let form = [("method", "post"), ("action", STOP), ("class", "fields")];
            html.tag("form", &form, |html| {
                let button = [("type", "submit"), ("id", "stop")];
                html.tag("button", &button, |html| html.text("Stop"));
            });
        }
    });
    figures(html, run);
}

fn ended(html: &mut Html, run: &LoadRun) {
    let sent = sent(run);
    let (class, title, text) = match &run.phase {
        LoadPhase::Failed(reason) => ("card health bad", "It did not begin", reason.clone()),
        LoadPhase::Stopped => (
            "card health",
            "Stopped",
            "It was stopped before the first block.".to_owned(),
        ),
        _ if sent == 0 => (
            "card health bad",
            "Nothing was sent",
            "The node took no block.".to_owned(),
        ),
        _ => (
            "card health good",
            "It has ended",
            format!("{} blocks in {:.1} s.", show::grouped(sent), run.seconds),
        ),
    };
    html.tag("section", &[("class", class)], |html| {
        html.plain("h2", title);
        html.plain("p", text);
    });
    if sent > 0 || run.refused > 0 {
        figures(html, run);
    }
}

const fn sent(run: &LoadRun) -> u64 {
    run.data + run.value + run.conflicts
}

/// The numbers of a run, and what became of its blocks.
fn figures(html: &mut Html, run: &LoadRun) {
    let section = [("class", "numbers"), ("aria-label", "So far")];
    html.tag("section", &section, |html| {
        let order = &run.order;
        show::number(html, "Blocks/s", |html| html.text(show::rate(run.rate)));
        show::number(html, "Asked for", |html| html.text(order.rate));
        show::number(html, "Seconds", |html| {
            html.text(format_args!("{:.0} of {}", run.seconds, order.seconds));
        });
        for (name, count, is_wanted) in [
            ("Sent", sent(run), true),
            ("Data", run.data, order.data > 0),
            ("Transfers", run.value, order.value > 0),
            ("In pairs", run.conflicts, order.conflicts > 0),
            ("Refused", run.refused, true),
        ] {
            if is_wanted {
                show::number(html, name, |html| html.text(show::grouped(count)));
            }
        }
    });
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "What became of the blocks");
        html.tag("dl", &[("class", "facts fates")], |html| {
            fact(html, "tag", |html| html.text(&run.order.tag));
            for (name, text) in &run.fates {
                fact(html, name, |html| html.text(text));
            }
        });
        html.tag("p", &[("class", "more")], |html| {
            html.link(
                &visualizer::path_of_tag(&run.tag_start),
                "Watch these blocks",
            );
            html.link(visualizer::PATH, "Watch all blocks");
        });
    });
}
