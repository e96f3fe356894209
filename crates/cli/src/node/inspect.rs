//! `tangle config`: looking at a configuration without running it.

use std::path::Path;

use serde_json::json;

use super::config::{NodeFile, Source, read_genesis};
use crate::args::ConfigCommand;
use crate::config::{Key, Row, keys_of, rows};
use crate::dev::DevConfig;
use crate::failure::{Code, Failure, Outcome};
use crate::keys;
use crate::terminal::{Look, Terminal};

/// Does what `tangle config` is asked for.
pub(crate) fn run(command: ConfigCommand, terminal: &Terminal) -> Outcome {
    match command {
        ConfigCommand::Show { source, origin, .. } => {
            show(&Source::find(source.config.as_deref())?, origin, terminal)
        }
        ConfigCommand::Init { file, dev } => init(&file, dev, terminal),
        ConfigCommand::Check { source, .. } => {
            check(&Source::find(source.config.as_deref())?, terminal)
        }
        ConfigCommand::Schema { dev, .. } => {
            schema(&known(dev), terminal);
            Ok(())
        }
    }
}

fn known(is_dev: bool) -> Vec<Key> {
    if is_dev {
        keys_of::<DevConfig>()
    } else {
        keys_of::<NodeFile>()
    }
}

fn show(source: &Source, with_origin: bool, terminal: &Terminal) -> Outcome {
    let config: NodeFile = source.layers.build()?;
    let rows = rows(&config, |path| source.layers.origin(path).to_string())?;
    if terminal.is_json() {
        let entries = rows
            .into_iter()
            .map(|row| json!({ "key": row.path, "value": row.value, "origin": row.origin }));
        terminal.json(&entries.collect::<Vec<_>>());
        return Ok(());
    }
    for Row {
        path,
        value,
        origin,
    } in rows
    {
        let text = value.map_or_else(
            || format!("# {path}: none"),
            |value| format!("{path} = {value}"),
        );
        if with_origin {
            terminal.line(&format!(
                "{text}  {}",
                terminal.paint(Look::Dim, &format!("# {origin}"))
            ));
        } else {
            terminal.line(&text);
        }
    }
    Ok(())
}

/// Every key with its default, as comments, so that a later default is not frozen.
fn init(file: &Path, is_dev: bool, terminal: &Terminal) -> Outcome {
    let mut text = String::new();
    let mut section = String::new();
    // Keys outside of sections come first.
    let (outside, inside): (Vec<Key>, Vec<Key>) = known(is_dev)
        .into_iter()
        .partition(|key| !key.path.contains('.'));
    for key in outside.iter().chain(&inside) {
        let (front, name) = key.path.rsplit_once('.').unwrap_or(("", &key.path));
        if front != section {
            text.push_str(&format!("\n[{front}]\n"));
            front.clone_into(&mut section);
        }
        text.push_str(&format!("# {} ({})\n", key.about, key.kind));
        if key.default.is_empty() {
            text.push_str(&format!("# {name} =\n"));
        } else {
            text.push_str(&format!("# {name} = {}\n", key.default));
        }
    }
    let written = std::fs::File::create_new(file)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    written.map_err(|error| {
        Failure::new(
            Code::Disk,
            format!("the configuration cannot be written: {error}"),
        )
        .with("file", file.display())
    })?;
    terminal.say(&format!("wrote {}", file.display()));
    Ok(())
}

fn check(source: &Source, terminal: &Terminal) -> Outcome {
    let config: NodeFile = source.layers.build()?;
    config.check()?;
    let genesis = read_genesis(&config.genesis)?;
    for secret in config.coordinator.keys.iter().chain(&config.faucet.key) {
        keys::read_key(secret)?;
    }
    if let Some(secret) = &config.jwt.key {
        super::tokens(secret, &config.jwt.salt, &config.jwt.issuer)?;
    }
    let hash = format!("0x{}", hex::encode(genesis.hash()));
    if terminal.is_json() {
        terminal.json(&json!({
            "files": source.files,
            "network": genesis.parameters.network_name,
            "genesisHash": hash,
        }));
        return Ok(());
    }
    let files: Vec<String> = source
        .files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let files = if files.is_empty() {
        "built-in values only".to_owned()
    } else {
        files.join(", ")
    };
    terminal.line(&format!(
        "{} configuration ({files}), genesis {hash} of network \"{}\", secrets",
        terminal.paint(Look::Green, "✔"),
        genesis.parameters.network_name
    ));
    Ok(())
}

fn schema(keys: &[Key], terminal: &Terminal) {
    if terminal.is_json() {
        terminal.json(&keys);
        return;
    }
    for key in keys {
        terminal.line(&terminal.paint(Look::Bold, &key.path));
        terminal.line(&format!("    {}", key.about));
        let default = if key.default.is_empty() {
            "none"
        } else {
            &key.default
        };
        terminal.line(&format!("    takes {}; default {default}", key.kind));
    }
}
