//! The table that is printed.

use std::fmt::Write as _;

use super::estimates::{Estimates, Group, Grouping, Mean, groups};
use super::measures::{Measure, Verdict};

/// A table for each measure: by op, by context and overall.
pub(super) fn table(estimates: &Estimates<'_>) -> String {
    let part = estimates.part;
    let completions: u64 = part
        .problems
        .iter()
        .map(|problem| u64::from(problem.completions))
        .sum();
    let each = match part.range() {
        (least, most) if least == most => format!("{least} completions per problem"),
        (least, most) => format!("{least} to {most} completions per problem, {completions} in all"),
    };
    let mut text = format!("{each}\n");
    let groups = groups(part, &[Grouping::Op, Grouping::Context, Grouping::Overall]);
    for measure in estimates.measures {
        let heads = [Verdict::Verified, Verdict::Answer]
            .map(|verdict| format!("{} {measure}", verdict.name()));
        let _ = writeln!(
            text,
            "\n{:<24}{:>8}{:>6}  {:<22}{}",
            "", "problems", "k", heads[0], heads[1]
        );
        let _ = writeln!(text, "{}", "-".repeat(84));
        for group in &groups {
            rows(&mut text, estimates, *measure, group);
        }
    }
    text.push_str("percent, with 95 % intervals clustered by problem\n");
    for measure in estimates.measures {
        left_out(&mut text, estimates, *measure);
    }
    text
}

/// A line for each k of which the group has a problem with enough completions.
fn rows(text: &mut String, estimates: &Estimates<'_>, measure: Measure, group: &Group<'_>) {
    let name = match group.by {
        Grouping::Op => format!("op {}", group.op.unwrap_or_default()),
        Grouping::Context => format!("context {}", group.context.unwrap_or_default()),
        Grouping::ContextAndOp | Grouping::Overall => "overall".to_owned(),
    };
    let mut shown = None;
    for k in &estimates.ks {
        let [verified, answer] = [Verdict::Verified, Verdict::Answer]
            .map(|verdict| estimates.mean((measure, *k, verdict), &group.members));
        let Some(problems) = verified
            .as_ref()
            .or(answer.as_ref())
            .map(|one| one.problems)
        else {
            continue;
        };
        let name = if shown.is_none() { &name } else { "" };
        let count = match shown == Some(problems) {
            true => String::new(),
            false => problems.to_string(),
        };
        shown = Some(problems);
        let [verified, answer] =
            [verified, answer].map(|mean| mean.map_or("-".to_owned(), |mean| percent(&mean)));
        let _ = writeln!(text, "{name:<24}{count:>8}{k:>6}  {verified:<22}{answer}");
    }
}

fn left_out(text: &mut String, estimates: &Estimates<'_>, measure: Measure) {
    if !measure.needs_k_completions() {
        return;
    }
    let problems = &estimates.part.problems;
    for k in estimates.ks.iter().filter(|k| measure.takes(**k)) {
        let short = problems.iter().filter(|problem| problem.completions < *k);
        let count = short.count();
        if count > 0 {
            let _ = writeln!(
                text,
                "{} leaves out {count} of {} problems, which have fewer than {k} completions",
                measure.at(*k),
                problems.len()
            );
        }
    }
}

fn percent(mean: &Mean) -> String {
    let pass = &mean.pass;
    let [estimate, low, high] = [pass.estimate, pass.low, pass.high].map(|share| 100.0 * share);
    format!("{estimate:.1} [{low:.1}, {high:.1}]")
}
