//! What a dev network says about itself when it is ready.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tangle_node::Handle;
use tangle_storage::{Genesis, Kind, OutputQuery, Reader, StoreError};
use tangle_types::Address;

use super::accounts::Accounts;
use super::config::DevConfig;
use super::folder::Folder;
use crate::terminal::{Look, Terminal};

/// Outputs of one account that are counted.
const OUTPUTS_MAX: usize = 1_000;

/// Everything that a person or a script wants to know.
pub(crate) struct Banner<'a> {
    pub(crate) rest: SocketAddr,
    pub(crate) faucet: Option<SocketAddr>,
    pub(crate) genesis: &'a Genesis,
    pub(crate) accounts: &'a Accounts,
    pub(crate) config: &'a DevConfig,
    pub(crate) folder: &'a Folder,
    pub(crate) is_ephemeral: bool,
}

/// An account as it is now.
struct Row {
    name: &'static str,
    address: String,
    balance: u64,
}

impl Banner<'_> {
    /// Prints it.
    pub(crate) fn show(&self, handle: &Handle, took: Duration, terminal: &Terminal) {
        let rows = self.rows(handle.reader()).unwrap_or_else(|error| {
            terminal.warn(&format!("balances cannot be read: {error}"));
            Vec::new()
        });
        if terminal.is_json() {
            terminal.json(&self.to_json(&rows, took));
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

    fn to_json(&self, rows: &[Row], took: Duration) -> Value {
        let rest = format!("http://{}", self.rest);
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
            "rest": format!("{rest}/api/core/v2"),
            "indexer": format!("{rest}/api/indexer/v1"),
            "health": format!("{rest}/health"),
            "routes": format!("{rest}/api/routes"),
            "docs": format!("{rest}/api/docs"),
            "openapi": format!("{rest}/api/openapi.json"),
            "faucet": faucet,
            "accounts": accounts.collect::<Vec<_>>(),
            "mnemonicFile": self.folder.mnemonic(),
            "data": self.folder.path(),
            "ephemeral": self.is_ephemeral,
        })
    }

    fn to_text(&self, rows: &[Row], took: Duration, terminal: &Terminal) -> String {
        let rest = format!("http://{}", self.rest);
        let mut lines = vec![
            format!(
                "   {}  ·  private network \"{}\"  ·  ready in {:.1} s",
                terminal.paint(Look::Bold, concat!("Tangle ", env!("CARGO_PKG_VERSION"))),
                self.genesis.parameters.network_name,
                took.as_secs_f64()
            ),
            String::new(),
            format!("   REST API      {rest}/api/core/v2      docs at {rest}/api/docs"),
            format!("   Indexer       {rest}/api/indexer/v1"),
            format!("   Health        {rest}/health"),
        ];
        if let Some(address) = self.faucet {
            lines.push(format!(
                "   Faucet        http://{address}      also at {rest}/faucet"
            ));
        }
        lines.push(String::new());
        lines.extend(self.account_lines(rows, terminal));
        lines.push(String::new());
        lines.push(format!(
            "   Milestones  every {} s, signed by {} of {} keys",
            self.config.milestones.interval_ms as f64 / 1_000.0,
            self.config.milestones.key_threshold,
            self.config.milestones.key_count
        ));
        let data = self.folder.path().display();
        lines.push(if self.is_ephemeral {
            format!("   Data        {data}   (goes when the network stops)")
        } else {
            format!("   Data        {data}   (ephemeral: --ephemeral · start over: --reset)")
        });
        lines.push(String::new());
        lines.push(format!("   Try:        curl {rest}/api/core/v2/info"));
        lines.push("   Stop:       Ctrl-C".to_owned());
        lines.push(String::new());
        lines.join("\n")
    }

    fn account_lines(&self, rows: &[Row], terminal: &Terminal) -> Vec<String> {
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
        lines.push(format!(
            "   Mnemonic    stored in {}   {}",
            self.folder.mnemonic().display(),
            terminal.paint(Look::Dim, "(print: tangle dev --show-mnemonic)")
        ));
        lines
    }
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
