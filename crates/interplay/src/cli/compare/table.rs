//! The table of a comparison, and what stands under it.

use std::fmt::Write as _;

use interplay::eval::{Change, SeedsDesign, temperature_name};

use super::groups::OVERALL;
use super::report::{Report, Row, RunVerdict, Verdict};

/// The whole text.
pub(super) fn text(report: &Report) -> String {
    let mut text = format!("A: {}\nB: {}\n\n", report.a, report.b);
    heading(report, &mut text);
    for row in &report.rows {
        line(row, &mut text);
    }
    text.push_str(notes(report.design));
    if !report.left_out.is_empty() {
        let _ = writeln!(text, "left out: {}", report.left_out.join("; "));
    }
    text.push('\n');
    for verdict in &report.verdicts {
        match report.design {
            Some(_) => over_seeds(verdict, &mut text),
            None => one_run(verdict, &mut text),
        }
    }
    text
}

fn heading(report: &Report, text: &mut String) {
    let _ = write!(
        text,
        "{:<12}{:<12}{:>5}{:>9}{:>8}{:>8}  {:<24}{:>8}{:>9}{:>12}",
        "group", "temperature", "k", "problems", "A", "B", "B - A", "p", "p Holm", "detectable",
    );
    let seeds: Vec<String> = report
        .seeds
        .iter()
        .map(|seed| format!("{seed:>7}"))
        .collect();
    let mut width = 107;
    if !seeds.is_empty() {
        let _ = write!(text, "  by seed{}", seeds.concat());
        width += 9 + 7 * seeds.len();
    }
    let _ = writeln!(text, "\n{}", "-".repeat(width));
}

fn line(row: &Row, text: &mut String) {
    let [difference, low, high] = [row.difference, row.low, row.high].map(|x| 100.0 * x);
    let _ = write!(
        text,
        "{:<12}{:<12}{:>5}{:>9}{:>8.1}{:>8.1}  {:<24}{:>8.4}{:>9.4}{:>12.1}",
        row.group,
        temperatures(row.temperature, row.b_temperature),
        row.k,
        row.problems,
        100.0 * row.before,
        100.0 * row.after,
        format!("{difference:+.1} [{low:+.1}, {high:+.1}]"),
        row.p_value,
        row.p_holm,
        100.0 * row.detectable.unwrap_or(f64::NAN)
    );
    if !row.by_seed.is_empty() {
        let _ = write!(text, "{:9}", "");
    }
    for gain in &row.by_seed {
        let _ = write!(text, "{:>+7.1}", 100.0 * gain);
    }
    text.push('\n');
}

/// The temperature of both, or of A and of B.
fn temperatures(a: Option<f64>, b: Option<Option<f64>>) -> String {
    match b {
        Some(b) => format!("{} / {}", temperature_name(a), temperature_name(b)),
        None => temperature_name(a),
    }
}

fn notes(design: Option<SeedsDesign>) -> &'static str {
    match design {
        None => {
            "percent and points, paired by problem, with 95 % intervals; p of a sign-flip test, and \
             after Holm's correction over the table; detectable: the difference found in 80 % of \
             comparisons of this size\n"
        }
        Some(SeedsDesign::Nested) => {
            "percent and points over seeds, with 95 % intervals; p from t statistics, and after \
             Holm's correction over the table; detectable: the difference found in 80 % of \
             comparisons of this size\n\
             nested: each seed has problems of its own, the same for A and B; Student's interval over \
             the seeds' means; `problems` counts those of all seeds\n"
        }
        Some(SeedsDesign::Independent) => {
            "percent and points over seeds and problems, with 95 % intervals; p from t statistics, \
             and after Holm's correction over the table; detectable: the difference found in 80 % of \
             comparisons of this size\n\
             crossed: all seeds have the same problems; the seeds of A and of B are independent\n"
        }
        Some(_) => {
            "percent and points over seeds and problems, with 95 % intervals; p from t statistics, \
             and after Holm's correction over the table; detectable: the difference found in 80 % of \
             comparisons of this size\n\
             crossed: all seeds have the same problems; A and B are paired by seed\n"
        }
    }
}

fn one_run(verdict: &Verdict, text: &mut String) {
    for run in &verdict.runs {
        let (name, change) = (name(verdict), changed(verdict.change, verdict.narrowed));
        let _ = writeln!(text, "{name}: {change}. {}", solved(run));
    }
}

/// The temperature, and the group where it is not all problems.
fn name(verdict: &Verdict) -> String {
    let temperature = temperatures(verdict.temperature, verdict.b_temperature);
    match verdict.group == OVERALL {
        true => format!("temperature {temperature}"),
        false => format!("temperature {temperature}, {}", verdict.group),
    }
}

fn over_seeds(verdict: &Verdict, text: &mut String) {
    let (name, change) = (name(verdict), changed(verdict.change, verdict.narrowed));
    let _ = write!(text, "{name}: {change} over {} seeds.", verdict.runs.len());
    if let (Some(share), Some(luck)) = (verdict.newly_solved_share, verdict.luck_share) {
        let _ = write!(
            text,
            " Of the problems that A never solved, B solves {:.1} % in the mean of seeds, where {:.1} \
             % would be luck.",
            100.0 * share,
            100.0 * luck
        );
    }
    text.push('\n');
    for run in &verdict.runs {
        let seed = run.seed.unwrap_or_default();
        let change = changed(run.change, run.narrowed);
        let _ = writeln!(text, "  seed {seed}: {change}. {}", solved(run));
    }
}

/// The change, and whether fewer problems are solved at the largest k.
fn changed(change: Change, narrowed: bool) -> String {
    match narrowed {
        true => format!("{change} and narrowed"),
        false => change.to_string(),
    }
}

fn solved(run: &RunVerdict) -> String {
    let share = |part: f64, of: usize| 100.0 * part / of.max(1) as f64;
    // A whole number where both have as many tries.
    let newly = match run.newly_solved.fract() == 0.0 {
        true => run.newly_solved.to_string(),
        false => format!("{:.1}", run.newly_solved),
    };
    let tries = match run.tries < run.completions {
        true => format!(" in {} tries", run.tries),
        false => String::new(),
    };
    format!(
        "Of {} problems that A never solved in {} tries, B solves {newly}{tries} ({:.1} %), where {:.1} \
         would be luck (p {:.4}); of {} that A solved, B never solves {} ({:.1} %).",
        run.unsolved,
        run.completions,
        share(run.newly_solved, run.unsolved),
        run.luck,
        run.luck_p_value,
        run.solved,
        run.lost,
        share(run.lost as f64, run.solved)
    )
}
