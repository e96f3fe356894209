//! The other nodes that this one talks with.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use tangle_node::{Peer, PeerConnection};

use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::show::{self, fact};
use crate::pages::site::{Site, Trouble};

/// The route whose answer the page shows.
pub(crate) const PATH: &str = "/api/core/v2/peers";
/// Time between two looks.
const RENEWED_MS: u32 = 3_000;
/// Peers that are shown.
const PEERS_MAX: usize = 200;

/// The page.
pub(crate) async fn page(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let is_operator = site.sessions.operator(&headers, Instant::now()).is_some();
    answer(&site, Place::Peers, made(&site, is_operator))
}

fn made(site: &Site, is_operator: bool) -> Result<Page, Trouble> {
    if !is_operator || !site.api.auth.opens_with_token(PATH) {
        site.require(&[PATH])?;
    }
    let peers = site.node.peers();
    let mut html = Html::default();
    html.plain("h1", "Peers");
    own(&mut html, site);
    if peers.is_empty() {
        html.tag("section", &[("class", "card")], |html| {
            html.plain("h2", "This node has no peers");
            html.tag("p", &[], |html| {
                html.text("Add one: ");
                html.plain(
                    "code",
                    "tangle peer add /dns/HOST/tcp/15600/p2p/ID --token FILE",
                );
            });
        });
    }
    for peer in peers.iter().take(PEERS_MAX) {
        card(&mut html, peer);
    }
    if let Some(more @ 1..) = peers.len().checked_sub(PEERS_MAX) {
        html.leaf("p", "quiet", format_args!("and {more} more"));
    }
    Ok(Page::new(Place::Peers, "Peers", html).renewed_every(RENEWED_MS))
}

/// How others reach this node.
fn own(html: &mut Html, site: &Site) {
    let Some(network) = site.node.network() else {
        html.leaf("p", "quiet", "This node does not connect with others.");
        return;
    };
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", "This node");
        html.tag("dl", &[("class", "facts")], |html| {
            fact(html, "Id", |html| {
                html.leaf("code", "id", network.peer_id())
            });
            fact(html, "Listens at", |html| {
                for address in network.listening() {
                    html.tag("div", &[], |html| html.leaf("code", "id", address));
                }
            });
        });
    });
}

fn card(html: &mut Html, peer: &Peer) {
    html.tag("section", &[("class", "card")], |html| {
        html.tag("p", &[("class", "head")], |html| {
            html.plain("b", peer.alias.as_deref().unwrap_or("unnamed"));
            html.text(" ");
            if peer.connection.is_some() {
                html.leaf("span", "mark good", "connected");
            } else {
                html.leaf("span", "mark bad", "not connected");
            }
            if peer.is_known {
                html.text(" ");
                html.leaf("span", "mark quiet", "named by the operator");
            }
        });
        html.tag("dl", &[("class", "facts")], |html| {
            fact(html, "Id", |html| html.leaf("code", "id", &peer.id));
            if let Some(trouble) = &peer.trouble {
                fact(html, "Last trouble", |html| html.text(trouble));
            }
            for address in &peer.multi_addresses {
                fact(html, "Address", |html| html.leaf("code", "id", address));
            }
            if let Some(connection) = &peer.connection {
                connected(html, connection);
            }
        });
    });
}

fn connected(html: &mut Html, connection: &PeerConnection) {
    let state = &connection.state;
    if let Some(agent) = &state.agent {
        fact(html, "Software", |html| html.text(agent));
    }
    fact(html, "Connected for", |html| {
        html.text(tangle_types::words::span(
            u32::try_from(state.age.as_secs()).unwrap_or(u32::MAX),
        ));
    });
    match connection.heartbeat {
        Some(heartbeat) => fact(html, "It says", |html| {
            html.text(format_args!(
                "milestone {}, keeps from {} on, {} peers of which {} are synced",
                heartbeat.solid_index,
                heartbeat.pruned_index.next(),
                heartbeat.connected_peers,
                heartbeat.synced_peers
            ));
        }),
        None => fact(html, "It says", |html| html.text("nothing yet")),
    }
    fact(html, "Received", |html| {
        let blocks = show::grouped(state.received.blocks);
        let known = show::grouped(connection.duplicate_count);
        let size = show::size(state.received.bytes as f64);
        html.text(format_args!(
            "{blocks} blocks ({known} known before), {size}"
        ));
    });
    fact(html, "Sent", |html| {
        let blocks = show::grouped(state.sent.blocks);
        let size = show::size(state.sent.bytes as f64);
        html.text(format_args!("{blocks} blocks, {size}"));
    });
    if state.dropped_count > 0 {
        fact(html, "Dropped", |html| {
            let count = show::grouped(state.dropped_count);
            html.text(format_args!("{count} messages that it was too slow for"));
        });
    }
}
