//! Progress of a run, for the person who watches it.
//!
//! The library reports to a [`Progress`]. [`Quiet`] ignores it, `Console` (feature `cli`) draws bars on a terminal
//! and prints plain lines elsewhere.

#[cfg(feature = "cli")]
pub use console::Console;

/// Follows the long tasks of a run, one at a time.
pub trait Progress {
    /// A long task of `total` units begins.
    fn begin(&mut self, what: &str, total: u64);

    /// `done` units of the task are done; `detail` describes its state.
    fn advance(&mut self, done: u64, detail: &str);

    /// The task is finished.
    fn end(&mut self, summary: &str);

    /// A message worth a line of its own.
    fn note(&mut self, line: &str);
}

/// Ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&mut self, _what: &str, _total: u64) {}
    fn advance(&mut self, _done: u64, _detail: &str) {}
    fn end(&mut self, _summary: &str) {}
    fn note(&mut self, _line: &str) {}
}

#[cfg(feature = "cli")]
mod console {
    use std::io::IsTerminal;
    use std::time::{Duration, Instant};

    use indicatif::{ProgressBar, ProgressStyle};

    use super::Progress;

    /// Time between plain lines without a terminal.
    const LINE_EVERY: Duration = Duration::from_secs(10);

    /// Bars on a terminal, plain lines elsewhere; both on standard error.
    pub struct Console {
        terminal: bool,
        bar: Option<ProgressBar>,
        what: String,
        total: u64,
        began: Instant,
        last_line: Instant,
    }

    impl Console {
        /// A console that draws bars if standard error is a terminal, and prints lines otherwise.
        #[must_use]
        pub fn new() -> Self {
            let now = Instant::now();
            Self {
                terminal: std::io::stderr().is_terminal(),
                bar: None,
                what: String::new(),
                total: 0,
                began: now,
                last_line: now,
            }
        }
    }

    impl Default for Console {
        fn default() -> Self {
            Self::new()
        }
    }

    impl Progress for Console {
        fn begin(&mut self, what: &str, total: u64) {
            self.what = what.to_owned();
            self.total = total;
            self.began = Instant::now();
            self.last_line = self.began;
            if self.terminal {
                let bar = ProgressBar::new(total);
                let style = "{prefix:14} [{wide_bar}] {percent:>3} %  {elapsed} + {eta}  {msg}";
                if let Ok(style) = ProgressStyle::with_template(style) {
                    bar.set_style(style.progress_chars("=> "));
                }
                bar.set_prefix(what.to_owned());
                self.bar = Some(bar);
            }
        }

        fn advance(&mut self, done: u64, detail: &str) {
            if let Some(bar) = &self.bar {
                bar.set_position(done);
                bar.set_message(detail.to_owned());
            } else if self.last_line.elapsed() >= LINE_EVERY {
                self.last_line = Instant::now();
                let percent = 100 * done / self.total.max(1);
                eprintln!("{:14} {percent:>3} %  {detail}", self.what);
            }
        }

        fn end(&mut self, summary: &str) {
            if let Some(bar) = self.bar.take() {
                bar.finish_and_clear();
            }
            let seconds = self.began.elapsed().as_secs_f64();
            eprintln!("{:14} done in {seconds:.1} s  {summary}", self.what);
        }

        fn note(&mut self, line: &str) {
            match &self.bar {
                Some(bar) => bar.suspend(|| eprintln!("{line}")),
                None => eprintln!("{line}"),
            }
        }
    }
}
