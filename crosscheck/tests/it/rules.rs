//! The same transactions, judged by the SDK's implementation of the rules.
//!
//! The order in which rules are checked differs, so only whether a transaction is included is
//! compared. The known differences of the rules themselves are G-20 (when a storage deposit is
//! waived), G-26 (a foundry that mints while its tokens become fewer), and reference unlocks: the
//! SDK asks that the owner is unlocked, here the reference must be to where that happened, as
//! TIP-20 says and the reference implementation does.

use std::collections::BTreeMap;
use std::sync::Arc;

use iota_sdk::packable::{Packable, unpacker::SliceUnpacker};
use iota_sdk::types::block::output::{Output as SdkOutput, OutputId as SdkOutputId};
use iota_sdk::types::block::payload::{Payload as SdkPayload, transaction::TransactionEssence};
use iota_sdk::types::block::protocol::ProtocolParameters;
use iota_sdk::types::block::semantic::{ConflictReason, ValidationContext, semantic_validation};
use tangle_testkit::ledger::{Case, check_with};
use tangle_types::{Address, Codec, LedgerOutput, Output, UnixSeconds, Unlock};

/// Compares the verdict on a transaction whose inputs exist and are unspent.
pub(crate) fn compare(case: &Case) {
    if case.inputs.len() != case.transaction.essence.inputs.len()
        || case.conflict().is_some_and(|reason| reason as u8 <= 3)
    {
        return;
    }
    let is_included = case.conflict().is_none();
    let theirs = judge(case);
    if (theirs == Ok(ConflictReason::None)) != is_included {
        let is_explained = case
            .inputs
            .iter()
            .any(|it| is_waived_otherwise(it, case.time))
            || !is_included && (mints_while_tokens_go(case) || refers_elsewhere(case));
        assert!(
            is_explained,
            "{}: the SDK says {theirs:?}, here it is {:?}\n{case:#?}",
            case.name, case.inclusion
        );
    }
}

fn judge(case: &Case) -> Result<ConflictReason, String> {
    let bytes = case.transaction.to_bytes();
    let mut unpacker = SliceUnpacker::new(&bytes);
    let payload = SdkPayload::unpack::<_, false>(&mut unpacker, &ProtocolParameters::default());
    let Ok(SdkPayload::Transaction(transaction)) = payload else {
        panic!("{}: the SDK cannot read it", case.name);
    };
    let TransactionEssence::Regular(essence) = transaction.essence();
    let inputs: Vec<(SdkOutputId, SdkOutput)> = case.inputs.iter().map(|it| sdk(it)).collect();
    let inputs: Vec<(&SdkOutputId, &SdkOutput)> =
        inputs.iter().map(|(id, output)| (id, output)).collect();
    let context = ValidationContext::new(
        &transaction.id(),
        essence,
        inputs.iter().copied(),
        transaction.unlocks(),
        case.time.0,
    );
    semantic_validation(context, &inputs, transaction.unlocks()).map_err(|error| error.to_string())
}

fn sdk(output: &LedgerOutput) -> (SdkOutputId, SdkOutput) {
    let id = SdkOutputId::unpack::<_, false>(&mut SliceUnpacker::new(&output.id.0), &());
    let bytes = output.output.to_bytes();
    let parameters = ProtocolParameters::default();
    let read = SdkOutput::unpack::<_, false>(&mut SliceUnpacker::new(&bytes), &parameters);
    (id.expect("an id"), read.expect("an output"))
}

/// G-20: the SDK waives a deposit when the output has expired, here it is waived when the one who
/// is owed opened the input.
fn is_waived_otherwise(input: &LedgerOutput, now: UnixSeconds) -> bool {
    let conditions = input.output.unlock_conditions();
    let Some((creditor, _)) = conditions.storage_deposit_return() else {
        return false;
    };
    let itself = match &input.output {
        Output::Nft(nft) => Some(Address::Nft(nft.nft_id.or_from_output(&input.id))),
        _ => None,
    };
    match conditions.expiration() {
        Some((owner, time)) if time <= now => owner != creditor,
        _ => conditions.address() == Some(creditor) || itself.as_ref() == Some(creditor),
    }
}

/// G-26.
fn mints_while_tokens_go(case: &Case) -> bool {
    let minted = |output: &Output| match output {
        Output::Foundry(foundry) => Some((foundry.id()?, foundry.token_scheme.minted)),
        _ => None,
    };
    let before: BTreeMap<_, _> = case
        .inputs
        .iter()
        .filter_map(|input| minted(&input.output))
        .collect();
    let outputs = &case.transaction.essence.outputs;
    let mut after = outputs.iter().filter_map(minted);
    after.any(|(id, now)| before.get(&id).is_some_and(|then| now > *then))
}

/// Whether a reference is to the signature of somebody who can own the input in no way.
fn refers_elsewhere(case: &Case) -> bool {
    let unlocks = &case.transaction.unlocks;
    let is_wrong = |(unlock, input): (&Unlock, &Arc<LedgerOutput>)| {
        let Unlock::Reference(target) = unlock else {
            return false;
        };
        let Some(Unlock::Signature { public_key, .. }) = unlocks.get(usize::from(*target)) else {
            return true;
        };
        let signer = Address::from_public_key(public_key);
        let conditions = input.output.unlock_conditions();
        let returned = match conditions.expiration() {
            Some((owner, time)) if time <= case.time => return *owner != signer,
            _ => conditions.address(),
        };
        let owners = [
            returned,
            conditions.state_controller(),
            conditions.governor(),
        ];
        !owners.contains(&Some(&signer))
    };
    unlocks.iter().zip(&case.inputs).any(is_wrong)
}

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn hits(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        let index = self.below(choices.len() as u64);
        choices[usize::try_from(index).expect("few choices")]
    }
}

/// Name, output without its kind's first words, and who owns it.
const POOL: [(&str, &str, &str); 12] = [
    ("g", "basic 100 alice", "alice"),
    ("h", "basic 100 bob tokens=A/1:50", "bob"),
    ("i", "basic 100 alice expire=bob@5 return=bob:20", "alice"),
    ("j", "basic 100 nft:N return=bob:20", "nft:N"),
    ("k", "basic 100 alias:A tokens=A/1:50+B/1:7", "alias:A"),
    ("l", "basic 100 alice timelock=5", "alice"),
    ("n", "nft 100 N owner=alice issuer=bob", "alice"),
    ("m", "nft 100 M owner=nft:N", "nft:N"),
    ("a", "alias 100 A state=alice gov=bob counter=1", "A"),
    ("b", "alias 100 B state=alias:A gov=nft:N counter=1", "B"),
    ("f", "foundry 100 A serial=1 minted=100 max=200", "alias:A"),
    (
        "e",
        "foundry 100 B serial=1 minted=7 melted=0 max=9",
        "alias:B",
    ),
];

/// A transaction that is nearly right.
fn transaction(dice: &mut Dice) -> String {
    let mut inputs: Vec<(&str, &str)> = Vec::new();
    let mut outputs: Vec<String> = Vec::new();
    let mut amount = 0;
    let mut unlocks: Vec<String> = Vec::new();
    let first = dice.below(12);
    // In the order of the pool from some place on, so that owners often come first.
    for step in 0..12 {
        let place = usize::try_from((first + step * 7) % 12).expect("a small number");
        let (name, output, owner) = POOL[place];
        if !dice.hits(30) {
            continue;
        }
        amount += 100;
        let mut owner = owner.to_owned();
        match name {
            "n" | "m" if dice.hits(75) => {
                let issuer = if name == "n" && !dice.hits(8) {
                    "issuer=bob"
                } else {
                    ""
                };
                let chain = if name == "n" { "N" } else { "M" };
                let whom = dice.pick(&["alice", "bob", "nft:N", "alias:A"]);
                outputs.push(format!(
                    "nft 50 {chain} owner={whom} {issuer} {}",
                    extra(dice)
                ));
                amount -= 50;
            }
            "a" | "b" => {
                let (chain, state, governor) = if name == "a" {
                    ("A", "alice", "bob")
                } else {
                    ("B", "alias:A", "nft:N")
                };
                owner = governor.to_owned();
                let counter = 1 + u64::from(dice.hits(25));
                if dice.hits(60) {
                    state.clone_into(&mut owner);
                    let index = if dice.hits(5) { 2 } else { 1 };
                    let state = if dice.hits(5) { "carol" } else { state };
                    outputs.push(format!(
                        "alias 50 {chain} state={state} gov={governor} index={index} counter={counter} {}",
                        extra(dice)
                    ));
                    amount -= 50;
                    if counter == 2 && dice.hits(80) {
                        let serial = if dice.hits(10) { 3 } else { 2 };
                        outputs.push(format!("foundry 10 {chain} serial={serial} max=9"));
                        amount -= 10;
                    }
                } else if dice.hits(60) {
                    outputs.push(format!(
                        "alias 100 {chain} state=carol gov={} counter=1 {}",
                        dice.pick(&["carol", governor]),
                        extra(dice)
                    ));
                    amount -= 100;
                }
            }
            "f" | "e" if dice.hits(80) => {
                let (chain, minted, max) = if name == "f" {
                    ("A", 100, 200)
                } else {
                    ("B", 7, 9)
                };
                let minted = minted + if dice.hits(70) { 0 } else { 25 };
                let melted = if dice.hits(70) { 0 } else { 25 };
                outputs.push(format!(
                    "foundry 50 {chain} serial=1 minted={minted} melted={melted} max={max}"
                ));
                amount -= 50;
            }
            _ => {}
        }
        unlocks.push(owner);
        inputs.push((name, output));
    }
    let mut text = String::from("tx t:");
    for (position, owner) in unlocks.iter().enumerate() {
        let find = |wanted: &str| inputs.iter().position(|(name, _)| *name == wanted);
        let earlier = unlocks[..position]
            .iter()
            .position(|before| before == owner);
        let unlock = match owner.as_str() {
            "nft:N" => find("n").map(|at| format!("%{at}")),
            "alias:A" => find("a").map(|at| format!("@{at}")),
            "alias:B" => find("b").map(|at| format!("@{at}")),
            _ => earlier.map(|at| format!("^{at}")),
        };
        let mut unlock = unlock.unwrap_or_else(|| owner.replace("nft:N", "alice"));
        if unlock.starts_with("alias") || dice.hits(3) {
            unlock = dice.pick(&["alice", "bob", "^0", "%0", "@0"]).to_owned();
        }
        text += &format!(" {}/{unlock}", inputs[position].0);
    }
    let rest: i64 = i64::from(amount) + i64::from(dice.hits(5));
    if dice.hits(25) && rest > 20 {
        outputs.push("basic 20 bob".to_owned());
        outputs.push(basic(dice, rest - 20));
    } else if rest > 0 {
        outputs.push(basic(dice, rest));
    }
    format!("{text} -> {} => ?", outputs.join(", "))
}

fn basic(dice: &mut Dice, amount: i64) -> String {
    let tokens = dice.pick(&[
        "",
        "",
        "tokens=A/1:50",
        "tokens=A/1:75",
        "tokens=A/1:100",
        "tokens=B/1:7",
    ]);
    format!("basic {amount} carol {tokens} {}", extra(dice))
}

fn extra(dice: &mut Dice) -> String {
    if dice.hits(85) {
        return String::new();
    }
    let sender = dice.pick(&["alice", "bob", "nft:N", "nft:M", "alias:A", "alias:B"]);
    format!("sender={sender}")
}

#[test]
fn sdk_judges_generated_transactions_alike() {
    let genesis = |(name, output, _): &(&str, &str, &str)| format!("genesis {name}: {output}\n");
    let pool: Vec<String> = POOL.iter().map(genesis).collect();
    let pool = pool.concat();
    let mut included = 0;
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let line = transaction(&mut dice);
        if line.contains("tx t: ->") || line.contains("->  =>") {
            continue;
        }
        let time = 4 + dice.below(2);
        check_with(&format!("{pool}{line}\nmilestone {time}"), &mut |case| {
            compare(case);
            included += u32::from(case.conflict().is_none());
        });
    }
    // Most are refused for one reason or another, but not all.
    assert!(included > 50, "only {included} were included");
}
