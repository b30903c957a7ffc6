//! The account of an update depends on its sequences alone, not on how they were packed.

use interplay_model::{Activations, ModelConfig, ModelFlops, Workload};
use interplay_train::ledger::Ledger;
use interplay_train::packing::{PackedBatch, Packer, Sequence};
use proptest::prelude::*;

/// Prompts with their answers, over few letters so that answers begin alike.
fn groups() -> impl Strategy<Value = Vec<(Vec<u32>, Vec<Vec<u32>>)>> {
    let text = |most: usize| prop::collection::vec(1_u32..4, 1..most);
    let answers = prop::collection::vec(text(7), 1..6);
    prop::collection::vec((text(6), answers), 1..6)
}

/// Packs the sequences in order into as many passes as they need.
fn packed(
    sequences: &[Sequence],
    rows: usize,
    row_tokens: usize,
    sharing: bool,
) -> Vec<PackedBatch> {
    let packer = || {
        let packer = Packer::new(row_tokens, rows, 0);
        if sharing { packer.sharing() } else { packer }
    };
    let (mut passes, mut open) = (Vec::new(), packer());
    for sequence in sequences {
        if let Some(refused) = open.add(sequence.clone()).unwrap() {
            passes.push(std::mem::replace(&mut open, packer()).finish());
            assert_eq!(open.add(refused).unwrap(), None);
        }
    }
    passes.push(open.finish());
    passes
}

fn ledger(passes: &[PackedBatch], activations: Activations) -> Ledger {
    let mut ledger = Ledger::default();
    for pass in passes {
        ledger.count_update(pass, activations);
        ledger.count_reference(pass);
    }
    ledger
}

proptest! {
    #[test]
    fn sequences_count_by_themselves_however_they_are_packed(
        groups in groups(),
        rows in 1_usize..5,
        row_tokens in 12_usize..40,
    ) {
        let sequences: Vec<Sequence> = groups
            .iter()
            .flat_map(|(prompt, answers)| {
                answers.iter().map(|answer| Sequence {
                    ids: prompt.iter().chain(answer).copied().collect(),
                    predict_from: prompt.len(),
                })
            })
            .collect();
        let expected: Workload = sequences
            .iter()
            .map(|one| Workload::sequence(one.ids.len(), one.ids.len() - one.predict_from))
            .sum();
        let apart = ledger(&packed(&sequences, rows, row_tokens, false), Activations::Keep);
        let shared = ledger(&packed(&sequences, rows, row_tokens, true), Activations::Recompute);
        for found in [&apart, &shared] {
            let work = &found.workloads;
            prop_assert_eq!(work.trained, expected);
            prop_assert_eq!(work.reference, expected);
            prop_assert_eq!(found.trained_tokens, expected.positions);
            prop_assert_eq!(found.forward_units(), 4 * expected.positions);
        }
        prop_assert_eq!(apart.workloads.trained_packed, expected);
        let packed = shared.workloads.trained_packed;
        prop_assert!(packed.positions <= expected.positions);
        prop_assert!(packed.attended <= expected.attended);
        prop_assert!(packed.outputs <= expected.outputs);

        let model = ModelFlops::new(&ModelConfig::tiny(600));
        let (apart, shared) = (apart.flops(&model), shared.flops(&model));
        prop_assert_eq!(apart.training(), 4 * model.forward(&expected));
        prop_assert_eq!(apart.updates_packed, apart.updates());
        prop_assert_eq!(shared.training(), 5 * model.forward(&expected));
        prop_assert_eq!(shared.updates_packed, 4 * model.forward(&packed));
    }
}
