//! `interplay study`: an experiment in several variants and with several seeds, and what separates its arms.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use interplay::progress::Console;
use interplay::study::{Shard, Study, StudyChanges, StudyResults};
use interplay::{Devices, Override};

/// Which study, and where.
#[derive(Args)]
pub(super) struct Flags {
    /// A study that comes with the program: edge, seeding, budget, rewards, curriculum, noise, sizes, mid-data,
    /// objectives; paper-edge, paper-seeding, paper-budget or paper-rewards, made for GPUs.
    #[arg(value_name = "NAME", required_unless_present_any = ["config", "from"])]
    name: Option<String>,
    /// Study file (TOML): an experiment with a table `[study]`.
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    config: Option<PathBuf>,
    /// Training seeds, such as 7,8,9, instead of the study's own.
    #[arg(long, value_name = "SEEDS", value_delimiter = ',')]
    seeds: Option<Vec<u64>>,
    /// Devices to run on, instead of the study's own, as in `interplay run`.
    #[arg(long, value_name = "DEVICES")]
    device: Option<Devices>,
    /// A key of the experiment with another value, in every variant. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<Override>,
    /// Carry out the I-th of N parts of the runs alone, for several machines that share the folder.
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE)]
    shard: Shard,
    /// Folder of the study [default: runs/studies/NAME]. Runs that it holds are resumed.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Take finished runs from files that --write-records wrote, from other machines or earlier sessions, and carry out
    /// the rest. Stands behind NAME.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["from", "plan"])]
    records: Vec<PathBuf>,
    /// Write the finished runs to a file (JSONL, compressed if .gz) without weights and completions, and run nothing.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "plan"])]
    write_records: Option<PathBuf>,
    /// Print the runs, and run nothing.
    #[arg(long)]
    plan: bool,
    /// Make study.txt, study.html and the figures again from a study.json, and run nothing.
    #[arg(long, value_name = "STUDY.JSON", requires = "out", conflicts_with_all = ["name", "config", "plan"])]
    from: Option<PathBuf>,
}

/// Runs or resumes the study and prints its table.
pub(super) fn study(flags: &Flags) -> Result<()> {
    if let (Some(source), Some(folder)) = (&flags.from, &flags.out) {
        let results = StudyResults::load(source)?;
        results.write(folder)?;
        return super::output::print(&results.to_text());
    }
    let changes = StudyChanges {
        seeds: flags.seeds.clone(),
        devices: flags.device.clone(),
        set: flags.set.clone(),
    };
    let study = match (&flags.config, &flags.name) {
        (Some(path), _) => Study::load(path, &changes)?,
        (None, name) => Study::preset(name.as_deref().unwrap_or_default(), &changes)?,
    };
    let folder = flags.out.clone();
    let folder = folder.unwrap_or_else(|| PathBuf::from("runs/studies").join(&study.name));
    if !flags.records.is_empty() {
        let taken = study.take_records(&folder, &flags.records)?;
        eprintln!("{taken} finished runs taken from records");
    }
    if let Some(path) = &flags.write_records {
        let count = study.write_records(&folder, path)?;
        eprintln!("{count} finished runs: {}", path.display());
        return Ok(());
    }
    if flags.plan {
        let runs: Vec<String> = study.runs.iter().map(ToString::to_string).collect();
        let arms: Vec<String> = study.arms().iter().map(ToString::to_string).collect();
        let text = format!(
            "{}\nruns: {}\narms: {}\nestimate: {:.0} minutes for what is not done, on this machine\n",
            study.spec.question,
            runs.join("; "),
            arms.join(", "),
            minutes(&study, &folder)?
        );
        return super::output::print(&text);
    }
    if !study.unfinished(&folder).is_empty() {
        eprintln!(
            "estimate: {:.0} minutes for what is not done, all parts together",
            minutes(&study, &folder)?
        );
    }
    match study.run(&folder, flags.shard, &mut Console::new())? {
        Some(results) => {
            let page = folder.join("study.html");
            super::output::print(&format!(
                "\n{}\npage: {}\n",
                results.to_text(),
                page.display()
            ))
        }
        None => {
            let missing = study.unfinished(&folder).join("; ");
            eprintln!("not finished: {missing}; the last part to finish writes study.json");
            Ok(())
        }
    }
}

fn minutes(study: &Study, folder: &Path) -> Result<f64> {
    Ok(study.estimate(folder)?.as_secs_f64() / 60.0)
}
