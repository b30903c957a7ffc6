//! Carrying out a plan in its run folder.
//!
//! A run folder holds `plan.toml`, `manifest.json`, `tokenizer/`, one folder for each stage, `eval/`, `results.json`,
//! `ledger.json`, `exposure.json`, `timings.jsonl`, `costs.json` and `report.html`; the folder of a model has a card
//! with what was measured. Everything but the manifest, the timings, the costs and the speeds follows from the plan
//! alone. Each file is written as a whole or not at all; only the logs `metrics.jsonl`, `speed.jsonl` and
//! `timings.jsonl` grow line by line. A file that is there with the right key is not made again. A lock keeps a second
//! process out.

mod clock;
mod costs;
mod evaluate;
mod experiment;
mod exposure;
mod init;
mod lengths;
mod manifest;
mod model_card;
mod runner;
mod speed_log;
mod stages;
mod tokenizer;

pub use experiment::Run;
