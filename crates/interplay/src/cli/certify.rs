//! `interplay certify`: a certificate of what two corpora have in common.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use interplay::tasks::corpora::{Certificate, Finding, SampleReader};
use interplay::tasks::likeness::Likeness;

/// Which corpora to compare, and where to write the certificate.
#[derive(Args)]
pub(super) struct Flags {
    /// The first corpus, for instance the training data: JSONL in the published sample fields (also
    /// .gz), or Parquet.
    #[arg(long, value_name = "FILE")]
    left: PathBuf,
    /// The second corpus, for instance the evaluation data.
    #[arg(long, value_name = "FILE")]
    right: PathBuf,
    /// Fail unless the corpora are certified to be disjoint in this sense, and so in all stricter
    /// senses.
    #[arg(long, value_parser = super::generate::likeness(&Likeness::NAMES))]
    require: Option<Likeness>,
    /// Where to write the certificate (JSON).
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Compares the corpora and prints what was found.
pub(super) fn certify(flags: &Flags) -> Result<()> {
    let name = |path: &Path| path.display().to_string();
    let certificate = Certificate::compare(
        (
            &name(&flags.left),
            SampleReader::open(&flags.left)?.report_all(),
        ),
        (
            &name(&flags.right),
            SampleReader::open(&flags.right)?.report_all(),
        ),
    )?;
    // Nothing differs from everything: most likely the file is not the one that was meant.
    for side in [&certificate.left, &certificate.right] {
        if side.records == 0 {
            bail!("{}: found no record, expected a corpus", side.name);
        }
    }
    if let Some(path) = &flags.output {
        interplay_files::write(path, certificate.to_json())?;
    }
    let found = flags
        .require
        .map(|sense| (sense, certificate.finding(sense)));
    if let Some((sense, finding)) = found.filter(|(_, finding)| *finding != Finding::Disjoint) {
        bail!(
            "the corpora are not certified to differ by {sense} ({}):\n{}",
            word(finding),
            summary(&certificate)
        );
    }
    super::output::print(&summary(&certificate))
}

fn summary(certificate: &Certificate) -> String {
    let mut text = String::new();
    for side in [&certificate.left, &certificate.right] {
        let _ = write!(text, "{}: {} records", side.name, side.records);
        if let Some(reason) = &side.first_without_graph {
            let (count, reason) = (side.without_graph, reason.trim_end());
            let _ = write!(
                text,
                ", {count} without a whole problem, the first: {reason}"
            );
        }
        text.push('\n');
    }
    for compared in &certificate.compared {
        let _ = writeln!(
            text,
            "{:5} {:13} {} in common of {} and {} different",
            compared.by.name(),
            word(compared.finding),
            compared.common,
            compared.left_distinct,
            compared.right_distinct
        );
        if let Some(first) = compared.witnesses.first() {
            let _ = writeln!(
                text,
                "      first: record {} of the left, record {} of the right corpus",
                first.left_record, first.right_record
            );
        }
    }
    text
}

fn word(finding: Finding) -> &'static str {
    match finding {
        Finding::Disjoint => "disjoint",
        Finding::Overlap => "overlap",
        // Nothing else is a finding that the corpora are disjoint.
        _ => "not certified",
    }
}
