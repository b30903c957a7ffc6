//! `interplay statistics`: statistics of corpora side by side, with plots.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use interplay::report::{LinePlot, Series};
use interplay::tasks::corpora::SampleReader;
use interplay::tasks::statistics::{Distribution, Measure, Statistics, markdown_table};
use interplay_files::RecordWriter;
use serde_json::json;

/// Which corpora, and what to write.
#[derive(Args)]
pub(super) struct Flags {
    /// A corpus: JSONL in the published sample fields (also .gz), or Parquet. May have a name, as in
    /// `ours=problems.jsonl`, and may be repeated.
    #[arg(long, value_name = "[NAME=]FILE", required = true)]
    input: Vec<String>,
    /// Count only the records of this mode, for instance `normalforward`.
    #[arg(long)]
    mode: Option<String>,
    /// Skip and count records that cannot be read. Without this flag, they are an error that names all
    /// of them.
    #[arg(long)]
    skip_unreadable: bool,
    /// Where to write all counts (JSON; compressed if .gz).
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A folder for SVG plots of means by op and of distributions.
    #[arg(long, value_name = "FOLDER")]
    plots: Option<PathBuf>,
}

/// Measures whose mean is plotted over op.
const BY_OP: [Measure; 6] = [
    Measure::Necessary,
    Measure::Depth,
    Measure::Width,
    Measure::Distractors,
    Measure::Sentences,
    Measure::Tokens,
];

/// Measures whose distribution is plotted.
const SPREAD: [Measure; 4] = [
    Measure::InDegree,
    Measure::OutDegree,
    Measure::Value,
    Measure::Distractors,
];

/// The plots leave out values that lie beyond this share of every corpus, at either end.
const SHOWN: f64 = 0.95;

/// Reads the corpora and prints their table.
pub(super) fn statistics(flags: &Flags) -> Result<()> {
    let mut corpora = Vec::new();
    for input in &flags.input {
        let (name, path) = named(input);
        if corpora.iter().any(|(other, _)| *other == name) {
            bail!("--input: two corpora are called `{name}`; name them with `NAME=FILE`");
        }
        let wanted = |mode: &str| flags.mode.as_deref().is_none_or(|wanted| wanted == mode);
        let mut samples = SampleReader::open(path)?
            .skip_unreadable(flags.skip_unreadable)
            .report_all();
        let counted = samples
            .by_ref()
            .filter(|sample| sample.as_ref().map_or(true, |sample| wanted(&sample.mode)));
        corpora.push((name, Statistics::of(counted)?));
        super::output::warn_of(samples.skipped());
    }
    if corpora
        .iter()
        .all(|(_, statistics)| statistics.records == 0)
    {
        match &flags.mode {
            Some(mode) => bail!("--mode: found no record of mode `{mode}` in any corpus"),
            None => bail!("--input: found no record in any corpus"),
        }
    }
    if let Some(path) = &flags.output {
        let all: BTreeMap<_, _> = corpora.iter().cloned().collect();
        let mut output = RecordWriter::create(path)?;
        output.record(&json!({ "format": "interplay-statistics/1", "corpora": all }))?;
        output.finish()?;
    }
    if let Some(folder) = &flags.plots {
        draw(&corpora, folder)?;
    }
    let columns: Vec<_> = corpora
        .iter()
        .map(|(name, statistics)| (name.as_str(), statistics))
        .collect();
    super::output::print(&markdown_table(&columns))
}

/// The name and the path in `NAME=FILE`; a bare path is its own name.
fn named(input: &str) -> (String, &Path) {
    match input.split_once('=') {
        Some((name, path)) if !name.is_empty() && !name.contains('/') => {
            (name.to_owned(), Path::new(path))
        }
        _ => (input.to_owned(), Path::new(input)),
    }
}

fn draw(corpora: &[(String, Statistics)], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)
        .map_err(|error| anyhow!("cannot create the folder {}: {error}", folder.display()))?;
    let plots = BY_OP
        .iter()
        .map(|measure| ("by-op", *measure, over_op(corpora, *measure)))
        .chain(
            SPREAD
                .iter()
                .map(|measure| ("spread", *measure, spread(corpora, *measure))),
        );
    for (kind, measure, plot) in plots {
        let name = format!("{}-{kind}.svg", measure.label().replace(' ', "-"));
        interplay_files::write(folder.join(name), plot.to_svg())?;
    }
    Ok(())
}

/// The mean of a measure at each op.
fn over_op(corpora: &[(String, Statistics)], measure: Measure) -> LinePlot {
    let series = corpora.iter().map(|(name, statistics)| {
        let of_op = statistics.by_op.iter().filter_map(|(op, measures)| {
            let mean = measures.get(&measure)?.mean();
            Some((f64::from(*op), mean))
        });
        Series {
            name: name.clone(),
            points: of_op.collect(),
            band: None,
        }
    });
    LinePlot {
        title: format!("Mean {} by op", measure.label()),
        x_label: "op".to_owned(),
        y_label: measure.label().to_owned(),
        series: series.collect(),
        ..LinePlot::default()
    }
}

/// The share of each value of a measure.
fn spread(corpora: &[(String, Statistics)], measure: Measure) -> LinePlot {
    let seen = |statistics: &Statistics| statistics.measures.get(&measure).cloned();
    let quantile = |share: f64| {
        move |(_, one): &(String, Statistics)| {
            seen(one).and_then(|seen: Distribution| seen.quantile(share))
        }
    };
    let low = corpora.iter().filter_map(quantile(1.0 - SHOWN)).min();
    let high = corpora.iter().filter_map(quantile(SHOWN)).max();
    let shown = low.unwrap_or(0)..=high.unwrap_or(0);
    let series = corpora.iter().map(|(name, statistics)| {
        let seen = seen(statistics).unwrap_or_default();
        let all = seen.count() as f64;
        let shares = seen
            .iter()
            .filter(|(value, _)| shown.contains(value))
            .map(|(value, count)| (value as f64, 100.0 * count as f64 / all));
        Series {
            name: name.clone(),
            points: shares.collect(),
            band: None,
        }
    });
    LinePlot {
        title: format!("How often each {} is seen", measure.label()),
        x_label: measure.label().to_owned(),
        y_label: "percent".to_owned(),
        series: series.collect(),
        ..LinePlot::default()
    }
}
