//! Made-up ledgers, and what snapshots of them lead to.

use proptest::prelude::*;
use tangle_testkit::arbitrary;
use tangle_types::{
    LedgerOutput, Milestone, MilestoneId, MilestoneSignature, Output, OutputId, Parents,
    ProtocolParameters, TransactionId,
};

use super::*;

const SUPPLY: u64 = 1 << 50;

/// One milestone of a made-up network: how it splits one of the outputs there are.
type Split = (prop::sample::Index, u8, bool);

/// A ledger, and the milestones that led to it.
struct History {
    genesis: Genesis,
    ledger: Vec<LedgerOutput>,
    diffs: Vec<Vec<Record>>,
    states: Vec<Vec<LedgerOutput>>,
}

impl History {
    fn new(splits: &[Split]) -> Self {
        let address = Address::Ed25519([1; 32]);
        let genesis = Genesis {
            parameters: ProtocolParameters {
                network_name: "made-up".to_owned(),
                token_supply: SUPPLY,
                ..arbitrary::parameters()
            },
            token: BaseToken::default(),
            index: MilestoneIndex(0),
            timestamp: UnixSeconds(0),
            allocations: vec![Allocation {
                address,
                amount: SUPPLY,
            }],
            treasury: 0,
            milestone_keys: Vec::new(),
            milestone_key_threshold: 1,
        };
        let ledger: Vec<_> = genesis.outputs().collect();
        let mut history = Self {
            genesis,
            states: vec![ledger.clone()],
            ledger,
            diffs: Vec::new(),
        };
        for (number, split) in splits.iter().enumerate() {
            history.advance(u32::try_from(number).unwrap() + 1, split);
        }
        history
    }

    /// A milestone that splits an output in two, and with `chained` one of the halves again.
    fn advance(&mut self, number: u32, (which, seed, chained): &Split) {
        let milestone = milestone(MilestoneIndex(number));
        let (mut created, mut consumed) = (Vec::new(), Vec::new());
        let first = self.ledger.remove(which.index(self.ledger.len()));
        let spender = TransactionId([*seed, number as u8].repeat(16).try_into().unwrap());
        created.extend(halves(&first, spender, &milestone));
        consumed.push(Record::Consumed(first, spender));
        if *chained {
            let again = created[0].clone();
            let spender = TransactionId([!*seed, number as u8].repeat(16).try_into().unwrap());
            created.extend(halves(&again, spender, &milestone));
            consumed.push(Record::Consumed(again, spender));
        }
        self.ledger.extend(created.iter().cloned());
        self.ledger.retain(|output| {
            !consumed
                .iter()
                .any(|record| matches!(record, Record::Consumed(spent, _) if spent.id == output.id))
        });
        self.ledger.sort_by_key(|output| output.id);
        self.states.push(self.ledger.clone());
        let mut diff = vec![Record::Milestone {
            milestone: Box::new(milestone),
            spent_treasury: None,
        }];
        diff.extend(created.into_iter().map(Record::Created));
        diff.extend(consumed);
        self.diffs.push(diff);
    }

    fn milestone_id(&self, index: usize) -> MilestoneId {
        match index
            .checked_sub(1)
            .map(|position| &self.diffs[position][0])
        {
            Some(Record::Milestone { milestone, .. }) => milestone.id(),
            _ => MilestoneId::ZERO,
        }
    }

    /// The full snapshot of `target` from the ledger at `ledger`, with Hornet's `extra` diffs.
    fn full(&self, target: usize, ledger: usize, extra: usize) -> Vec<u8> {
        let mut header = full_header_of(&self.genesis);
        header.target_index = MilestoneIndex(target as u32);
        header.target_milestone_id = self.milestone_id(target);
        header.ledger_index = MilestoneIndex(ledger as u32);
        let outputs = self.states[ledger].iter().cloned().map(Record::Output);
        let mut records: Vec<Record> = outputs.collect();
        for position in (target.saturating_sub(extra)..ledger).rev() {
            records.extend(self.diffs[position].iter().cloned());
        }
        records.push(Record::EntryPoint(BlockId::ZERO));
        write(Header::Full(header), &records)
    }

    fn delta(&self, from: usize, target: usize) -> Vec<u8> {
        let header = DeltaHeader {
            target_index: MilestoneIndex(target as u32),
            target_timestamp: UnixSeconds(target as u32),
            full_target_milestone_id: self.milestone_id(from),
            entry_points_offset: 0,
            diff_count: 0,
            entry_point_count: 0,
        };
        let diffs = self.diffs[from..target].iter().flatten().cloned();
        let records: Vec<Record> = diffs
            .chain([Record::EntryPoint(BlockId([9; 32]))])
            .collect();
        write(Header::Delta(header), &records)
    }
}

fn full_header_of(genesis: &Genesis) -> FullHeader {
    let folder = Folder::new();
    write_genesis(genesis, &folder.0.path().join("genesis.bin")).unwrap()
}

fn milestone(index: MilestoneIndex) -> Milestone {
    Milestone {
        index,
        timestamp: UnixSeconds(index.0),
        protocol_version: 2,
        previous_milestone_id: MilestoneId::ZERO,
        parents: Parents::new(vec![BlockId::ZERO]).unwrap(),
        inclusion_merkle_root: [0; 32],
        applied_merkle_root: [0; 32],
        metadata: Vec::new(),
        options: Vec::new(),
        signatures: vec![MilestoneSignature {
            public_key: [0; 32],
            signature: [0; 64],
        }],
    }
}

/// Two outputs that share what `spent` holds.
fn halves(
    spent: &LedgerOutput,
    spender: TransactionId,
    milestone: &Milestone,
) -> [LedgerOutput; 2] {
    let all = spent.output.amount();
    [(0, all / 2), (1, all - all / 2)].map(|(number, amount)| LedgerOutput {
        id: OutputId::new(spender, number),
        block_id: BlockId([3; 32]),
        milestone_index: milestone.index,
        milestone_timestamp: milestone.timestamp,
        output: Output::basic(Address::Ed25519([2; 32]), amount),
    })
}

fn imported(history: &History, full: &[u8], delta: Option<&[u8]>) -> (Imported, Vec<LedgerOutput>) {
    let folder = Folder::new();
    let full = folder.file("full.bin", full);
    let delta = delta.map(|delta| folder.file("delta.bin", delta));
    let imported = import(
        &folder.store(),
        &history.genesis,
        &full,
        delta.as_deref(),
        &Progress::default(),
    )
    .unwrap();
    let base = Base::find(&folder.store(), &history.genesis).unwrap();
    let outputs = base.outputs().unwrap().map(Result::unwrap).collect();
    assert_eq!(base.index, imported.index);
    (imported, outputs)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn snapshots_lead_to_the_ledger_of_their_target(
        splits in prop::collection::vec(any::<Split>(), 1..12),
        (a, b, c) in any::<(prop::sample::Index, prop::sample::Index, prop::sample::Index)>(),
        extra in 0_usize..4,
    ) {
        let history = History::new(&splits);
        let end = splits.len() + 1;
        let ledger = a.index(end);
        let target = b.index(ledger + 1);
        let full = history.full(target, ledger, extra);
        let (got, outputs) = imported(&history, &full, None);
        prop_assert_eq!(got.milestone_id, history.milestone_id(target));
        prop_assert_eq!(&outputs, &history.states[target]);

        let delta_target = target + c.index(end - target);
        let delta = history.delta(target, delta_target);
        let (got, outputs) = imported(&history, &full, Some(&delta));
        prop_assert_eq!(got.milestone_id, history.milestone_id(delta_target));
        prop_assert_eq!(&outputs, &history.states[delta_target]);
    }

    #[test]
    fn diffs_that_do_not_fit_are_refused(
        splits in prop::collection::vec(any::<Split>(), 2..8),
        skip in any::<prop::sample::Index>(),
    ) {
        let mut history = History::new(&splits);
        let end = splits.len();
        history.diffs.swap_remove(skip.index(end - 1));
        let folder = Folder::new();
        let full = folder.file("full.bin", &history.full(0, end - 1, 0));
        let progress = Progress::default();
        let imported = import(&folder.store(), &history.genesis, &full, None, &progress);
        prop_assert!(imported.is_err());
    }
}
