//! What a dev network says about itself when it is ready.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tangle_network::NetworkHandle;
use tangle_node::Handle;
use tangle_storage::{Genesis, Kind, OutputQuery, Reader, StoreError};
use tangle_types::Address;

use super::accounts::Accounts;
use super::config::DevConfig;
use super::folder::Folder;
use super::listeners::Listeners;
use super::topology::Link;
use crate::failure::Outcome;
use crate::sections::MilestonePace;
use crate::service::{local_address, mqtt_url};
use crate::terminal::{Look, Terminal};

/// Outputs of one account that are counted.
const OUTPUTS_MAX: usize = 1_000;

/// Everything that a person or a script wants to know.
pub(crate) struct Banner<'a> {
    /// Where each node is reached; there is at least one.
    pub(crate) doors: Vec<Doors>,
    pub(crate) faucet: Option<SocketAddr>,
    pub(crate) genesis: &'a Genesis,
    pub(crate) accounts: &'a Accounts,
    pub(crate) config: &'a DevConfig,
    pub(crate) folder: &'a Folder,
    pub(crate) links: &'a [Link],
    pub(crate) is_ephemeral: bool,
}

/// Where a node is reached.
#[derive(Clone, Debug)]
pub(crate) struct Doors {
    rest: SocketAddr,
    /// The address of MQTT over TCP.
    mqtt: Option<String>,
    metrics: Option<SocketAddr>,
}

impl Doors {
    pub(crate) fn of(listeners: &Listeners) -> Outcome<Self> {
        Ok(Self {
            rest: local_address(&listeners.rest)?,
            mqtt: listeners.mqtt.as_ref().map(mqtt_url).transpose()?,
            metrics: listeners.metrics.as_ref().map(local_address).transpose()?,
        })
    }

    fn metrics_url(&self) -> Option<String> {
        self.metrics
            .map(|address| format!("http://{address}/metrics"))
    }
}

/// An account as it is now.
struct Row {
    name: &'static str,
    address: String,
    balance: u64,
}

impl Banner<'_> {
    /// Prints it.
    pub(crate) fn show(&self, handles: &[Handle], took: Duration, terminal: &Terminal) {
        let rows = self.rows(handles[0].reader()).unwrap_or_else(|error| {
            terminal.warn(&format!("balances cannot be read: {error}"));
            Vec::new()
        });
        if terminal.is_json() {
            terminal.json(&self.to_json(handles, &rows, took));
        } else if !terminal.is_quiet() {
            terminal.line(&self.to_text(&rows, took, terminal));
        }
    }

    fn rows(&self, reader: &Reader) -> Result<Vec<Row>, StoreError> {
        let hrp = &self.genesis.parameters.bech32_hrp;
        let row = |account: &super::accounts::Account| {
            let address = account.address();
            Ok(Row {
                name: account.name,
                address: address.to_bech32(hrp),
                balance: balance(reader, address)?,
            })
        };
        self.accounts.all().iter().map(row).collect()
    }

    fn to_json(&self, handles: &[Handle], rows: &[Row], took: Duration) -> Value {
        let doors = &self.doors[0];
        let rest = format!("http://{}", doors.rest);
        let faucet = self.faucet.map(|address| {
            json!({
                "url": format!("http://{address}"),
                "enqueue": format!("http://{address}/api/enqueue"),
                "info": format!("http://{address}/api/info"),
                "mounted": format!("{rest}/faucet"),
            })
        });
        let accounts = rows.iter().map(|row| {
            json!({
                "name": row.name,
                "address": row.address,
                "balance": row.balance.to_string(),
            })
        });
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "network": self.genesis.parameters.network_name,
            "genesisHash": format!("0x{}", hex::encode(self.genesis.hash())),
            "readyMs": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "pid": std::process::id(),
            "node": rest,
            "dashboard": format!("{rest}/"),
            "explorer": format!("{rest}/explorer"),
            "rest": format!("{rest}/api/core/v2"),
            "indexer": format!("{rest}/api/indexer/v1"),
            "health": format!("{rest}/health"),
            "routes": format!("{rest}/api/routes"),
            "docs": format!("{rest}/api/docs"),
            "openapi": format!("{rest}/api/openapi.json"),
            "faucet": faucet,
            "mqtt": doors.mqtt,
            "wallet": format!("{rest}/wallet"),
            "metrics": doors.metrics_url(),
            "nodes": (0..handles.len())
                .map(|position| self.node_json(position, &handles[position]))
                .collect::<Vec<_>>(),
            "links": self.links.iter().map(link_json).collect::<Vec<_>>(),
            "accounts": accounts.collect::<Vec<_>>(),
            "mnemonicFile": self.folder.mnemonic(),
            "jwtKeyFile": self.folder.token_key(),
            "data": self.folder.path(),
            "ephemeral": self.is_ephemeral,
        })
    }

    fn node_json(&self, position: usize, handle: &Handle) -> Value {
        let doors = &self.doors[position];
        let rest = format!("http://{}", doors.rest);
        let network = handle.network();
        let peer_id = network.map(|network| network.peer_id().to_string());
        let addresses = network.map_or_else(Vec::new, NetworkHandle::listening);
        let addresses = addresses.iter().zip(peer_id.iter().cycle());
        let neighbours = self.links.iter().filter_map(|link| link.other(position));
        json!({
            "number": position + 1,
            "node": rest,
            "rest": format!("{rest}/api/core/v2"),
            "indexer": format!("{rest}/api/indexer/v1"),
            "health": format!("{rest}/health"),
            "mqtt": doors.mqtt,
            "metrics": doors.metrics_url(),
            "peerId": peer_id,
            "peerAddresses": addresses
                .map(|(address, id)| format!("{address}/p2p/{id}"))
                .collect::<Vec<_>>(),
            "neighbours": neighbours.map(|other| other + 1).collect::<Vec<_>>(),
            "store": self.folder.store(position),
        })
    }

    fn to_text(&self, rows: &[Row], took: Duration, terminal: &Terminal) -> String {
        let doors = &self.doors[0];
        let rest = format!("http://{}", doors.rest);
        let mut lines = vec![
            format!(
                "   {}  ·  private network \"{}\"  ·  ready in {:.1} s",
                terminal.paint(Look::Bold, concat!("Tangle ", env!("CARGO_PKG_VERSION"))),
                self.genesis.parameters.network_name,
                took.as_secs_f64()
            ),
            String::new(),
            format!("   Dashboard     {rest}/"),
            format!("   Explorer      {rest}/explorer"),
            format!("   REST API      {rest}/api/core/v2      docs at {rest}/api/docs"),
            format!("   Indexer       {rest}/api/indexer/v1"),
            format!("   Health        {rest}/health"),
        ];
        if let Some(url) = &doors.mqtt {
            lines.push(format!("   MQTT          {url}"));
        }
        if let Some(url) = doors.metrics_url() {
            lines.push(format!("   Metrics       {url}"));
        }
        if let Some(address) = self.faucet {
            lines.push(format!(
                "   Faucet        http://{address}      also at {rest}/faucet"
            ));
        }
        lines.extend(self.node_lines());
        lines.push(String::new());
        lines.extend(self.account_lines(rows, terminal, &rest));
        lines.push(String::new());
        lines.push(format!(
            "   Milestones  {}, signed by {} of {} keys",
            self.pace(),
            self.config.milestones.key_threshold,
            self.config.milestones.key_count
        ));
        let data = self.folder.path().display();
        lines.push(if self.is_ephemeral {
            format!("   Data        {data}   (goes when the network stops)")
        } else {
            format!("   Data        {data}   (ephemeral: --ephemeral · start over: --reset)")
        });
        lines.push(format!(
            "   Operator    token for protected paths: tangle tool jwt --key {}",
            self.folder.token_key().display()
        ));
        lines.push(String::new());
        lines.push(format!("   Try:        curl {rest}/api/core/v2/info"));
        lines.push("   Stop:       Ctrl-C".to_owned());
        lines.push(String::new());
        lines.join("\n")
    }

    /// The nodes and what lies between them, if there are several.
    fn node_lines(&self) -> Vec<String> {
        if self.links.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![String::new(), "   Nodes".to_owned()];
        lines.extend(self.doors.iter().enumerate().map(|(position, doors)| {
            let ends = self.links.iter().filter_map(|link| link.other(position));
            let neighbours: Vec<_> = ends.map(|other| (other + 1).to_string()).collect();
            format!(
                "     {:<9} http://{}   with {}{}",
                position + 1,
                doors.rest,
                neighbours.join(" "),
                if position == 0 { "   coordinator" } else { "" }
            )
        }));
        let dev = &self.config.dev;
        lines.push(format!(
            "   Links       {} of {}, latency {}, {} lost, seed {}",
            self.links.len(),
            dev.topology,
            dev.latency,
            dev.loss,
            dev.seed
        ));
        lines
    }

    fn pace(&self) -> String {
        let milestones = &self.config.milestones;
        let seconds = milestones.interval_ms as f64 / 1_000.0;
        match milestones.pace {
            MilestonePace::Steady => {
                format!("every {seconds} s (or when blocks wait: --milestones on-demand)")
            }
            MilestonePace::OnDemand => format!("when blocks wait, at most every {seconds} s"),
        }
    }

    fn account_lines(&self, rows: &[Row], terminal: &Terminal, rest: &str) -> Vec<String> {
        let token = &self.genesis.token;
        let mut lines = vec!["   Accounts (test only; same on every machine)".to_owned()];
        lines.extend(rows.iter().map(|row| {
            format!(
                "     {:<9} {}  {:>18} {}",
                row.name,
                row.address,
                amount(row.balance, token.decimals),
                token.unit
            )
        }));
        lines.push(format!("   Wallet      {rest}/wallet   (in a browser)"));
        lines.push(format!(
            "   Mnemonic    stored in {}   {}",
            self.folder.mnemonic().display(),
            terminal.paint(Look::Dim, "(print: tangle dev --show-mnemonic)")
        ));
        lines
    }
}

fn link_json(link: &Link) -> Value {
    let [low, high] = link.ends;
    json!({ "nodes": [low + 1, high + 1], "latencyMs": link.latency.as_secs_f64() * 1_000.0 })
}

/// What an address has in basic outputs.
fn balance(reader: &Reader, address: Address) -> Result<u64, StoreError> {
    let query = OutputQuery {
        kind: Kind::Basic,
        address: Some(address),
        page_size: OUTPUTS_MAX,
        ..OutputQuery::default()
    };
    let mut sum = 0_u64;
    for id in reader.outputs(&query)?.items {
        if let Some(record) = reader.output_record(&id)? {
            sum = sum.saturating_add(record.output.output.amount());
        }
    }
    Ok(sum)
}

/// An amount in whole units with groups of three digits; decimals only where there are any.
fn amount(base: u64, decimals: u32) -> String {
    let unit = 10_u64.checked_pow(decimals).unwrap_or(u64::MAX);
    let (whole, part) = (base / unit, base % unit);
    let digits = whole.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    if part > 0 {
        let width = decimals as usize;
        let part = format!("{part:0width$}");
        text.push('.');
        text.push_str(part.trim_end_matches('0'));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_for_people() {
        assert_eq!(amount(1_000_000_000_000, 6), "1 000 000");
        assert_eq!(amount(2_777_530_283_277_761, 6), "2 777 530 283.277761");
        assert_eq!(amount(1_500_000, 6), "1.5");
        assert_eq!(amount(0, 6), "0");
    }
}
