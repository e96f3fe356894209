//! A transaction that the wallet sent: what it moves; on its way, in the ledger, or without effect.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use tangle_types::{
    BlockId, ConflictReason, Inclusion, MilestoneIndex, Output, OutputId, TransactionId,
};

use super::{Context, SentTransaction, output_head, output_words};
use crate::pages::explorer::parse;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place};
use crate::pages::show::{self, fact};
use crate::pages::site::Trouble;
use crate::pages::visualizer;

/// Time between two looks at a transaction on its way.
const RENEWED_MS: u32 = 1_000;
/// The query of the page for who sent a form again.
pub(super) const AGAIN: &str = "?again";

/// What became of a transaction.
#[derive(Clone, Copy)]
enum Fate {
    Pending,
    Included(MilestoneIndex),
    Conflicting(ConflictReason),
}

/// The page.
pub(super) async fn page(
    State(context): State<Context>,
    Path((name, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let is_again = query.as_deref() == AGAIN.strip_prefix('?');
    let page = made(&context, &name, &id, is_again).await;
    context.answer(page)
}

async fn made(context: &Context, name: &str, id: &str, is_again: bool) -> Result<Page, Trouble> {
    let id: TransactionId = parse(id)?;
    let sent = context.wallet.sent(name, id).await?;
    let SentTransaction { blocks, outputs } = sent.ok_or_else(|| Trouble::NotFound {
        what: "The account sent no such transaction.".to_owned(),
        advice: "If that was long ago, or the network was started anew since, ask the explorer."
            .to_owned(),
    })?;
    let (fate, blocks) = found(context, id, blocks).await?;
    let mut html = Html::default();
    let mark = match fate {
        Fate::Pending => show::State::Pending,
        Fate::Included(_) => show::State::Included,
        Fate::Conflicting(_) => show::State::Conflicting,
    };
    html.tag("section", &[("class", "title")], |html| {
        html.tag("div", &[], |html| {
            html.plain("h1", "Transaction");
            show::mark(html, mark);
        });
        html.leaf("p", "id", id);
    });
    if is_again {
        let note = [("class", "card health"), ("role", "status")];
        html.tag("section", &note, |html| {
            html.plain("h2", "Sent once");
            html.plain(
                "p",
                "The form came again, and nothing was sent again: this is what it did before. To \
                 send more, open the form anew.",
            );
        });
    }
    html.tag("section", &[("class", "card")], |html| {
        html.tag("dl", &[("class", "facts")], |html| {
            fact(html, "Account", |html| {
                html.link(&format!("/wallet/{name}"), name);
            });
            standing(html, context, id, fate);
            for block in &blocks {
                block_facts(html, context, block, fate);
            }
        });
    });
    what_goes_where(&mut html, context, (id, &outputs), fate);
    let page = Page::new(Place::Wallet, format!("Transaction of {name}"), html);
    Ok(match fate {
        Fate::Pending => page.awaited(RENEWED_MS),
        Fate::Included(_) | Fate::Conflicting(_) => page,
    })
}

/// What became of it, and the blocks that matter: the one that brought it into the ledger, or all.
async fn found(
    context: &Context,
    id: TransactionId,
    blocks: Vec<BlockId>,
) -> Result<(Fate, Vec<BlockId>), Trouble> {
    let site = &context.site;
    if let Some(record) = site.reader().output_record(&OutputId::new(id, 0))? {
        let output = record.output;
        return Ok((
            Fate::Included(output.milestone_index),
            vec![output.block_id],
        ));
    }
    for block in blocks.iter().rev() {
        let state = site.node.block_state(block).await?;
        let referenced = state.and_then(|state| state.referenced);
        if let Some(Inclusion::Conflicting(reason)) = referenced.map(|found| found.inclusion) {
            return Ok((Fate::Conflicting(reason), vec![*block]));
        }
    }
    Ok((Fate::Pending, blocks))
}

fn standing(html: &mut Html, context: &Context, id: TransactionId, fate: Fate) {
    match fate {
        Fate::Pending => fact(html, "Standing", |html| {
            html.text("It waits for the next milestone.");
        }),
        Fate::Included(index) => {
            fact(html, "Standing", |html| {
                html.text("It is in the ledger. This is final. ");
                html.link(&show::transaction_path(&id), "See what it did");
            });
            fact(html, "Milestone", |html| {
                let path = show::milestone_path(index);
                html.link(&path, show::grouped(index.0.into()));
            });
        }
        Fate::Conflicting(reason) => fact(html, "Standing", |html| {
            html.text(format_args!(
                "It has no effect: {reason}. The coins are where they were."
            ));
        }),
    }
    if matches!(fate, Fate::Pending) && !context.site.node.status().is_healthy {
        fact(html, "Node", |html| show::mark(html, show::State::Bad));
    }
}

/// Adds the outputs of the transaction, each with its owner.
fn what_goes_where(
    html: &mut Html,
    context: &Context,
    (id, outputs): (TransactionId, &[Output]),
    fate: Fate,
) {
    let title = match fate {
        Fate::Pending => "What goes where",
        Fate::Included(_) => "What went where",
        Fate::Conflicting(_) => "What would have gone where",
    };
    html.tag("section", &[("class", "card")], |html| {
        html.plain("h2", title);
        let status = context.site.node.status();
        context.with_words(&status, |words| {
            html.tag("ul", &[("class", "outputs")], |html| {
                for (index, output) in (0..).zip(outputs) {
                    let id = OutputId::new(id, index);
                    html.tag("li", &[], |html| {
                        html.tag("p", &[("class", "head")], |html| {
                            output_head(html, &id, output, words);
                            if matches!(fate, Fate::Included(_)) {
                                html.text(" ");
                                show::short_id(html, &show::output_path(&id), id);
                            }
                        });
                        output_words(html, output, words);
                    });
                }
            });
        });
    });
}

fn block_facts(html: &mut Html, context: &Context, block: &BlockId, fate: Fate) {
    let site = &context.site;
    fact(html, "Block", |html| {
        show::id(html, &show::block_path(block), block);
    });
    if matches!(fate, Fate::Pending | Fate::Included(_)) && site.may_read(visualizer::STREAM) {
        fact(html, "Live", |html| {
            let path = format!("/visualizer?follow={block}");
            html.link(&path, "Follow it in the visualizer");
        });
    }
    let may_prove = site.may_read(&format!("/api/poi/v1/create/{block}"));
    if matches!(fate, Fate::Included(_)) && may_prove {
        fact(html, "Proof", |html| {
            let path = format!("/explorer/proof/{block}");
            html.link(&path, "Show that the milestone references this block");
        });
    }
}
