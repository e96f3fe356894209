//! The proof that a milestone references a block, checked and to take away.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use tangle_types::json::InclusionProofJson;
use tangle_types::{BlockId, InclusionProof};

use super::block::parse;
use super::view;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::show::{self, fact};
use crate::pages::site::{Site, Trouble};

/// The page.
pub(super) async fn page(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Response {
    let page = made(&site, &id).await;
    answer(&site, Place::Explorer, page)
}

async fn made(site: &Site, id: &str) -> Result<Page, Trouble> {
    let id: BlockId = parse(id)?;
    let path = format!("/api/poi/v1/create/{id}");
    site.require(&[&path])?;
    let proof = site.scan(move |node| node.inclusion_proof(&id)).await?;
    let proof = proof.ok_or_else(|| {
        site.unknown("No milestone references this block yet, or there is none with this id.")
    })?;
    let mut html = Html::default();
    html.tag("section", &[("class", "title")], |html| {
        html.plain("h1", "Proof of inclusion");
        show::id(html, &show::block_path(&id), id);
    });
    content(&mut html, site, &proof, &path)?;
    let title = format!("Proof of {}", show::shortened(&id.to_string()));
    Ok(Page::new(Place::Explorer, title, html))
}

fn content(
    html: &mut Html,
    site: &Site,
    proof: &InclusionProof,
    path: &str,
) -> Result<(), Trouble> {
    let verdict = site.node.milestone_keys().verify_inclusion(proof);
    html.tag("section", &[("class", "card")], |html| {
        html.plain(
            "p",
            "Whoever knows this network's milestone keys can check it without asking a node, also \
             when all nodes have pruned the block.",
        );
        html.tag("dl", &[("class", "facts")], |html| {
            fact(html, "Verdict", |html| match &verdict {
                Ok(_) => html.leaf("span", "mark good", "holds"),
                Err(error) => html.text(error),
            });
            fact(html, "Milestone", |html| {
                let index = proof.milestone.index;
                html.link(&show::milestone_path(index), show::grouped(index.0.into()));
            });
            fact(html, "Signatures", |html| {
                html.text(proof.milestone.signatures.len())
            });
            let root = format!("0x{}", hex::encode(proof.milestone.inclusion_merkle_root));
            fact(html, "Merkle root", |html| html.leaf("code", "id", root));
        });
        html.tag("p", &[], |html| {
            let attributes = [
                ("href", path),
                ("download", "proof.json"),
                ("class", "button"),
            ];
            html.tag("a", &attributes, |html| html.text("Download proof.json"));
        });
        html.tag("p", &[("class", "quiet")], |html| {
            html.text("Check it with ");
            html.plain("code", "tangle proof verify proof.json --genesis FILE");
            html.text(".");
        });
    });
    html.plain("h2", "The proof");
    view::json(html, &InclusionProofJson::from(proof))
}
