//! A transaction as a flow: what it consumes on one side, what it creates on the other.

use tangle_node::Status;
use tangle_storage::{OutputRecord, StoreError};
use tangle_types::{Output, OutputId, Transaction, TransactionId};

use crate::pages::html::Html;
use crate::pages::show::{self, State};
use crate::pages::site::{Site, Trouble};

/// A transaction with what the ledger knows of both its sides.
pub(super) struct Flow {
    pub(super) transaction: Box<Transaction>,
    /// Consumed outputs; `None` for those that are unknown or pruned.
    inputs: Vec<(OutputId, Option<OutputRecord>)>,
    /// Created outputs with their records, which only a transaction has that is in the ledger.
    outputs: Vec<(OutputId, Option<OutputRecord>)>,
}

/// Looks both sides up: at most 128 outputs each.
pub(super) async fn find(
    site: &Site,
    id: TransactionId,
    transaction: Box<Transaction>,
    is_included: bool,
) -> Result<Flow, Trouble> {
    let essence = &transaction.essence;
    let may_see = |id: &OutputId| site.may_read(&format!("/api/core/v2/outputs/{id}"));
    let consumed = essence.inputs.iter().map(|id| (*id, may_see(id)));
    let consumed: Vec<(OutputId, bool)> = consumed.collect();
    let created = (0..essence.outputs.len() as u16).map(|index| OutputId::new(id, index));
    let created: Vec<_> = created
        .map(|id| (id, is_included && may_see(&id)))
        .collect();
    let (inputs, outputs) = site
        .scan(move |node| {
            let look_up = |(id, is_wanted): (OutputId, bool)| {
                let record = is_wanted.then(|| node.reader().output_record(&id));
                record.transpose().map(|record| (id, record.flatten()))
            };
            let inputs: Result<Vec<_>, StoreError> = consumed.into_iter().map(look_up).collect();
            let outputs: Result<Vec<_>, StoreError> = created.into_iter().map(look_up).collect();
            Ok((inputs?, outputs?))
        })
        .await?;
    Ok(Flow {
        transaction,
        inputs,
        outputs,
    })
}

/// Adds the flow.
pub(super) fn draw(html: &mut Html, site: &Site, status: &Status, flow: &Flow) {
    let essence = &flow.transaction.essence;
    html.tag(
        "section",
        &[("class", "flow"), ("aria-label", "Flow")],
        |html| {
            html.tag("div", &[("class", "side")], |html| {
                let known = flow.inputs.iter().filter_map(|(_, record)| record.as_ref());
                let known: Vec<&Output> = known.map(|record| &record.output.output).collect();
                side_title(html, site, "Consumes", essence.inputs.len(), &known);
                for (id, record) in &flow.inputs {
                    let output = record.as_ref().map(|record| &record.output.output);
                    card(html, site, status, id, output, Standing::Consumed);
                }
            });
            html.tag(
                "div",
                &[("class", "arrow"), ("aria-hidden", "true")],
                |html| html.text("→"),
            );
            html.tag("div", &[("class", "side")], |html| {
                let created: Vec<&Output> = essence.outputs.iter().collect();
                side_title(html, site, "Creates", created.len(), &created);
                for ((id, record), output) in flow.outputs.iter().zip(created) {
                    let standing = match record {
                        Some(record) if record.spend.is_some() => Standing::Is(State::Spent),
                        Some(_) => Standing::Is(State::Unspent),
                        None => Standing::Absent,
                    };
                    card(html, site, status, id, Some(output), standing);
                }
            });
        },
    );
}

/// What an output is to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The transaction consumes it.
    Consumed,
    /// It is in the ledger.
    Is(State),
    /// The transaction is not in the ledger, so its outputs are not either.
    Absent,
}

fn side_title(html: &mut Html, site: &Site, verb: &str, count: usize, known: &[&Output]) {
    let sum = known.iter().map(|output| output.amount());
    let sum = sum.fold(0_u64, u64::saturating_add);
    html.tag("h2", &[], |html| {
        let outputs = if count == 1 { "output" } else { "outputs" };
        html.text(format_args!("{verb} {count} {outputs}"));
        if known.len() == count {
            html.leaf("span", "quiet", format_args!(" {}", site.unit.show(sum)));
        }
    });
}

/// An output on one of the sides.
fn card(
    html: &mut Html,
    site: &Site,
    status: &Status,
    id: &OutputId,
    output: Option<&Output>,
    standing: Standing,
) {
    html.tag("article", &[("class", "card")], |html| {
        html.tag("p", &[("class", "head")], |html| {
            match output {
                Some(output) => {
                    html.plain("b", site.unit.show(output.amount()));
                    html.text(" ");
                    html.leaf("span", "quiet", show::kind(output));
                }
                None => html.leaf("span", "quiet", "not known to this node any more"),
            }
            if let Standing::Is(state) = standing {
                html.text(" ");
                show::mark(html, state);
            }
        });
        if let Some(output) = output {
            site.with_words(status, |words| {
                html.tag("ul", &[("class", "words")], |html| {
                    // The first sentence tells the amount.
                    for sentence in words.sentences(output).iter().skip(1) {
                        html.tag("li", &[], |html| show::sentence(html, sentence, words));
                    }
                });
            });
        }
        if standing != Standing::Absent {
            html.tag("p", &[], |html| {
                show::short_id(html, &show::output_path(id), id)
            });
        }
    });
}
