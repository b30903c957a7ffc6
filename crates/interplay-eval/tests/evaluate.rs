//! An evaluation from end to end, with a sampler that knows the answers.

use std::convert::Infallible;
use std::io;

use interplay_environment::{Environment, EnvironmentError, Example, FirstError, Score, framing};
use interplay_eval::{
    Bands, Completion, EvalError, EvalItem, EvalSettings, Evaluation, GenerationRecord, ItemScore,
    Sampler, evaluate,
};

/// Sums of `op` terms, to be written out.
struct Sums;

impl Environment for Sums {
    fn name(&self) -> &str {
        "sums"
    }

    fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
        let (op, first) = (index / 100, index % 100);
        let terms: Vec<String> = (0..op).map(|term| (first + term).to_string()).collect();
        let answer: u64 = (0..op).map(|term| first + term).sum();
        let sum = terms.join(" + ");
        let target = framing::target(&format!("{sum} = {answer}."), &answer.to_string());
        let example = Example::new(index, framing::prompt(&sum), target, answer.to_string());
        Ok(example.with_op(op as u32).with_context("sums"))
    }

    fn score(&self, example: &Example, text: &str, _: u64) -> Result<Score, EnvironmentError> {
        let answer = framing::Completion::of(text).answer;
        let mut score = Score::of_answer(answer == Some(example.answer.as_str()));
        if text != example.target {
            score.accepted = false;
            score.first_error = Some(FirstError {
                step: 0,
                span: 0..text.len(),
                reason: "wrong".into(),
                expected: example.target.clone(),
                found: text.to_owned(),
                blame: None,
            });
        }
        Ok(score)
    }

    fn level(&self) -> &str {
        "verbatim"
    }
}

/// Right in the first `op`-dependent completions, only the answer in the next, then nothing.
struct Scripted {
    short: bool,
}

impl Sampler for Scripted {
    type Error = Infallible;

    fn sample(
        &mut self,
        items: &[EvalItem],
        completions: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<Completion>>, Infallible> {
        let mut groups = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let right = &item.example.target;
            let lucky = format!(" </solution> <answer> {} </answer>", item.example.answer);
            let completion = |number: usize| match number {
                0 | 1 if item.example.labels.op == Some(2) => right.clone(),
                0 => right.clone(),
                1..=3 => lucky.clone(),
                _ => "no idea".to_owned(),
            };
            groups.push(
                (0..completions - usize::from(self.short))
                    .map(|number| Completion::finished(completion(number)))
                    .collect(),
            );
            progress((index + 1) * completions, items.len() * completions);
        }
        Ok(groups)
    }
}

fn setup(short: bool) -> (Scripted, Vec<EvalItem>) {
    let bands = Bands {
        id: [2, 2],
        edge: [3, 3],
        hard: [4, 9],
    };
    let mut items = Vec::new();
    for op in [2, 3] {
        for index in 0..5 {
            let id = u64::from(op) * 100 + index;
            items.push(EvalItem {
                id,
                example: Sums.example(id).unwrap(),
                band: bands.band_of(op).map(|band| band.name().to_owned()),
            });
        }
    }
    (Scripted { short }, items)
}

fn settings() -> EvalSettings {
    EvalSettings {
        completions: 8,
        ks: vec![1, 8],
        batch: 3,
        temperature: Some(0.7),
    }
}

fn run() -> (Evaluation, Vec<GenerationRecord>, Vec<(usize, usize)>) {
    let (mut sampler, items) = setup(false);
    let (mut records, mut steps) = (Vec::new(), Vec::new());
    let mut record = |record: &GenerationRecord| {
        records.push(record.clone());
        Ok(())
    };
    let mut progress = |done, total| steps.push((done, total));
    let result = evaluate(
        &mut sampler,
        &Sums,
        &items,
        &settings(),
        &mut record,
        &mut progress,
    )
    .unwrap();
    (result, records, steps)
}

#[test]
fn counts_verified_and_answers_apart() {
    let (evaluation, records, progress) = run();
    assert_eq!(evaluation.overall.problems, 10);
    let pass = |cell: &interplay_eval::Cell, k| {
        (
            cell.verified_at(k).unwrap().estimate,
            cell.answer_at(k).unwrap().estimate,
        )
    };
    assert_eq!(pass(&evaluation.by_op[&2], 1), (0.25, 0.5));
    assert_eq!(pass(&evaluation.by_band["edge"], 1), (0.125, 0.5));
    assert_eq!(pass(&evaluation.overall, 8), (1.0, 1.0));
    assert_eq!(evaluation.by_context.len(), 1);
    assert_eq!(records.len(), 80);
    assert!(records[0].accepted && records[0].first_error.is_none());
    assert!(!records[7].accepted && records[7].first_error.is_some());
    assert_eq!(progress.first(), Some(&(0, 80)));
    assert_eq!(progress.last(), Some(&(80, 80)));
    assert!(progress.windows(2).all(|pair| pair[0].0 <= pair[1].0));
}

#[test]
fn gives_the_same_bytes_twice_and_reads_them_back() {
    let bytes = serde_json::to_string(&run().0).unwrap();
    assert_eq!(bytes, serde_json::to_string(&run().0).unwrap());
    assert_eq!(serde_json::from_str::<Evaluation>(&bytes).unwrap(), run().0);
}

#[test]
fn says_what_cannot_be_evaluated() {
    let mut record = |_: &GenerationRecord| Ok(());
    let mut progress = |_, _| {};
    let (mut sampler, items) = setup(true);
    let mut run = |sampler: &mut Scripted, items: &[EvalItem], settings: &EvalSettings| {
        evaluate(sampler, &Sums, items, settings, &mut record, &mut progress).unwrap_err()
    };
    let short = run(&mut sampler, &items, &settings());
    assert_eq!(
        short.to_string(),
        "the sampler gave 7 completions for problems 0 to 2; expected 8"
    );
    assert!(matches!(
        run(&mut sampler, &[], &settings()),
        EvalError::NoItems
    ));
    let ks = EvalSettings {
        ks: vec![1, 16],
        ..settings()
    };
    assert!(
        run(&mut sampler, &items, &ks)
            .to_string()
            .contains("`ks` is [1, 16]")
    );
    for wrong in [
        EvalSettings {
            ks: vec![],
            ..settings()
        },
        EvalSettings {
            ks: vec![0],
            ..settings()
        },
        EvalSettings {
            ks: vec![2, 1],
            ..settings()
        },
        EvalSettings {
            completions: 0,
            ..settings()
        },
        EvalSettings {
            batch: 0,
            ..settings()
        },
    ] {
        assert!(matches!(
            run(&mut sampler, &items, &wrong),
            EvalError::Setting { .. }
        ));
    }
}

#[test]
fn an_id_belongs_to_one_problem() {
    let (mut sampler, mut items) = setup(false);
    items[4].id = items[1].id;
    let mut record = |_: &GenerationRecord| Ok(());
    let error = evaluate(
        &mut sampler,
        &Sums,
        &items,
        &settings(),
        &mut record,
        &mut |_, _| {},
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "the problems 1 and 4 both have the id 201; expected an id of its own for each problem"
    );
}

#[test]
fn scores_tell_problems_apart_and_records_have_their_level() {
    let (evaluation, records, _) = run();
    let problems: std::collections::HashSet<_> =
        evaluation.items.iter().map(|item| &item.problem).collect();
    assert_eq!(problems.len(), 10);
    assert!(problems.iter().all(|problem| problem.len() == 16));
    assert_eq!(records[0].level.as_deref(), Some("verbatim"));
    assert_eq!(evaluation.level, "verbatim");
}

#[test]
fn a_record_that_cannot_be_written_stops_the_evaluation() {
    let (mut sampler, items) = setup(false);
    let mut full = |_: &GenerationRecord| Err(io::Error::other("disk full"));
    let error = evaluate(
        &mut sampler,
        &Sums,
        &items,
        &settings(),
        &mut full,
        &mut |_, _| {},
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the record of problem 200 could not be written: disk full"
    );
}

#[test]
fn problems_without_labels_are_counted_overall() {
    struct Plain;
    impl Sampler for Plain {
        type Error = Infallible;
        fn sample(
            &mut self,
            items: &[EvalItem],
            completions: usize,
            _: &mut dyn FnMut(usize, usize),
        ) -> Result<Vec<Vec<Completion>>, Infallible> {
            let group = |item: &EvalItem| {
                vec![Completion::finished(item.example.target.clone()); completions]
            };
            Ok(items.iter().map(group).collect())
        }
    }
    let mut items = setup(false).1;
    for item in &mut items {
        item.example.labels = interplay_environment::Labels::default();
        item.band = None;
    }
    let mut record = |_: &GenerationRecord| Ok(());
    let evaluation = evaluate(
        &mut Plain,
        &Sums,
        &items,
        &settings(),
        &mut record,
        &mut |_, _| {},
    )
    .unwrap();
    assert_eq!(evaluation.overall.verified_at(1).unwrap().estimate, 1.0);
    assert!(evaluation.by_op.is_empty() && evaluation.by_context.is_empty());
    let bytes = serde_json::to_string(&evaluation).unwrap();
    assert_eq!(
        serde_json::from_str::<Evaluation>(&bytes).unwrap(),
        evaluation
    );
}

/// Right completions, every second of which is cut off.
struct CutOff;

impl Sampler for CutOff {
    type Error = Infallible;

    fn sample(
        &mut self,
        items: &[EvalItem],
        completions: usize,
        _: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<Completion>>, Infallible> {
        let one = |item: &EvalItem, number: usize| Completion {
            text: item.example.target.clone(),
            stopped: number.is_multiple_of(2),
        };
        let group = |item| (0..completions).map(|number| one(item, number)).collect();
        Ok(items.iter().map(group).collect())
    }
}

#[test]
fn a_completion_that_was_cut_off_is_never_right() {
    let items = setup(false).1;
    let mut records = Vec::new();
    let mut record = |record: &GenerationRecord| {
        records.push(record.clone());
        Ok(())
    };
    let evaluation = evaluate(
        &mut CutOff,
        &Sums,
        &items,
        &settings(),
        &mut record,
        &mut |_, _| {},
    )
    .unwrap();
    let at_1 = |passes: &[interplay_eval::PassAtK]| passes[0].estimate;
    assert_eq!(at_1(&evaluation.overall.verified), 0.5);
    assert_eq!(at_1(&evaluation.overall.answer_only), 0.5);
    assert_eq!(evaluation.overall.truncated_share, 0.5);
    assert_eq!(evaluation.by_op[&2].truncated_share, 0.5);
    assert!(evaluation.items.iter().all(|item| item.truncated == 4));
    for record in records {
        assert_eq!(record.stopped, Some(record.accepted));
        assert_eq!(record.temperature, Some(0.7));
    }
}

#[test]
fn votes_count_each_distinct_wrong_answer() {
    let item = &setup(false).1[0];
    let record = |answer: Option<&str>, right: bool| GenerationRecord {
        id: item.id,
        op: None,
        context: None,
        sample: 0,
        completion: String::new(),
        level: None,
        temperature: None,
        stopped: Some(true),
        answer: answer.map(str::to_owned),
        accepted: false,
        answer_correct: right,
        process_accuracy: 0.0,
        first_error: None,
    };
    let records = [
        record(Some("5"), false),
        record(Some("1"), true),
        record(None, false),
        record(Some("7"), false),
        record(Some("7"), false),
    ];
    let score = ItemScore::of_records(item, &records);
    assert_eq!((score.answers, score.wrong_answers), (1, vec![2, 1]));
}

fn counted(op: u32, verified: u32, answers: u32, wrong_answers: &[u32]) -> ItemScore {
    ItemScore {
        id: u64::from(op),
        op: Some(op),
        verified,
        answers,
        wrong_answers: wrong_answers.to_vec(),
        ..ItemScore::default()
    }
}

fn of_four(items: Vec<ItemScore>) -> Evaluation {
    let settings = EvalSettings {
        completions: 4,
        ks: vec![1, 2, 3],
        ..EvalSettings::default()
    };
    Evaluation::from_scores(&settings, "strict", items).unwrap()
}

fn estimates(passes: &[interplay_eval::PassAtK]) -> Vec<f64> {
    passes.iter().map(|pass| pass.estimate).collect()
}

#[test]
fn cells_have_the_reliability_and_the_majority_of_several_attempts() {
    // Of four: two verified and no more right; three right answers of which one is verified.
    let found = of_four(vec![counted(2, 2, 2, &[2]), counted(3, 1, 3, &[1])]);
    // One of six pairs, none of the triples; then the mean with 0.
    assert_eq!(
        estimates(&found.by_op[&2].all_verified),
        [0.5, 1.0 / 6.0, 0.0]
    );
    assert_eq!(estimates(&found.overall.all_verified)[1], 1.0 / 12.0);
    // Two of two against two of one wrong answer: ties are broken evenly.
    assert_eq!(estimates(&found.by_op[&2].majority), [0.5, 0.5, 0.5]);
    // Three against one: a pair is right, or ties in three of six; a triple is always won.
    assert_eq!(estimates(&found.by_op[&3].majority), [0.75, 0.75, 1.0]);
}

#[test]
fn there_is_no_majority_where_answers_are_not_known() {
    let unknown = of_four(vec![counted(2, 2, 2, &[]), counted(3, 1, 3, &[])]);
    assert!(unknown.overall.majority.is_empty());
    let all_right = of_four(vec![counted(2, 4, 4, &[])]);
    assert_eq!(estimates(&all_right.overall.majority), [1.0, 1.0, 1.0]);
}

#[test]
fn refuses_more_answers_than_completions() {
    let settings = EvalSettings {
        completions: 4,
        ks: vec![1],
        ..EvalSettings::default()
    };
    let items = vec![counted(2, 1, 2, &[2, 1])];
    let error = Evaluation::from_scores(&settings, "strict", items).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("`answers + wrong_answers` = 5 at problem 0, id 2"),
        "{text}"
    );
}

#[test]
fn splits_by_what_the_model_was_trained_on() {
    let mut found = of_four(vec![counted(2, 4, 4, &[]), counted(3, 1, 3, &[1])]);
    assert!(found.by_seen.is_empty());
    found.split_by_seen(|item| item.op == Some(2));
    let first = |name: &str| found.by_seen[name].verified[0].estimate;
    assert_eq!((first("seen"), first("unseen")), (1.0, 0.25));
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Evaluation>(&text).unwrap(), found);
}

/// Keeps the records of whole batches, and fails after so many records.
#[derive(Default)]
struct Kept {
    finished: Vec<ItemScore>,
    records: Vec<GenerationRecord>,
    whole: usize,
    fails_after: Option<usize>,
}

impl<S> interplay_eval::Journal<S> for Kept {
    fn finished(&mut self) -> Vec<ItemScore> {
        self.finished.clone()
    }

    fn record(&mut self, record: &GenerationRecord) -> io::Result<()> {
        if self.fails_after == Some(self.records.len()) {
            return Err(io::Error::other("killed"));
        }
        self.records.push(record.clone());
        Ok(())
    }

    fn batch_done(&mut self, _: &S, _: usize) -> io::Result<()> {
        self.whole = self.records.len();
        Ok(())
    }
}

#[test]
fn an_evaluation_goes_on_after_the_last_whole_batch() {
    let (whole, all, _) = run();
    for killed_at in 0..80 {
        let (mut sampler, items) = setup(false);
        let mut kept = Kept {
            fails_after: Some(killed_at),
            ..Kept::default()
        };
        let mut quiet = |_, _| {};
        let settings = settings();
        evaluate(
            &mut sampler,
            &Sums,
            &items,
            &settings,
            &mut kept,
            &mut quiet,
        )
        .unwrap_err();
        // Three problems a batch, eight completions a problem.
        assert_eq!(kept.whole, killed_at / 24 * 24);
        kept.records.truncate(kept.whole);
        let groups = items.iter().zip(kept.records.chunks(8));
        kept.finished = groups
            .map(|(item, records)| ItemScore::of_records(item, records))
            .collect();
        kept.fails_after = None;
        let resumed = evaluate(
            &mut sampler,
            &Sums,
            &items,
            &settings,
            &mut kept,
            &mut quiet,
        )
        .unwrap();
        assert_eq!(resumed, whole);
        assert_eq!(kept.records, all);
    }
}

#[test]
fn a_journal_of_other_problems_is_refused() {
    let (mut sampler, items) = setup(false);
    let finished = run().0.items;
    let mut refuse = |finished: Vec<ItemScore>| {
        let mut kept = Kept {
            finished,
            ..Kept::default()
        };
        let mut quiet = |_, _| {};
        evaluate(
            &mut sampler,
            &Sums,
            &items,
            &settings(),
            &mut kept,
            &mut quiet,
        )
        .unwrap_err()
    };
    let expected = "the first of the 10 problems, in whole batches of 3";
    assert!(
        refuse(finished[..2].to_vec())
            .to_string()
            .contains(expected)
    );
    assert!(
        refuse(finished[3..6].to_vec())
            .to_string()
            .contains(expected)
    );
}
