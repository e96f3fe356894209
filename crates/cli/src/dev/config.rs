//! Every parameter of a dev network.

use serde::{Deserialize, Serialize};
use tangle_consensus::KeyRange;
use tangle_storage::{Allocation, BaseToken, Genesis};
use tangle_types::{
    Address, MilestoneIndex, PROTOCOL_VERSION, ProtocolParameters, RentStructure, UnixSeconds,
};

use super::accounts::Accounts;
use super::nodes::NodesSection;
use crate::config::{Describe, Key, Layers, Origin, SecretFile, read_file, section};
use crate::failure::{Code, Failure, Outcome};
use crate::sections::{
    CountingSection, FaucetAmounts, MetricsSection, MilestonePace, PowSection, PruningSection,
    SnapshotsSection, StorageSection, TipsSection,
};

/// The least time between milestones: their timestamps are whole seconds and rise.
pub(crate) const MILESTONE_INTERVAL_MIN_MS: u64 = 1_000;
/// Most milestone keys.
const KEY_COUNT_MAX: usize = 255;
/// 2026-01-01: every dev network with the same parameters has the same genesis.
const GENESIS_TIME: u32 = 1_767_225_600;
/// Coins of each test account: a million.
const ACCOUNT_AMOUNT: u64 = 1_000_000_000_000;

section! {
    /// A dev network.
    pub(crate) struct DevConfig {
        /// The nodes, and what lies between them.
        dev: NodesSection = NodesSection::default(),
        /// What the network agrees on.
        network: NetworkSection = NetworkSection::default(),
        /// Storage deposit.
        rent: RentSection = RentSection::default(),
        /// How amounts are shown.
        token: TokenSection = TokenSection::default(),
        /// Finality.
        milestones: MilestonesSection = MilestonesSection::default(),
        /// The test accounts.
        accounts: AccountsSection = AccountsSection::default(),
        /// Who owns coins at the start: the name of a test account or an address, and an amount.
        /// The faucet's account gets the rest of the supply.
        allocations: Allocations = Allocations::default(),
        /// Where to listen, on loopback; 0 picks a free port.
        ports: PortsSection = PortsSection::default(),
        /// Free coins for who asks.
        faucet: DevFaucetSection = DevFaucetSection::default(),
        /// Votes with coins.
        participation: DevParticipationSection = DevParticipationSection::default(),
        /// The store.
        storage: StorageSection = StorageSection::default(),
        /// What of the past is kept.
        pruning: PruningSection = PruningSection::default(),
        /// Snapshots that are written while the node runs.
        snapshots: SnapshotsSection = SnapshotsSection::default(),
        /// Metrics in the format of Prometheus.
        metrics: MetricsSection = MetricsSection::default(),
        /// Proof of work for clients.
        pow: PowSection = PowSection::default(),
        /// Tip selection.
        tips: TipsSection = TipsSection::default(),
    }
}

section! {
    /// What the network agrees on.
    pub(crate) struct NetworkSection {
        /// Name of the network; its hash is the network id that transactions carry.
        name: String = "tangle-dev".to_owned(),
        /// Human-readable part of addresses.
        hrp: String = "tst".to_owned(),
        /// All base coins there are, for ever.
        supply: u64 = 2_779_530_283_277_761,
        /// Least proof-of-work score of a block; 0 asks for none.
        pow_score_min: u32 = 0,
        /// Milestones after which blocks are too old to be approved.
        below_max_depth: u8 = 15,
        /// Time of the genesis, in seconds since 1970.
        genesis_time: u32 = GENESIS_TIME,
    }
}

section! {
    /// Storage deposit (TIP-19).
    pub(crate) struct RentSection {
        /// Base coins for a virtual byte.
        v_byte_cost: u32 = 100,
        /// Weight of a data byte.
        v_byte_factor_data: u8 = 1,
        /// Weight of a key byte.
        v_byte_factor_key: u8 = 10,
    }
}

section! {
    /// How amounts are shown.
    pub(crate) struct TokenSection {
        /// Name of the coin.
        name: String = "Tangle test coin".to_owned(),
        /// Its short name.
        ticker: String = "TST".to_owned(),
        /// The unit that amounts are shown in.
        unit: String = "TST".to_owned(),
        /// The smallest unit, in which the protocol counts; empty for none.
        subunit: String = "micro".to_owned(),
        /// Digits between the two.
        decimals: u32 = 6,
        /// Whether amounts may be shown with k, M, G.
        use_metric_prefix: bool = false,
    }
}

section! {
    /// Finality.
    pub(crate) struct MilestonesSection {
        /// Milliseconds between milestones; at least 1000.
        interval_ms: u64 = 1_000,
        /// Whether they come at a steady pace, or only when blocks wait for one (and every four
        /// minutes, as clients compare their clock with the newest).
        pace: MilestonePace = MilestonePace::Steady,
        /// Keys that may sign.
        key_count: usize = 2,
        /// Keys that must sign.
        key_threshold: usize = 2,
    }
}

section! {
    /// The test accounts.
    pub(crate) struct AccountsSection {
        /// Mnemonic of the test accounts and the milestone keys, instead of the published one.
        mnemonic: Option<SecretFile> = None,
    }
}

section! {
    /// Where to listen, on loopback.
    pub(crate) struct PortsSection {
        /// Of the REST interface of node 1; each further node has the next one, here and for
        /// `mqtt` and `metrics.bind`.
        rest: u16 = 14_265,
        /// Of MQTT over TCP, such as 1883; without it there is only MQTT in WebSocket, on the port
        /// of the REST interface.
        mqtt: Option<u16> = None,
        /// Of the faucet.
        faucet: u16 = 8_091,
    }
}

section! {
    /// Free coins for who asks.
    pub(crate) struct DevFaucetSection {
        /// Whether the faucet runs.
        enabled: bool = true,
        /// What it pays.
        pays: FaucetAmounts = FaucetAmounts::default(),
    }
}

section! {
    /// Votes with coins: the routes `/api/participation/v1`.
    pub(crate) struct DevParticipationSection {
        /// Whether the nodes count them.
        enabled: bool = true,
        /// What they count.
        counting: CountingSection = CountingSection::default(),
    }
}

/// Who owns coins at the start.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Allocations(Vec<NamedAllocation>);

/// One owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedAllocation {
    /// A test account, or an address.
    owner: String,
    /// Base coins.
    amount: u64,
}

impl Default for Allocations {
    fn default() -> Self {
        let account = |owner: &str| NamedAllocation {
            owner: owner.to_owned(),
            amount: ACCOUNT_AMOUNT,
        };
        Self(vec![account("alice"), account("bob")])
    }
}

impl Describe for Allocations {
    fn describe(&self, path: &str, about: &'static str, keys: &mut Vec<Key>) {
        let entries = self.0.iter();
        let entries: Vec<String> = entries
            .map(|entry| {
                format!(
                    "{{ owner = \"{}\", amount = {} }}",
                    entry.owner, entry.amount
                )
            })
            .collect();
        keys.push(Key {
            path: path.to_owned(),
            kind: "list of { owner = \"name or address\", amount = number }",
            default: format!("[{}]", entries.join(", ")),
            about: about.trim(),
        });
    }
}

impl DevConfig {
    /// What a file says of it.
    pub(crate) fn layers(file: Option<&std::path::Path>) -> Outcome<Layers> {
        let mut layers = Layers::default();
        if let Some(file) = file {
            layers.add::<Self>(&read_file(file)?, &Origin::File(file.to_owned()))?;
        }
        Ok(layers)
    }

    /// The state of the network before its first milestone.
    pub(crate) fn genesis(&self, accounts: &Accounts) -> Outcome<Genesis> {
        self.check()?;
        let network = &self.network;
        let genesis = Genesis {
            parameters: ProtocolParameters {
                version: PROTOCOL_VERSION,
                network_name: network.name.clone(),
                bech32_hrp: network.hrp.clone(),
                pow_score_min: network.pow_score_min,
                below_max_depth: network.below_max_depth,
                rent: RentStructure {
                    v_byte_cost: self.rent.v_byte_cost,
                    v_byte_factor_data: self.rent.v_byte_factor_data,
                    v_byte_factor_key: self.rent.v_byte_factor_key,
                },
                token_supply: network.supply,
            },
            token: self.token.base_token(),
            index: MilestoneIndex(0),
            timestamp: UnixSeconds(network.genesis_time),
            allocations: self.owners(accounts)?,
            treasury: 0,
            milestone_keys: accounts
                .milestone_keys(self.milestones.key_count)
                .iter()
                .map(|key| KeyRange {
                    public_key: key.public_key(),
                    start: MilestoneIndex(0),
                    end: MilestoneIndex(0),
                })
                .collect(),
            milestone_key_threshold: self.milestones.key_threshold,
        };
        genesis
            .check()
            .map_err(|error| Failure::new(Code::Genesis, error))?;
        Ok(genesis)
    }

    fn check(&self) -> Outcome {
        let refuse = |message: String| Err(Failure::new(Code::ConfigValue, message));
        self.dev.check()?;
        let milestones = &self.milestones;
        if milestones.interval_ms < MILESTONE_INTERVAL_MIN_MS {
            return refuse(format!(
                "milestones.interval_ms = {}: at least {MILESTONE_INTERVAL_MIN_MS} is needed, as \
                 timestamps are whole seconds",
                milestones.interval_ms
            ));
        }
        if milestones.key_count == 0 || milestones.key_count > KEY_COUNT_MAX {
            return refuse(format!(
                "milestones.key_count = {}: 1 to {KEY_COUNT_MAX} are possible",
                milestones.key_count
            ));
        }
        if milestones.key_threshold == 0 || milestones.key_threshold > milestones.key_count {
            return refuse(format!(
                "milestones.key_threshold = {}: there are {} keys",
                milestones.key_threshold, milestones.key_count
            ));
        }
        self.tips.config().map(drop)
    }

    /// The allocations by address; the faucet has what nobody else has.
    fn owners(&self, accounts: &Accounts) -> Outcome<Vec<Allocation>> {
        let mut owners = Vec::new();
        let mut rest = self.network.supply;
        for entry in &self.allocations.0 {
            let Some(left) = rest.checked_sub(entry.amount) else {
                return Err(Failure::new(
                    Code::ConfigValue,
                    format!(
                        "allocations: they are more than the supply of {}",
                        self.network.supply
                    ),
                ));
            };
            rest = left;
            owners.push(Allocation {
                address: self.owner(&entry.owner, accounts)?,
                amount: entry.amount,
            });
        }
        if rest > 0 {
            owners.push(Allocation {
                address: accounts.faucet().address(),
                amount: rest,
            });
        }
        Ok(owners)
    }

    fn owner(&self, text: &str, accounts: &Accounts) -> Outcome<Address> {
        if let Some(account) = accounts.find(text) {
            return Ok(account.address());
        }
        let hrp = &self.network.hrp;
        match Address::from_bech32(text) {
            Ok((found, address)) if found == *hrp => Ok(address),
            Ok((found, _)) => Err(Failure::new(
                Code::ConfigValue,
                format!(
                    "allocations: {text} is an address of {found}, those of this network begin \
                     with {hrp}"
                ),
            )),
            Err(error) => Err(Failure::new(
                Code::ConfigValue,
                format!("allocations: {text:?} is neither a test account nor an address: {error}"),
            )),
        }
    }
}

impl TokenSection {
    fn base_token(&self) -> BaseToken {
        BaseToken {
            name: self.name.clone(),
            ticker_symbol: self.ticker.clone(),
            unit: self.unit.clone(),
            subunit: (!self.subunit.is_empty()).then(|| self.subunit.clone()),
            decimals: self.decimals,
            use_metric_prefix: self.use_metric_prefix,
        }
    }
}
