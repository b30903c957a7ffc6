//! Writes a small report to standard output, or to a file if one is named:
//!
//! ```text
//! cargo run -p interplay-report --example page > page.html
//! cargo run -p interplay-report --example page -- page.html
//! ```

use std::io::{self, Write};

use interplay_report::{LinePlot, Page, Section, Series};

fn main() -> io::Result<()> {
    let html = page().to_html();
    match std::env::args_os().nth(1) {
        Some(path) => std::fs::write(path, html),
        None => io::stdout().write_all(html.as_bytes()),
    }
}

/// Damped oscillations, as a table and as plots.
fn page() -> Page {
    let dampings = [0.05, 0.1, 0.2];
    let height = |damping: f64, time: f64| (-damping * time).exp() * time.cos();
    let lines = dampings.map(|damping| {
        let points = (0..=200).map(|i| {
            let time = f64::from(i) / 10.0;
            (time, height(damping, time))
        });
        Series::new(format!("damping {damping}"), points)
    });
    let envelope = [0, 1, 2, 4, 8, 16].map(|time| {
        let time = f64::from(time);
        (time.max(0.5), (-0.1 * time).exp())
    });
    let margin = envelope.map(|(_, value)| (value - 0.05, value + 0.05));
    let rows = dampings.map(|damping| {
        let half_life = 2f64.ln() / damping;
        [
            format!("{damping}"),
            format!("{half_life:.1}"),
            format!("{:.3}", height(damping, 20.0)),
        ]
    });
    Page::new("Damped oscillations")
        .subtitle("An example of interplay-report")
        .fact("amplitude", 1)
        .fact("angular frequency", "1 / s")
        .section(
            Section::new("Height over time")
                .text("Each line is named where it ends.\n\nHover over a short line for values.")
                .plot(LinePlot::new("Height", "time (s)", "height").all_series(lines)),
        )
        .section(
            Section::new("Envelope").plot(
                LinePlot::new("Envelope at damping 0.1", "time (s)", "height")
                    .log2()
                    .y_range(0.0, 1.1)
                    .series(Series::new("envelope", envelope).band(margin)),
            ),
        )
        .section(
            Section::new("Half-lives").table(["damping", "half-life (s)", "height at 20 s"], rows),
        )
}
