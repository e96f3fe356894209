//! What the pages need of a wallet: who has keys implements it, and hands it to the pages.

use std::future::Future;
use std::pin::Pin;

use tangle_types::words::Sentence;
use tangle_types::{
    Address, AliasId, BlockId, FoundryId, MilestoneIndex, NftId, Output, OutputId, TokenId,
    TransactionId, U256, UnixSeconds,
};

/// An answer of a wallet, once it is there.
pub type WalletFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A wallet whose accounts whoever sees the pages may use: a test wallet.
///
/// Its answers are of the newest milestone. It gives away no secret, and what it tells of an
/// account has a bound. Each call may take as long as a few requests to a node.
pub trait TestWallet: Send + Sync {
    /// Addresses with a name: the accounts, and who else is worth paying to.
    fn named(&self) -> &[(String, Address)];

    /// What the accounts have, in order.
    fn accounts(&self) -> WalletFuture<'_, Result<Vec<AccountSummary>, WalletAway>>;

    /// All about the account of a name, if there is one.
    fn account<'a>(
        &'a self,
        name: &'a str,
    ) -> WalletFuture<'a, Result<Option<AccountDetails>, WalletAway>>;

    /// Has an account do something; the transaction, which is on its way then.
    fn carry_out<'a>(
        &'a self,
        name: &'a str,
        order: WalletOrder,
    ) -> WalletFuture<'a, Result<TransactionId, OrderError>>;

    /// A transaction that an account sent; `None` if it did not, or long ago, or before a restart.
    fn sent<'a>(
        &'a self,
        name: &'a str,
        id: TransactionId,
    ) -> WalletFuture<'a, Result<Option<SentTransaction>, WalletAway>>;
}

/// The wallet cannot know how the ledger is.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WalletAway(pub String);

/// What an account has.
#[derive(Clone, Debug)]
pub struct AccountSummary {
    /// What it is called.
    pub name: String,
    /// Where it is paid to.
    pub address: Address,
    /// Base coins that it can spend now.
    pub available: u64,
    /// Base coins that its tokens, NFTs, aliases and foundries need for their space.
    pub deposit: u64,
    /// Base coins that it cannot spend before some time.
    pub locked: u64,
    /// Base coins that it may claim.
    pub claimable: u64,
    /// Base coins that come back to it unless somebody takes them.
    pub returning: u64,
    /// Base coins that it keeps apart for voting.
    pub voting: u64,
    /// Native tokens.
    pub tokens: Vec<HeldToken>,
    /// NFTs.
    pub nfts: Vec<NftId>,
    /// Aliases.
    pub aliases: Vec<AliasId>,
    /// Foundries.
    pub foundries: Vec<FoundryId>,
    /// Its transactions on their way, oldest first.
    pub pending: Vec<TransactionId>,
}

/// How much an account has of a native token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldToken {
    /// Which token.
    pub id: TokenId,
    /// All that it has.
    pub total: U256,
    /// What it can spend now.
    pub available: U256,
}

/// All about an account.
#[derive(Clone, Debug)]
pub struct AccountDetails {
    /// What it has.
    pub summary: AccountSummary,
    /// Its unspent outputs, newest first; not all if there are many.
    pub outputs: Vec<HeldOutput>,
    /// How many unspent outputs it has.
    pub output_count: usize,
    /// What it could claim now.
    pub claimable: Vec<HeldOutput>,
    /// What happened, newest first; not all if it was much.
    pub events: Vec<AccountEvent>,
}

/// An output of an account.
#[derive(Clone, Debug)]
pub struct HeldOutput {
    /// Its id.
    pub id: OutputId,
    /// The output.
    pub output: Output,
    /// How it stands, in a word.
    pub standing: &'static str,
}

/// Something that happened to an account.
#[derive(Clone, Debug)]
pub struct AccountEvent {
    /// When.
    pub time: UnixSeconds,
    /// The milestone that decided; `None` when only time passed.
    pub milestone: Option<MilestoneIndex>,
    /// The transaction; `None` when nobody knows any more.
    pub transaction: Option<TransactionId>,
    /// Base coins that came.
    pub received: u64,
    /// Base coins that went.
    pub spent: u64,
    /// What it means, one by one.
    pub changes: Vec<Sentence>,
}

/// A transaction that an account sent.
#[derive(Clone, Debug)]
pub struct SentTransaction {
    /// The blocks that carry it, oldest first.
    pub blocks: Vec<BlockId>,
    /// What it creates, in order.
    pub outputs: Vec<Output>,
}

/// What an account shall do.
#[derive(Clone, Debug)]
pub enum WalletOrder {
    /// Send base coins.
    Send(Payment),
    /// Send native tokens, with the coins that their space needs.
    SendTokens {
        /// Who gets them.
        to: Address,
        /// Which token.
        token: TokenId,
        /// How many, one or more.
        amount: U256,
        /// Whether these coins are lent: then the tokens have to be claimed.
        lends_deposit: bool,
    },
    /// Send an NFT, with the coins that it holds.
    SendNft {
        /// Who gets it.
        to: Address,
        /// Which one.
        nft: NftId,
    },
    /// Send an alias, with the coins that it holds and the foundries that it has.
    SendAlias {
        /// Who gets it.
        to: Address,
        /// Which one.
        alias: AliasId,
        /// What of it.
        part: AliasPart,
    },
    /// Take all that can be claimed.
    Claim,
    /// Make an NFT for itself.
    MintNft {
        /// What it says for ever.
        metadata: Vec<u8>,
        /// A tag to find it by.
        tag: Vec<u8>,
    },
}

/// Base coins for somebody.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Who gets them.
    pub to: Address,
    /// How many.
    pub amount: u64,
    /// A tag to find the output by.
    pub tag: Vec<u8>,
    /// Any bytes.
    pub metadata: Vec<u8>,
    /// Seconds after which they come back unless they were taken.
    pub expires_in_seconds: Option<u32>,
    /// Whether the storage deposit that is missing is lent.
    pub lends_deposit: bool,
}

/// What of an alias is given to somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasPart {
    /// Everything.
    All,
    /// Who changes its state, and with it its foundries.
    State,
    /// Who governs it: says who changes its state, and can destroy it.
    Governance,
}

/// Why an account does not do something.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The wallet cannot know how the ledger is, or the node does not take the block.
    #[error(transparent)]
    Away(#[from] WalletAway),
    /// There is no such account.
    #[error("there is no such account")]
    NoAccount,
    /// Less than an output needs.
    #[error("an output holds {needed} or more")]
    BelowDeposit {
        /// Least amount.
        needed: u64,
    },
    /// Not enough coins.
    #[error("{missing} are missing")]
    Coins {
        /// How many are missing.
        missing: u64,
        /// Whether some are in transactions on their way.
        is_waiting: bool,
    },
    /// Not enough of a native token.
    #[error("{missing} tokens are missing")]
    Tokens {
        /// How many are missing.
        missing: U256,
        /// Whether some may be in transactions on their way.
        is_waiting: bool,
    },
    /// The token, NFT or alias cannot be sent now, for this reason.
    #[error("{0}")]
    Thing(String),
    /// What would be left is too little for an output.
    #[error("{left} would be left, an output holds {needed} or more")]
    Remainder {
        /// What would be left.
        left: u64,
        /// Least amount.
        needed: u64,
    },
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}
