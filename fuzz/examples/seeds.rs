//! Writes seeds for the targets into `corpus/`, made of the published vectors.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tangle_types::gossip::{Heartbeat, Message};
use tangle_types::json::{BlockJson, OutputJson, ProtocolParametersJson};
use tangle_types::{Block, Codec, MilestoneIndex, Output, Payload};

type Seeds = BTreeMap<&'static str, Vec<Vec<u8>>>;

const GENESIS: &str = include_str!("../../crates/storage/src/genesis/example.toml");

fn main() -> std::io::Result<()> {
    let mut seeds = Seeds::new();
    let mut add = |target, bytes: Vec<u8>| seeds.entry(target).or_default().push(bytes);
    for raw in blocks() {
        block_seeds(&raw, &mut add);
    }
    for output in list(&vector("storage-deposit.json")["outputs"]) {
        output_seeds(&bytes(&output["output"]), &mut add);
    }
    for snapshot in list(&vector("snapshots-hornet.json")["snapshots"]) {
        add("snapshot", bytes(&snapshot["raw"]));
    }
    let parameters = tangle_fuzz::parameters();
    add("parameters", parameters.to_bytes());
    add(
        "parameters",
        to_json(&ProtocolParametersJson::from(&parameters)),
    );
    text_seeds(&mut add);
    participation_seeds(&mut add);
    add("genesis", GENESIS.as_bytes().to_vec());
    for message in [
        Message::MilestoneRequest(None),
        Message::MilestoneRequest(Some(MilestoneIndex(17))),
        Message::Heartbeat(Heartbeat::default()),
    ] {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        add("gossip", bytes);
    }
    for (target, seeds) in seeds {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:04}")), seed)?;
        }
    }
    Ok(())
}

/// All published blocks.
fn blocks() -> Vec<Vec<u8>> {
    let single = vector("ids-and-blocks.json");
    let shimmer = vector("shimmer-mainnet-ms-17339-17341.json");
    let cones = list(&shimmer["milestones"]).iter().flat_map(|milestone| {
        list(&milestone["cone"])
            .iter()
            .map(|block| bytes(&block["raw"]))
    });
    let mut blocks: Vec<_> = list(&single["blocks"])
        .iter()
        .map(|block| bytes(&block["raw"]))
        .chain(cones)
        .collect();
    blocks.sort();
    // The many small data blocks are all alike.
    blocks.dedup_by_key(|block| block.len());
    blocks
}

fn block_seeds(raw: &[u8], add: &mut impl FnMut(&'static str, Vec<u8>)) {
    add("block", raw.to_vec());
    add("block_sdk", raw.to_vec());
    // Some are published as examples of what is wrong.
    let Ok(block) = Block::from_bytes(raw) else {
        return;
    };
    add("block_json", to_json(&BlockJson::from(&block)));
    let mut message = Vec::new();
    Message::Block(raw.to_vec().into()).write(&mut message);
    add("gossip", message);
    let Some(payload) = &block.payload else {
        return;
    };
    add("values", [&[4], &payload.to_bytes()[..]].concat());
    match payload {
        Payload::Transaction(transaction) => {
            add("values", [&[2], &transaction.to_bytes()[..]].concat());
            add(
                "values",
                [&[6], &transaction.essence.to_bytes()[..]].concat(),
            );
            for unlock in &transaction.unlocks {
                add("values", [&[6], &unlock.to_bytes()[..]].concat());
            }
            for output in &transaction.essence.outputs {
                output_seeds(&output.to_bytes(), add);
            }
        }
        Payload::Milestone(milestone) => {
            add("values", [&[3], &milestone.to_bytes()[..]].concat());
        }
        _ => {}
    }
}

fn output_seeds(raw: &[u8], add: &mut impl FnMut(&'static str, Vec<u8>)) {
    let output = Output::from_bytes(raw).expect("a published output");
    add("values", [&[0], raw].concat());
    add("block_json", to_json(&OutputJson::from(&output)));
}

fn text_seeds(add: &mut impl FnMut(&'static str, Vec<u8>)) {
    let mut add = |text: &str| add("address", text.as_bytes().to_vec());
    let addresses = vector("bech32-addresses.json");
    for entry in list(&addresses["addresses"]) {
        let texts = entry["bech32"].as_object().expect("texts by network");
        texts
            .values()
            .for_each(|text| add(text.as_str().expect("a text")));
    }
    for name in ["codec_valid", "decode_invalid"] {
        for entry in list(&addresses[name]) {
            add(entry["bech32"].as_str().expect("a text"));
        }
    }
    let wallet = vector("wallet-derivation.json");
    for entry in list(&wallet["private_tangle"]) {
        add(entry["mnemonic"].as_str().expect("a text"));
        add(entry["path"].as_str().expect("a text"));
    }
    for length in [32, 34, 38] {
        add(&format!("0x{}", "08".repeat(length)));
    }
}

fn participation_seeds(add: &mut impl FnMut(&'static str, Vec<u8>)) {
    let mut add = |bytes| add("participation", bytes);
    let vectors = vector("participation.json");
    for name in ["events", "participations"] {
        for entry in list(&vectors[name]) {
            add(bytes(&entry["bytes"]));
            add(to_json(&entry["json"]));
        }
    }
}

fn to_json(value: &impl serde::Serialize) -> Vec<u8> {
    json!(value).to_string().into_bytes()
}

fn vector(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/testkit/vectors");
    let text =
        std::fs::read_to_string(folder.join(name)).expect("the vectors are in the repository");
    serde_json::from_str(&text).expect("the vectors are JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("a text");
    hex::decode(text.strip_prefix("0x").expect("0x")).expect("hexadecimal digits")
}
