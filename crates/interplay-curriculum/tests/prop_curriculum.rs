//! Properties of the sampler: realized shares, resuming, and an edge that is followed.

use std::collections::BTreeMap;

use interplay_curriculum::{
    By, Competence, Curriculum, CurriculumError, CurriculumSpec, CurriculumState, EdgeRule, Ops,
    PromptResult, Replay, Role, WeightedOp,
};
use interplay_environment::{Environment, EnvironmentError, Example, Score};
use proptest::prelude::*;

/// Examples whose ops look random, with the given odds.
struct Mixed {
    odds: Vec<(u32, u64)>,
    problems: Option<u64>,
}

impl Mixed {
    fn ops(ops: std::ops::RangeInclusive<u32>) -> Self {
        let odds = ops.map(|op| (op, 1)).collect();
        Self {
            odds,
            problems: None,
        }
    }
}

/// SplitMix64: hashes a number.
fn hash(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn uniform(number: u64) -> f64 {
    (hash(number) >> 11) as f64 / (1_u64 << 53) as f64
}

impl Environment for Mixed {
    fn name(&self) -> &str {
        "mixed"
    }

    fn num_examples(&self) -> Option<u64> {
        self.problems
    }

    fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
        let id = self.problems.map_or(index, |problems| index % problems);
        let total: u64 = self.odds.iter().map(|(_, odds)| odds).sum();
        let mut drawn = hash(id) % total;
        for (op, odds) in &self.odds {
            if drawn < *odds {
                return Ok(Example::new(id, "", "", "").with_op(*op));
            }
            drawn -= odds;
        }
        unreachable!("the odds sum to the total")
    }

    fn score(&self, _: &Example, _: &str, _: u64) -> Result<Score, EnvironmentError> {
        Ok(Score::of_answer(false))
    }
}

/// Everything fits.
fn fits(_: &Example) -> Result<Option<()>, CurriculumError> {
    Ok(Some(()))
}

/// Rollouts of a policy whose chance at a prompt depends on the op, spread between prompts.
struct Policy {
    /// How many rollouts a group has.
    group: u32,
    seed: u64,
    /// Practice by op.
    skill: BTreeMap<u32, f64>,
    /// What a practiced prompt teaches.
    gain: f64,
}

impl Policy {
    fn new(group: u32, seed: u64, gain: f64) -> Self {
        Self {
            group,
            seed,
            skill: BTreeMap::new(),
            gain,
        }
    }

    /// Each op is a little harder than the last, and half of what is learned carries over to the next.
    fn chance(&self, op: u32) -> f64 {
        let own = self.skill.get(&op).copied().unwrap_or(0.0);
        let below = self.skill.get(&(op - 1)).copied().unwrap_or(0.0);
        let logit = 5.0 - 1.5 * f64::from(op) + own + 0.5 * below;
        1.0 / (1.0 + (-logit).exp())
    }

    /// Successes of a group; what is solved teaches.
    fn practice(&mut self, example: &Example, index: u64) -> u32 {
        let op = example.labels.op.unwrap();
        // Prompts of an op differ: some are easier.
        let own = uniform(self.seed ^ hash(index)) - 0.5;
        let chance = (self.chance(op) + 0.3 * own).clamp(0.0, 1.0);
        let draws = (0..u64::from(self.group)).map(|draw| {
            let seed = self.seed.wrapping_add(index * 64 + draw + 1);
            u32::from(uniform(hash(seed)) < chance)
        });
        let right: u32 = draws.sum();
        if right > 0 && right < self.group {
            *self.skill.entry(op).or_default() += self.gain;
        }
        right
    }
}

/// One step: prompts, rollouts, records. Gives the roles and ops of the prompts.
fn step(
    curriculum: &mut Curriculum,
    environment: &Mixed,
    policy: &mut Policy,
    step: u64,
) -> Vec<(Role, u32)> {
    let mut taken = Vec::new();
    for _ in 0..16 {
        let pick = curriculum.next(environment, fits).unwrap();
        let right = policy.practice(&pick.example, pick.index);
        curriculum
            .record(&pick.example, right, policy.group)
            .unwrap();
        taken.push((pick.role, pick.example.labels.op.unwrap()));
    }
    curriculum.end_step(step);
    taken
}

fn iterative(start: &str) -> CurriculumSpec {
    CurriculumSpec::iterative(start.parse().unwrap(), 4)
}

fn written(state: &CurriculumState) -> String {
    serde_json::to_string(state).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Weighted ops come out as wanted after every prompt, whatever the environment's own shares.
    #[test]
    fn realized_shares_follow_the_weights(
        odds in prop::collection::vec(1_u64..20, 4),
        weights in prop::collection::vec(0.2_f64..5.0, 4),
    ) {
        let odds: Vec<_> = (2..6).zip(odds).collect();
        let environment = Mixed { odds, problems: None };
        let ops: Vec<_> = (2..6).zip(&weights).map(|(op, weight)| WeightedOp { op, weight: *weight }).collect();
        let spec = CurriculumSpec::Edge {
            by: By::Op, ops, edge: EdgeRule::default(), replay: Replay::default(),
        };
        let mut curriculum = Curriculum::new(&spec, 8, &[]).unwrap();
        let mut counts = BTreeMap::<u32, f64>::new();
        let total: f64 = weights.iter().sum();
        for taken in 1..=400 {
            let pick = curriculum.next(&environment, fits).unwrap();
            *counts.entry(pick.example.labels.op.unwrap()).or_default() += 1.0;
            for (op, weight) in (2..6).zip(&weights) {
                let wanted = weight / total * f64::from(taken);
                let count = counts.get(&op).copied().unwrap_or(0.0);
                prop_assert!(count <= wanted + 1.0 + 1e-6, "op {op}: {count} of {wanted}");
                prop_assert!(count >= wanted - 3.0 - 1e-6, "op {op}: {count} of {wanted}");
            }
        }
    }

    /// Stopping at any prompt and going on from the written state gives the same prompts and bytes.
    #[test]
    fn going_on_equals_never_having_stopped(stop in 1_u64..40, seed: u64) {
        let environment = Mixed::ops(2..=9);
        let spec = iterative("3-4");
        let mut whole = Curriculum::new(&spec, 8, &[]).unwrap();
        let mut parts = whole.clone();
        let (mut policy, mut other) = (Policy::new(8, seed, 0.01), Policy::new(8, seed, 0.01));
        for number in 1..=40 {
            let prompts = step(&mut whole, &environment, &mut policy, number);
            prop_assert_eq!(prompts, step(&mut parts, &environment, &mut other, number));
            if number == stop {
                let state = serde_json::from_str(&written(parts.state())).unwrap();
                parts = Curriculum::resume(&spec, 8, state).unwrap();
            }
            prop_assert_eq!(written(whole.state()), written(parts.state()));
        }
    }

    /// Without a band, the walk is the environment's: index by index, and nothing but the cursor is
    /// remembered.
    #[test]
    fn the_default_takes_every_example_that_fits(first in 0_u64..1000, skip in 2_u64..9) {
        let environment = Mixed::ops(2..=9);
        let spec = CurriculumSpec::default();
        let mut curriculum = Curriculum::resume(&spec, 8, CurriculumState::at(first)).unwrap();
        let fits = |example: &Example| Ok::<_, CurriculumError>((!example.id.is_multiple_of(skip)).then_some(()));
        let expected = (first..).filter(|index| index % skip != 0).take(50);
        for index in expected {
            prop_assert_eq!(curriculum.next(&environment, fits).unwrap().index, index);
        }
        let state = curriculum.state();
        let behind = state.cursor() - first;
        prop_assert_eq!(state.unfit(), behind - 50);
        prop_assert_eq!((state.passed_over(), curriculum.report().cells.len()), (0, 0));
    }

    /// A policy that learns from practice is followed up: what it masters is left, and the band only
    /// holds what it can learn from.
    #[test]
    fn the_band_follows_a_policy_that_learns(seed: u64) {
        let environment = Mixed::ops(1..=20);
        let mut curriculum = Curriculum::new(&iterative("2-3"), 8, &[]).unwrap();
        let mut policy = Policy::new(8, seed, 0.01);
        let mut highest = 3;
        for number in 1..=240 {
            step(&mut curriculum, &environment, &mut policy, number);
            highest = highest.max(*curriculum.report().band.last().unwrap());
        }
        let report = curriculum.report();
        prop_assert!(highest >= 7, "{:?}", report.band);
        for op in &report.band {
            let chance = policy.chance(u32::try_from(*op).unwrap());
            prop_assert!(chance < 0.9, "op {op} is mastered at {chance}");
        }
        prop_assert!(!report.band.contains(&2), "{:?}", report.band);
    }

    /// A policy that does not change sees few changes of the band, although its chance at one op lies
    /// on the threshold itself.
    #[test]
    fn noise_does_not_make_the_band_flap(seed: u64) {
        let environment = Mixed::ops(2..=5);
        let spec = CurriculumSpec::Iterative {
            by: By::Op,
            every_steps: 1,
            start: Some("2-3".parse().unwrap()),
            edge: EdgeRule { pass_at_1_below: 0.62,
                confidence: 0.95, ..EdgeRule::default() },
            forget: Some(0.5),
            explore: 0.1,
            replay: Replay { share: 0.2, ops: None },
        };
        let mut curriculum = Curriculum::new(&spec, 8, &[]).unwrap();
        // At op 3, the chance is 0.62 without practice.
        let mut policy = Policy::new(8, seed, 0.0);
        let (mut changes, mut naive, mut above) = (0, 0, None);
        let mut inside = true;
        for number in 1..=200 {
            step(&mut curriculum, &environment, &mut policy, number);
            let report = curriculum.report();
            let now = report.band.contains(&3);
            changes += u32::from(now != inside);
            inside = now;
            let estimate = report.cells.iter().find(|cell| cell.cell == 3).unwrap().pass_1;
            let now = Some(estimate.mean > 0.62);
            naive += u32::from(above.is_some() && above != now);
            above = now;
        }
prop_assert!(changes * 4 <= naive + 8, "{changes} changes, {naive} crossings");
        prop_assert!(naive > 20, "{naive} crossings");
    }
}

#[test]
fn replay_is_drawn_from_below_the_band() {
    let environment = Mixed::ops(2..=9);
    let spec: CurriculumSpec =
        toml::from_str("kind = \"static\"\nband = \"6-7\"\nreplay = { share = 0.3 }").unwrap();
    let mut curriculum = Curriculum::new(&spec, 8, &[]).unwrap();
    let mut counts = [0; 3];
    for _ in 0..1000 {
        let pick = curriculum.next(&environment, fits).unwrap();
        match (pick.role, pick.example.labels.op.unwrap()) {
            (Role::Replay, 2..=5) => counts[0] += 1,
            (Role::Band, op @ 6..=7) => counts[op as usize - 5] += 1,
            other => panic!("{other:?}"),
        }
    }
    let wanted = [300, 350, 350];
    let close = counts
        .iter()
        .zip(wanted)
        .all(|(count, wanted)| i32::abs(count - wanted) <= 2);
    assert!(close, "{counts:?}");
}

#[test]
fn a_band_that_the_environment_lacks_is_named() {
    let environment = Mixed::ops(2..=5);
    let spec: CurriculumSpec = toml::from_str("kind = \"static\"\nband = [5, 9]").unwrap();
    let mut curriculum = Curriculum::new(&spec, 8, &[]).unwrap();
    let error = (0..10).find_map(|_| curriculum.next(&environment, fits).err());
    let error = error.unwrap().to_string();
    for part in [
        "`mixed`",
        "band: 5, 9",
        "lacking: op 9;",
        "seen: op 2, 3, 4, 5",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let spec: CurriculumSpec = toml::from_str("kind = \"static\"\nband = 5").unwrap();
    let mut curriculum = Curriculum::new(&spec, 8, &[]).unwrap();
    let unfit = |_: &Example| Ok::<Option<()>, CurriculumError>(None);
    let error = curriculum.next(&environment, unfit).unwrap_err();
    assert!(error.to_string().contains("can be used"), "{error}");
}

#[test]
fn a_calibration_finds_the_edge() {
    let result = |cell, successes| PromptResult {
        cell,
        successes,
        tries: 16,
    };
    let measured = [(3, 16), (4, 6), (5, 2), (6, 0)];
    let calibration: Vec<_> = measured
        .into_iter()
        .flat_map(|(cell, successes)| vec![result(cell, successes); 24])
        .collect();
    let spec: CurriculumSpec = toml::from_str("kind = \"edge\"").unwrap();
    let curriculum = Curriculum::new(&spec, 16, &calibration).unwrap();
    let report = curriculum.report();
    assert_eq!(report.band, [4, 5]);
    let classes: Vec<Competence> = report.cells.iter().map(|cell| cell.competence).collect();
    assert_eq!(
        classes,
        [
            Competence::Mastered,
            Competence::Edge,
            Competence::Edge,
            Competence::Beyond
        ]
    );
    let at_four = &report.cells[1].pass_1;
    assert!(at_four.low < 0.375 && 0.375 < at_four.high, "{at_four:?}");
    let wrong = Curriculum::new(&spec, 16, &[result(3, 17)]).unwrap_err();
    assert!(wrong.to_string().contains("17 of 16"), "{wrong}");
}

/// A calibration may have measured ops that the environment does not have.
#[test]
fn a_band_never_moves_to_ops_that_do_not_come_by() {
    let result = |cell| PromptResult {
        cell,
        successes: 6,
        tries: 16,
    };
    // All of them are at the edge.
    let calibration = [4, 5, 6, 7].map(|op| vec![result(op); 24]).concat();
    let spec: CurriculumSpec =
        toml::from_str("kind = \"iterative\"\nevery_steps = 1\nexplore = 0.2\nstart = \"4\"")
            .unwrap();
    let mut curriculum = Curriculum::new(&spec, 16, &calibration).unwrap();
    assert_eq!(curriculum.band().collect::<Vec<_>>(), [4]);
    let environment = Mixed::ops(4..=5);
    for number in 1..=60 {
        for _ in 0..4 {
            let pick = curriculum.next(&environment, fits).unwrap();
            curriculum.record(&pick.example, 16, 16).unwrap();
        }
        curriculum.end_step(number);
        let band: Vec<u64> = curriculum.band().collect();
        assert_eq!(band, curriculum.report().band);
        assert!(band.iter().all(|op| (4..=5).contains(op)), "{band:?}");
    }
    // Where everything is mastered the hardest op that there is goes on.
    assert_eq!(curriculum.report().band, [5]);
}

#[test]
fn problems_are_practiced_until_they_are_mastered() {
    let environment = Mixed {
        odds: vec![(2, 1)],
        problems: Some(60),
    };
    let spec: CurriculumSpec = toml::from_str(
        "kind = \"iterative\"\nby = \"problem\"\nevery_steps = 1\nexplore = 0.1\n\
         forget = 0.01\nedge = { pass_at_k_above = 0.2 }",
    )
    .unwrap();
    assert!(spec.missing_from(&environment).unwrap().is_empty());
    let mut curriculum = Curriculum::new(&spec, 8, &[]).unwrap();
    // A third is always solved, a third now and then, a third never.
    let right = |id: u64, index: u64| match id % 3 {
        0 => 8,
        1 => 1 + (hash(index) % 4) as u32,
        _ => 0,
    };
    let mut late = [0; 3];
    for number in 1..=200 {
        for _ in 0..8 {
            let pick = curriculum.next(&environment, fits).unwrap();
            let id = pick.example.id;
            curriculum
                .record(&pick.example, right(id, pick.index), 8)
                .unwrap();
            if number > 100 {
                late[(id % 3) as usize] += 1;
            }
        }
        curriculum.end_step(number);
    }
    let total: i32 = late.iter().sum();
    assert!(f64::from(late[1]) >= 0.75 * f64::from(total), "{late:?}");
    let band = curriculum.report().band;
    assert!(
        band.iter().all(|id| id % 3 == 1) && band.len() >= 15,
        "{band:?}"
    );
}

#[test]
fn when_every_problem_is_mastered_practice_goes_on() {
    let environment = Mixed {
        odds: vec![(2, 1)],
        problems: Some(5),
    };
    let spec: CurriculumSpec =
        toml::from_str("kind = \"iterative\"\nby = \"problem\"\nevery_steps = 1\nforget = 0.0")
            .unwrap();
    let mut curriculum = Curriculum::new(&spec, 16, &[]).unwrap();
    for number in 1..=50 {
        let pick = curriculum.next(&environment, fits).unwrap();
        curriculum.record(&pick.example, 16, 16).unwrap();
        curriculum.end_step(number);
    }
    let cells = curriculum.report().cells;
    assert!(
        cells
            .iter()
            .all(|cell| cell.competence == Competence::Mastered),
        "{cells:?}"
    );
}

#[test]
fn environments_that_do_not_fit_are_refused() {
    struct Unlabelled;
    impl Environment for Unlabelled {
        fn name(&self) -> &str {
            "unlabelled"
        }
        fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
            Ok(Example::new(index, "", "", ""))
        }
        fn score(&self, _: &Example, _: &str, _: u64) -> Result<Score, EnvironmentError> {
            Ok(Score::of_answer(false))
        }
    }
    let issues = iterative("2-3")
        .missing_from(&Unlabelled)
        .unwrap()
        .to_string();
    assert!(
        issues.contains("without a band") && issues.contains("`unlabelled`"),
        "{issues}"
    );
    let spec: CurriculumSpec =
        toml::from_str("kind = \"iterative\"\nby = \"problem\"\nevery_steps = 1").unwrap();
    let issues = spec.missing_from(&Unlabelled).unwrap().to_string();
    assert!(issues.contains("never come again"), "{issues}");
    assert!(
        CurriculumSpec::default()
            .missing_from(&Unlabelled)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn states_of_other_curricula_are_refused() {
    let state = CurriculumState::at(7);
    let error = Curriculum::resume(&iterative("2"), 8, state).unwrap_err();
    assert!(error.to_string().contains("without a band"), "{error}");
    let ops: Ops = "2".parse().unwrap();
    let band = CurriculumSpec::Static {
        band: Some(ops),
        replay: Replay::default(),
    };
    let state = Curriculum::new(&band, 8, &[]).unwrap().state().clone();
    let error = Curriculum::resume(&CurriculumSpec::default(), 8, state).unwrap_err();
    assert!(error.to_string().contains("with a band"), "{error}");
}
