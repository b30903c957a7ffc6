//! The report of a run: its tables and plots.

use std::path::Path;

use interplay_eval::{Cell, Evaluation, PassAtK};
use interplay_report::{Block, LinePlot, Page, Scale, Section, Series};
use interplay_tasks::corpora::ExposureCertificate;
use serde_json::Value;

use crate::account;
use crate::diagnosis::Diagnosis;
use crate::error::InterplayError;
use crate::metrics_file::read_metrics;
use crate::plan::Plan;
use crate::results::{Line, Results, StageResult, ends, gains, lines, points};
use crate::temperatures;

/// The report of a run; plots come from the metrics in its folder.
pub(crate) fn page(
    plan: &Plan,
    results: &Results,
    exposure: &ExposureCertificate,
    folder: &Path,
) -> Result<Page, InterplayError> {
    let mut sections = vec![
        accuracy(results),
        changes(results),
        pass_curves(results),
        by_op(results),
    ];
    if temperatures::swept(results) {
        sections.push(by_temperature(results));
    }
    sections.extend(held_out_loss(results));
    if let Some(section) = edge(results) {
        sections.push(section);
    }
    sections.extend(training(results, folder)?);
    sections.extend(diagnosis(&Diagnosis::of(results, folder)?));
    sections.push(seen(plan, exposure));
    sections.extend(overlong(results));
    sections.push(account::section(results));
    let stages: Vec<&str> = results
        .stages
        .iter()
        .map(|stage| stage.name.as_str())
        .collect();
    Ok(Page {
        title: format!("interplay: {}", results.name),
        subtitle: "Pre-training, mid-training and reinforcement learning".into(),
        facts: vec![
            ("stages".into(), stages.join(", ")),
            (
                "model".into(),
                format!("{} parameters", results.model_parameters),
            ),
            ("device".into(), results.device.clone()),
            ("seed".into(), results.seed.to_string()),
            (
                "evaluation".into(),
                format!(
                    "{} problems per op, {} completions per problem at temperature {}; greedy decoding \
                     draws one",
                    plan.evaluate.problems_per_op,
                    plan.evaluate.completions,
                    plan.evaluate.main_temperature()
                ),
            ),
        ],
        sections,
    })
}

fn accuracy(results: &Results) -> Section {
    let lines = lines(results);
    let k = lines
        .iter()
        .find_map(|line| ends(&line.cell.verified))
        .map_or(1, |(_, last)| last.k);
    let columns = [
        "stage".into(),
        "band".into(),
        "verified pass@1".into(),
        format!("verified pass@{k}"),
        "answer pass@1".into(),
        format!("answer pass@{k}"),
    ];
    let rows = lines.iter().map(Line::row);
    Section {
        heading: "Accuracy by stage and band".into(),
        text: format!(
            "Percent with 95 % intervals clustered by problem. {}",
            rule(results)
        ),
        blocks: vec![Block::Table {
            columns: columns.to_vec(),
            rows: rows.collect(),
        }],
    }
}

/// Accuracy and gains at every temperature.
fn by_temperature(results: &Results) -> Section {
    let table = |mut rows: Vec<Vec<String>>| {
        let columns = rows.remove(0);
        Block::Table { columns, rows }
    };
    Section {
        heading: "Every temperature".into(),
        text: "Training can raise pass@1 at one temperature by sharpening the distribution alone. \
               Gains are therefore compared at equal temperature, and between each model's own best \
               at 1 and at the last k, chosen over all bands. Percent and points with 95 % \
               intervals; cut off is the share of completions that did not end by themselves, which \
               are never right."
            .into(),
        blocks: vec![
            table(temperatures::accuracy_rows(results)),
            table(temperatures::gain_rows(results)),
        ],
    }
}

/// The diagnosis of the RL stages, if there are any.
fn diagnosis(found: &Diagnosis) -> Option<Section> {
    let columns = ["stage", "signature", "", "shown by", "what to change"];
    let rows = found.stages.iter().flat_map(|stage| {
        let lines = |all: Vec<String>| all.join("; ");
        stage.findings.iter().map(move |finding| {
            vec![
                stage.stage.clone(),
                finding.signature.to_string(),
                finding.presence.to_string(),
                lines(finding.evidence.iter().map(ToString::to_string).collect()),
                lines(finding.advice.clone()),
            ]
        })
    });
    let rows: Vec<Vec<String>> = rows.collect();
    (!rows.is_empty()).then(|| Section {
        heading: "Diagnosis of RL".into(),
        text: "Four ways in which RL fails, each present, absent, or undecided where the run is too small to say; \
               shares in percent with 95 % intervals. `interplay diagnose` prints the same."
            .into(),
        blocks: vec![Block::Table {
            columns: columns.map(str::to_owned).to_vec(),
            rows,
        }],
    })
}

/// The loss of gold solutions by stage and op, where it was measured.
fn held_out_loss(results: &Results) -> Option<Section> {
    let rows = results.stages.iter().flat_map(|stage| {
        let cells = stage.held_out_loss.iter().flat_map(|loss| {
            let ops = loss.by_op.iter().map(|(op, cell)| (op.to_string(), cell));
            ops.chain(loss.overall.iter().map(|cell| ("all".to_owned(), cell)))
        });
        cells.map(|(op, cell)| {
            vec![
                stage.name.clone(),
                op,
                cell.problems.to_string(),
                format!("{:.4}", cell.loss_nats),
                format!("{:.3}", cell.perplexity),
            ]
        })
    });
    let rows: Vec<_> = rows.collect();
    let columns = ["stage", "op", "problems", "loss (nats)", "perplexity"];
    (!rows.is_empty()).then(|| Section {
        heading: "Loss of held-out solutions".into(),
        text: "Mean negative log-likelihood of a token of the gold solutions of the evaluated \
               problems, given the question."
            .into(),
        blocks: vec![Block::Table {
            columns: columns.map(str::to_owned).to_vec(),
            rows,
        }],
    })
}

/// What was left out for want of room, if anything was.
fn overlong(results: &Results) -> Option<Section> {
    let left_out = |stage: &&StageResult| stage.overlong_examples + stage.overlong_evaluated > 0;
    let row = |stage: &StageResult| {
        vec![
            stage.name.clone(),
            stage.overlong_examples.to_string(),
            stage.samples.to_string(),
            stage.overlong_evaluated.to_string(),
        ]
    };
    let rows: Vec<_> = results.stages.iter().filter(left_out).map(row).collect();
    let columns = [
        "stage",
        "training examples left out",
        "of",
        "evaluation problems passed over",
    ];
    (!rows.is_empty()).then(|| Section {
        heading: "Left out because too long".into(),
        text:
            "Examples that do not fit in a row of training, and problems that leave no room for a \
               completion. Accuracy is that of the problems that fit."
                .into(),
        blocks: vec![Block::Table {
            columns: columns.map(str::to_owned).to_vec(),
            rows,
        }],
    })
}

/// Which of the evaluated problems training has seen, by band and op.
fn seen(plan: &Plan, exposure: &ExposureCertificate) -> Section {
    let mut columns = vec!["band".into(), "op".into(), "problems".into()];
    for stage in &exposure.stages {
        columns.push(format!("{}: text", stage.stage));
        columns.push(format!("{}: graph", stage.stage));
    }
    let row = |(index, group): (usize, &interplay_tasks::corpora::Evaluated)| {
        let mut row = vec![
            group.set.clone(),
            group.op.to_string(),
            group.problems.to_string(),
        ];
        for stage in &exposure.stages {
            let (text, graph) = stage
                .seen
                .get(index)
                .map_or((0, 0), |seen| (seen.text, seen.graph));
            let graphs = group.problems > group.without_graph;
            let graph = if graphs {
                graph.to_string()
            } else {
                "-".into()
            };
            row.extend([text.to_string(), graph]);
        }
        row
    };
    let source = match (plan.evaluate.data.is_finite(), plan.held_out > 0.0) {
        (true, _) => "The evaluated problems come from a test file.",
        (false, false) => "Nothing was held out from training in this run.",
        (false, true) => {
            "Evaluation takes problems whose graphs are held out from training at ops with enough \
             different graphs, and held-out texts elsewhere."
        }
    };
    Section {
        heading: "Evaluated problems that training has seen".into(),
        text: format!(
            "Counted word for word (text), and by graph: with the same numbers and other names or \
             another order. {source}"
        ),
        blocks: vec![Block::Table {
            columns,
            rows: exposure.evaluated.iter().enumerate().map(row).collect(),
        }],
    }
}

/// What the columns of verified completions count.
fn rule(results: &Results) -> String {
    let level = evaluated(results)
        .next()
        .map(|(_, found)| found.level.as_str());
    match level {
        Some("answer") => "Verified counts the answer as well: this task judges no steps.".into(),
        Some(level) => format!(
            "Verified counts a completion only if its answer and its steps are right (level \
             {level}); answer looks at the answer alone."
        ),
        None => String::new(),
    }
}

fn changes(results: &Results) -> Section {
    let gains = gains(results);
    let k = gains.first().map_or(1, |gain| gain.verified[1].k);
    let rows = gains.iter().map(|gain| {
        let [one, many] = &gain.verified;
        let names = [gain.stage, gain.from, gain.band].map(str::to_owned);
        names
            .into_iter()
            .chain([points(one), points(many)])
            .collect()
    });
    let columns = [
        "stage".into(),
        "over".into(),
        "band".into(),
        "verified pass@1".into(),
        format!("verified pass@{k}"),
    ];
    Section {
        heading: "What each stage changed".into(),
        text: "Points over the model that the stage started from, paired by problem, with 95 % \
               intervals."
            .into(),
        blocks: vec![Block::Table {
            columns: columns.to_vec(),
            rows: rows.collect(),
        }],
    }
}

fn evaluated(results: &Results) -> impl Iterator<Item = (&str, &Evaluation)> {
    results
        .stages
        .iter()
        .filter_map(|stage| Some((stage.name.as_str(), stage.evaluation.as_ref()?)))
}

fn curve(name: String, x: impl Fn(&PassAtK) -> f64, passes: &[&PassAtK]) -> Series {
    Series {
        name,
        points: passes.iter().map(|pass| (x(pass), pass.estimate)).collect(),
        band: Some(passes.iter().map(|pass| (pass.low, pass.high)).collect()),
    }
}

fn pass_curves(results: &Results) -> Section {
    let mut blocks = Vec::new();
    for band in ["id", "edge", "hard"] {
        let series = evaluated(results).filter_map(|(stage, evaluation)| {
            let passes: Vec<_> = evaluation.by_band.get(band)?.verified.iter().collect();
            Some(curve(stage.to_owned(), |pass| f64::from(pass.k), &passes))
        });
        blocks.push(Block::Plot(LinePlot {
            title: format!("Verified pass@k, {band} band"),
            x_label: "k".into(),
            y_label: "verified pass@k".into(),
            x_scale: Scale::Log2,
            y_range: Some((0.0, 1.0)),
            series: series.collect(),
        }));
    }
    Section {
        heading: "Sharpening or extending".into(),
        text: "Where pass@1 rises and pass@k at large k does not, training sharpened what the \
               model could do already; where both rise, it extended it."
            .into(),
        blocks,
    }
}

fn by_op(results: &Results) -> Section {
    let plot = |title: &str, label: &str, pick: fn(&Cell) -> &[PassAtK]| {
        let series = evaluated(results).map(|(stage, evaluation)| {
            let first = |cell| pick(cell).first();
            let points: Vec<(f64, &PassAtK)> = evaluation
                .by_op
                .iter()
                .filter_map(|(op, cell)| Some((f64::from(*op), first(cell)?)))
                .collect();
            Series {
                name: stage.to_owned(),
                points: points
                    .iter()
                    .map(|(op, pass)| (*op, pass.estimate))
                    .collect(),
                band: Some(
                    points
                        .iter()
                        .map(|(_, pass)| (pass.low, pass.high))
                        .collect(),
                ),
            }
        });
        Block::Plot(LinePlot {
            title: title.into(),
            x_label: "op".into(),
            y_label: label.into(),
            x_scale: Scale::Linear,
            y_range: Some((0.0, 1.0)),
            series: series.collect(),
        })
    };
    Section {
        heading: "Accuracy by difficulty".into(),
        text: "A gap between the two plots is right answers by wrong steps.".into(),
        blocks: vec![
            plot("Verified pass@1 by op", "verified pass@1", |cell| {
                &cell.verified
            }),
            plot("Answer-only pass@1 by op", "answer pass@1", |cell| {
                &cell.answer_only
            }),
        ],
    }
}

fn edge(results: &Results) -> Option<Section> {
    let (name, edge) = results
        .stages
        .iter()
        .find_map(|stage| Some((&stage.name, stage.edge.as_ref()?)))?;
    let rows = edge.by_op.iter().map(|found| {
        vec![
            found.op.to_string(),
            format!("{:.1}", 100.0 * found.pass_1),
            format!("{:.1}", 100.0 * found.pass_k),
            found.placement.to_string(),
        ]
    });
    let columns = ["op", "verified pass@1", "verified pass@k", "placement"];
    Some(Section {
        heading: format!("The edge of competence ({name})"),
        text: edge.reason.clone(),
        blocks: vec![Block::Table {
            columns: columns.map(str::to_owned).to_vec(),
            rows: rows.collect(),
        }],
    })
}

fn training(results: &Results, folder: &Path) -> Result<Option<Section>, InterplayError> {
    let mut blocks = Vec::new();
    for stage in &results.stages {
        let curves = stage.kind.traits().curves;
        if curves.is_empty() {
            continue;
        }
        let metrics = read_metrics(&folder.join(&stage.name).join("metrics.jsonl"))?;
        let series = |name: &&str| Series {
            name: name.replace("_nats", " (nats)").replace('_', " "),
            points: metrics
                .iter()
                .filter_map(|line| point(line, name))
                .collect(),
            band: None,
        };
        // Shares and nats do not share an axis.
        let (shares, nats): (Vec<&str>, Vec<&str>) =
            curves.iter().partition(|name| !name.ends_with("_nats"));
        for (group, y_label) in [(shares, "share of completions"), (nats, "nats")] {
            if group.is_empty() {
                continue;
            }
            blocks.push(Block::Plot(LinePlot {
                title: format!("{}: {}", stage.name, group.join(", ").replace('_', " ")),
                x_label: "step".into(),
                y_label: y_label.into(),
                x_scale: Scale::Linear,
                y_range: None,
                series: group.iter().map(series).collect(),
            }));
        }
    }
    let text = "Loss and reward of every step, as in each stage's metrics.jsonl.".into();
    Ok(Some(Section {
        heading: "Training".into(),
        text,
        blocks,
    }))
}

fn point(line: &Value, name: &str) -> Option<(f64, f64)> {
    Some((line.get("step")?.as_f64()?, line.get(name)?.as_f64()?))
}
