//! Syntactic rules that depend on the protocol parameters, or on a whole transaction (TIP-20,
//! TIP-18, TIP-19).
//!
//! The shape of a block (counts, lengths, order, which conditions and features an output may have,
//! where unlocks may point) was checked when it was read; see [`crate::DecodeError`].

use std::collections::BTreeSet;

use crate::{
    Address, AliasOutput, Block, Essence, FoundryId, FoundryOutput, NATIVE_TOKENS_MAX, NetworkId,
    NftOutput, Output, Payload, ProtocolParameters, Receipt, RentStructure, TokenId,
    basic_deposit_min,
};

/// Which rule a block breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// Another protocol version.
    #[error("the block is of protocol version {found}, the network is at {needed}")]
    ProtocolVersion {
        /// The network's.
        needed: u8,
        /// The block's.
        found: u8,
    },
    /// A transaction for another network.
    #[error("the transaction is for network {found}, this is network {needed}")]
    NetworkId {
        /// This network.
        needed: NetworkId,
        /// The transaction's.
        found: NetworkId,
    },
    /// An output breaks a rule.
    #[error("output {index}: {error}")]
    Output {
        /// Its position.
        index: usize,
        /// The rule.
        error: OutputError,
    },
    /// The outputs hold more than there is.
    #[error("the outputs hold {found} together, the token supply is {supply}")]
    SupplyExceeded {
        /// The sum.
        found: u128,
        /// The token supply.
        supply: u64,
    },
    /// Too many kinds of native tokens.
    #[error("the outputs hold {found} kinds of native tokens, at most {NATIVE_TOKENS_MAX} can be")]
    NativeTokenCount {
        /// Distinct tokens.
        found: usize,
    },
    /// A receipt migrates more than there is, or leaves more than there is in the treasury.
    #[error("the receipt's {field} is {found}, the token supply is {supply}")]
    ReceiptAboveSupply {
        /// `sum of funds` or `treasury`.
        field: &'static str,
        /// How much.
        found: u128,
        /// The token supply.
        supply: u64,
    },
    /// Two outputs continue one alias, NFT or foundry.
    #[error("output {index}: an earlier output holds the same alias, NFT or foundry")]
    ChainDuplicate {
        /// Position of the later one.
        index: usize,
    },
}

/// Which rule an output breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// It holds nothing.
    #[error("the amount is zero")]
    AmountZero,
    /// It holds more than there is.
    #[error("the amount {found} exceeds the token supply {supply}")]
    AmountAboveSupply {
        /// The amount.
        found: u64,
        /// The token supply.
        supply: u64,
    },
    /// It pays too little for its place in the ledger (TIP-19).
    #[error("the amount {found} does not cover the storage deposit of {needed}")]
    StorageDeposit {
        /// The amount.
        found: u64,
        /// The least amount.
        needed: u64,
    },
    /// The deposit to be returned could not make an output of its own.
    #[error("the storage deposit return {found} is below the least output of {needed}")]
    ReturnTooSmall {
        /// The return amount.
        found: u64,
        /// Least amount of a basic output for the return address.
        needed: u64,
    },
    /// More is to be returned than the output holds.
    #[error("the storage deposit return {found} exceeds the amount {amount}")]
    ReturnAboveAmount {
        /// The return amount.
        found: u64,
        /// The output's amount.
        amount: u64,
    },
    /// A timelock at time zero.
    #[error("the timelock is zero")]
    TimelockZero,
    /// An expiration at time zero.
    #[error("the expiration is zero")]
    ExpirationZero,
    /// A native token entry without tokens.
    #[error("the amount of native token {0} is zero")]
    NativeTokenZero(TokenId),
    /// A new alias that claims to have a past.
    #[error("a new alias has state index and foundry counter 0")]
    NewAliasCounters,
    /// An alias that controls itself.
    #[error("the alias controls itself")]
    AliasControlsItself,
    /// An NFT that owns itself.
    #[error("the NFT owns itself")]
    NftOwnsItself,
    /// A foundry that can never mint.
    #[error("the maximum supply of the foundry's token is zero")]
    MaximumSupplyZero,
    /// A foundry that melted more than it minted.
    #[error("the foundry melted more than it minted")]
    MeltedAboveMinted,
    /// A foundry with more tokens in circulation than allowed.
    #[error("more of the foundry's token circulate than its maximum supply")]
    CirculationAboveMaximum,
}

/// Checks a block against the parameters in force. Proof of work and the signatures of milestones
/// are not checked here.
///
/// # Errors
/// The first rule that is broken.
pub fn validate(block: &Block, parameters: &ProtocolParameters) -> Result<(), SyntaxError> {
    if block.protocol_version != parameters.version {
        return Err(SyntaxError::ProtocolVersion {
            needed: parameters.version,
            found: block.protocol_version,
        });
    }
    match &block.payload {
        Some(Payload::Transaction(transaction)) => {
            validate_essence(&transaction.essence, parameters)
        }
        Some(Payload::Milestone(milestone)) => match milestone.receipt() {
            Some(receipt) => validate_receipt(receipt, parameters.token_supply),
            None => Ok(()),
        },
        Some(Payload::TaggedData(_)) | None => Ok(()),
    }
}

// TIP-34. Whether the treasury holds that much is up to the ledger.
fn validate_receipt(receipt: &Receipt, supply: u64) -> Result<(), SyntaxError> {
    let funds = receipt.funds.iter();
    let sum: u128 = funds.map(|fund| u128::from(fund.deposit)).sum();
    let treasury = u128::from(receipt.treasury_transaction.amount);
    for (field, found) in [("sum of funds", sum), ("treasury", treasury)] {
        if found > u128::from(supply) {
            return Err(SyntaxError::ReceiptAboveSupply {
                field,
                found,
                supply,
            });
        }
    }
    Ok(())
}

fn validate_essence(essence: &Essence, parameters: &ProtocolParameters) -> Result<(), SyntaxError> {
    let needed = parameters.network_id();
    if essence.network_id != needed {
        return Err(SyntaxError::NetworkId {
            needed,
            found: essence.network_id,
        });
    }
    let mut sum = 0_u128;
    for (index, output) in essence.outputs.iter().enumerate() {
        validate_output(output, parameters)
            .map_err(|error| SyntaxError::Output { index, error })?;
        sum += u128::from(output.amount());
        if sum > u128::from(parameters.token_supply) {
            return Err(SyntaxError::SupplyExceeded {
                found: sum,
                supply: parameters.token_supply,
            });
        }
    }
    validate_native_token_count(&essence.outputs)?;
    validate_chains(&essence.outputs)
}

/// The rules of one output, whatever transaction it is in.
///
/// # Errors
/// The first rule that is broken.
pub fn validate_output(
    output: &Output,
    parameters: &ProtocolParameters,
) -> Result<(), OutputError> {
    let amount = output.amount();
    if amount == 0 {
        return Err(OutputError::AmountZero);
    }
    let supply = parameters.token_supply;
    if amount > supply {
        return Err(OutputError::AmountAboveSupply {
            found: amount,
            supply,
        });
    }
    let needed = output.deposit_min(&parameters.rent);
    if amount < needed {
        return Err(OutputError::StorageDeposit {
            found: amount,
            needed,
        });
    }
    validate_conditions(output, &parameters.rent)?;
    if let Some(token) = output
        .native_tokens()
        .iter()
        .find(|token| token.amount.is_zero())
    {
        return Err(OutputError::NativeTokenZero(token.id));
    }
    match output {
        Output::Basic(_) => Ok(()),
        Output::Alias(alias) => validate_alias(alias),
        Output::Foundry(foundry) => validate_foundry(foundry),
        Output::Nft(nft) => validate_nft(nft),
    }
}

fn validate_conditions(output: &Output, rent: &RentStructure) -> Result<(), OutputError> {
    let conditions = output.unlock_conditions();
    if let Some((return_address, found)) = conditions.storage_deposit_return() {
        let needed = basic_deposit_min(rent, return_address);
        if found < needed {
            return Err(OutputError::ReturnTooSmall { found, needed });
        }
        if found > output.amount() {
            return Err(OutputError::ReturnAboveAmount {
                found,
                amount: output.amount(),
            });
        }
    }
    if conditions.timelock().is_some_and(|until| until.0 == 0) {
        return Err(OutputError::TimelockZero);
    }
    if conditions
        .expiration()
        .is_some_and(|(_, until)| until.0 == 0)
    {
        return Err(OutputError::ExpirationZero);
    }
    Ok(())
}

fn validate_alias(alias: &AliasOutput) -> Result<(), OutputError> {
    if alias.alias_id.is_zero() {
        return if alias.state_index == 0 && alias.foundry_counter == 0 {
            Ok(())
        } else {
            Err(OutputError::NewAliasCounters)
        };
    }
    let itself = Address::Alias(alias.alias_id);
    let conditions = &alias.unlock_conditions;
    if conditions.state_controller() == Some(&itself) || conditions.governor() == Some(&itself) {
        return Err(OutputError::AliasControlsItself);
    }
    Ok(())
}

fn validate_foundry(foundry: &FoundryOutput) -> Result<(), OutputError> {
    let scheme = &foundry.token_scheme;
    if scheme.maximum.is_zero() {
        return Err(OutputError::MaximumSupplyZero);
    }
    match scheme.minted.checked_sub(scheme.melted) {
        None => Err(OutputError::MeltedAboveMinted),
        Some(circulating) if circulating > scheme.maximum => {
            Err(OutputError::CirculationAboveMaximum)
        }
        Some(_) => Ok(()),
    }
}

fn validate_nft(nft: &NftOutput) -> Result<(), OutputError> {
    let itself = Address::Nft(nft.nft_id);
    if !nft.nft_id.is_zero() && nft.unlock_conditions.address() == Some(&itself) {
        return Err(OutputError::NftOwnsItself);
    }
    Ok(())
}

fn validate_native_token_count(outputs: &[Output]) -> Result<(), SyntaxError> {
    let entries: usize = outputs
        .iter()
        .map(|output| output.native_tokens().len())
        .sum();
    if entries <= NATIVE_TOKENS_MAX {
        return Ok(());
    }
    let distinct: BTreeSet<TokenId> = outputs
        .iter()
        .flat_map(Output::native_tokens)
        .map(|token| token.id)
        .collect();
    if distinct.len() > NATIVE_TOKENS_MAX {
        return Err(SyntaxError::NativeTokenCount {
            found: distinct.len(),
        });
    }
    Ok(())
}

/// A chain is named by its address, or by its foundry id.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Chain {
    Address(Address),
    Foundry(FoundryId),
}

fn validate_chains(outputs: &[Output]) -> Result<(), SyntaxError> {
    let mut seen = BTreeSet::new();
    for (index, output) in outputs.iter().enumerate() {
        let chain = match output {
            Output::Alias(alias) if !alias.alias_id.is_zero() => {
                Chain::Address(Address::Alias(alias.alias_id))
            }
            Output::Nft(nft) if !nft.nft_id.is_zero() => Chain::Address(Address::Nft(nft.nft_id)),
            Output::Foundry(foundry) => match foundry.id() {
                Some(id) => Chain::Foundry(id),
                None => continue,
            },
            _ => continue,
        };
        if !seen.insert(chain) {
            return Err(SyntaxError::ChainDuplicate { index });
        }
    }
    Ok(())
}
