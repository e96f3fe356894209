//! What an operator has a node do: pruning, snapshots, peers.

use std::fmt::Display;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tangle_node::{Peer, PruneTarget};
use tangle_types::MilestoneIndex;

use super::sessions::Operator;
use super::{MAINTENANCE, Order, form, tabs};
use crate::ApiError;
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::peers;
use crate::pages::show::fact;
use crate::pages::site::{Site, Trouble};

pub(super) const PRUNE: &str = "/maintenance/prune";
pub(super) const SNAPSHOT: &str = "/maintenance/snapshot";
pub(super) const PEER_ADD: &str = "/maintenance/add-peer";
pub(super) const PEER_REMOVE: &str = "/maintenance/remove-peer";

/// The routes of the REST interface that do the same.
const PRUNE_PATH: &str = "/api/core/v2/control/database/prune";
const SNAPSHOT_PATH: &str = "/api/core/v2/control/snapshots/create";

/// Largest index of a milestone.
const INDEX_MAX: &str = "4294967295";
/// Peers that are listed.
const PEERS_MAX: usize = 200;

/// How an order went.
struct Outcome {
    status: StatusCode,
    text: String,
}

impl Outcome {
    fn done(text: impl Display) -> Self {
        Self {
            status: StatusCode::OK,
            text: text.to_string(),
        }
    }

    fn not_understood(text: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            text: text.to_owned(),
        }
    }

    /// What the REST interface would answer with this status.
    fn failed<E: Display + Into<ApiError>>(error: E) -> Self {
        let reason = error.to_string();
        let status = error.into().status();
        let text = match status {
            StatusCode::INTERNAL_SERVER_ERROR => "The node failed; its log says why.".to_owned(),
            _ => reason,
        };
        Self { status, text }
    }
}

/// The page.
pub(super) async fn page(State(site): State<Arc<Site>>, operator: Operator) -> Response {
    show(&site, &operator, None)
}

/// Prunes old milestones.
pub(super) async fn prune(State(site): State<Arc<Site>>, order: Order) -> Response {
    let outcome = match prune_target(&order.fields) {
        _ if !site.api.auth.opens_with_token(PRUNE_PATH) => return closed(&site),
        Ok(target) => match site.node.prune(target).await {
            Ok(index) => Outcome::done(format_args!("Milestones up to {index} are pruned.")),
            Err(error) => Outcome::failed(error),
        },
        Err(outcome) => outcome,
    };
    show(&site, &order.operator, Some(outcome))
}

fn prune_target(fields: &Fields) -> Result<PruneTarget, Outcome> {
    if fields.text("sure").is_empty() {
        let text = "What is pruned is gone: tick the box if that is what you want.";
        return Err(Outcome::not_understood(text));
    }
    let number = number(fields, "milestones")?;
    match fields.text("target") {
        "depth" => Ok(PruneTarget::Depth(number)),
        "index" => Ok(PruneTarget::Index(MilestoneIndex(number))),
        _ => Err(Outcome::not_understood("Choose what is to be pruned.")),
    }
}

/// Writes a snapshot.
pub(super) async fn snapshot(State(site): State<Arc<Site>>, order: Order) -> Response {
    if !site.api.auth.opens_with_token(SNAPSHOT_PATH) {
        return closed(&site);
    }
    let outcome = match number(&order.fields, "index") {
        Ok(index) => match site.node.create_snapshot(MilestoneIndex(index)).await {
            Ok(path) => Outcome::done(format_args!("The snapshot is at {}.", path.display())),
            Err(error) => Outcome::failed(error),
        },
        Err(outcome) => outcome,
    };
    show(&site, &order.operator, Some(outcome))
}

/// Adds a peer.
pub(super) async fn add_peer(State(site): State<Arc<Site>>, order: Order) -> Response {
    if !site.api.auth.opens_with_token(peers::PATH) {
        return closed(&site);
    }
    let alias = order.fields.text("alias");
    let alias = Some(alias).filter(|alias| !alias.is_empty());
    let added = site.node.add_peer(order.fields.text("address"), alias);
    let outcome = match added.await {
        Ok(peer) => Outcome::done(format_args!("{} is a peer now.", peer.id)),
        Err(error) => Outcome::failed(error),
    };
    show(&site, &order.operator, Some(outcome))
}

/// Removes a peer.
pub(super) async fn remove_peer(State(site): State<Arc<Site>>, order: Order) -> Response {
    let id = order.fields.text("id");
    if !site
        .api
        .auth
        .opens_with_token(&format!("{}/{id}", peers::PATH))
    {
        return closed(&site);
    }
    let outcome = if site.node.remove_peer(id).await {
        Outcome::done(format_args!("{id} is no peer any more."))
    } else {
        Outcome {
            status: StatusCode::NOT_FOUND,
            text: "There is no such peer.".to_owned(),
        }
    };
    show(&site, &order.operator, Some(outcome))
}

fn number(fields: &Fields, name: &str) -> Result<u32, Outcome> {
    let refusal = "A whole number from 0 to 4294967295 is expected.";
    let number = fields.text(name).parse();
    number.map_err(|_| Outcome::not_understood(refusal))
}

fn closed(site: &Site) -> Response {
    answer(site, Place::Operator, Err(Trouble::Closed))
}

fn show(site: &Site, operator: &Operator, outcome: Option<Outcome>) -> Response {
    let mut html = Html::default();
    html.plain("h1", "Maintenance");
    tabs(&mut html, operator, MAINTENANCE);
    let mut status = StatusCode::OK;
    if let Some(outcome) = outcome {
        status = outcome.status;
        let (class, role, title) = if status.is_success() {
            ("card health good", "status", "Done")
        } else {
            ("card health bad", "alert", "Not done")
        };
        html.tag("section", &[("class", class), ("role", role)], |html| {
            html.plain("h2", title);
            html.plain("p", outcome.text);
        });
    }
    prune_card(&mut html, site, operator);
    snapshot_card(&mut html, site, operator);
    peers_card(&mut html, site, operator);
    let mut page = Page::new(Place::Operator, "Maintenance", html);
    page.status = status;
    answer(site, Place::Operator, Ok(page))
}

fn prune_card(html: &mut Html, site: &Site, operator: &Operator) {
    if !site.api.auth.opens_with_token(PRUNE_PATH) {
        return;
    }
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Prune");
        html.tag("dl", &[("class", "facts")], |html| {
            fact(html, "Kept", |html| {
                let first = site.reader().pruning_index().next();
                let last = site.node.status().confirmed.index;
                html.text(format_args!("milestones {first} to {last}"));
            });
        });
        form(html, operator, PRUNE, "fields", |html| {
            html.tag("label", &[], |html| {
                html.text("What to do");
                html.tag("select", &[("name", "target")], |html| {
                    for (value, text) in [
                        ("depth", "Keep the newest, so many"),
                        ("index", "Prune up to this milestone"),
                    ] {
                        html.tag("option", &[("value", value)], |html| html.text(text));
                    }
                });
            });
            number_field(html, "Milestones", "milestones", "");
            html.tag("label", &[("class", "tick")], |html| {
                let tick = [
                    ("type", "checkbox"),
                    ("name", "sure"),
                    ("value", "yes"),
                    ("required", ""),
                ];
                html.void("input", &tick);
                html.text("What is pruned is gone for this node");
            });
            submit(html, "Prune");
        });
    });
}

fn snapshot_card(html: &mut Html, site: &Site, operator: &Operator) {
    if !site.api.auth.opens_with_token(SNAPSHOT_PATH) {
        return;
    }
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Make a snapshot");
        html.plain(
            "p",
            "Writes the whole ledger of a milestone into a file on the node's machine, from which \
             other nodes can begin.",
        );
        let newest = site.node.status().confirmed.index.to_string();
        form(html, operator, SNAPSHOT, "fields", |html| {
            number_field(html, "Milestone", "index", &newest);
            submit(html, "Make a snapshot");
        });
    });
}

fn peers_card(html: &mut Html, site: &Site, operator: &Operator) {
    if !site.api.auth.opens_with_token(peers::PATH) {
        return;
    }
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "Peers");
        html.tag("ul", &[("class", "rows")], |html| {
            for peer in site.node.peers().iter().take(PEERS_MAX) {
                html.tag("li", &[], |html| peer_row(html, operator, peer));
            }
        });
        form(html, operator, PEER_ADD, "fields", |html| {
            text_field(html, "Address of a new peer", "address", true);
            html.tag("p", &[("class", "quiet")], |html| {
                html.text("such as ");
                html.leaf("code", "id", "/ip4/192.0.2.1/tcp/15600/p2p/12D3Koo…");
            });
            text_field(html, "What you call it", "alias", false);
            submit(html, "Add the peer");
        });
    });
}

fn peer_row(html: &mut Html, operator: &Operator, peer: &Peer) {
    let name = peer.alias.as_deref().unwrap_or("unnamed");
    html.tag("span", &[], |html| {
        html.plain("b", name);
        html.text(" ");
        html.leaf("code", "id", &peer.id);
    });
    form(html, operator, PEER_REMOVE, "tab", |html| {
        let id = [
            ("type", "hidden"),
            ("name", "id"),
            ("value", peer.id.as_str()),
        ];
        html.void("input", &id);
        let what = format!("Remove {name} {}", peer.id);
        let button = [("type", "submit"), ("aria-label", what.as_str())];
        html.tag("button", &button, |html| html.text("Remove"));
    });
}

fn number_field(html: &mut Html, label: &str, name: &'static str, value: &str) {
    html.tag("label", &[], |html| {
        html.text(label);
        html.void(
            "input",
            &[
                ("type", "number"),
                ("name", name),
                ("value", value),
                ("min", "0"),
                ("max", INDEX_MAX),
                ("required", ""),
            ],
        );
    });
}

fn text_field(html: &mut Html, label: &str, name: &'static str, is_required: bool) {
    html.tag("label", &[], |html| {
        html.text(label);
        let mut attributes = vec![
            ("name", name),
            ("autocomplete", "off"),
            ("autocapitalize", "none"),
            ("spellcheck", "false"),
            ("maxlength", "512"),
        ];
        if is_required {
            attributes.push(("required", ""));
        }
        html.void("input", &attributes);
    });
}

fn submit(html: &mut Html, text: &str) {
    html.tag("button", &[("type", "submit")], |html| html.text(text));
}
