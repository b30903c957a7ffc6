//! `interplay serve-reward`: the verifier's rewards over HTTP, for trainers that ask a server.

use anyhow::{Result, anyhow};
use clap::Args;
use interplay::verify::Level;

use super::flags::level;

/// Which reward, and where.
#[derive(Args)]
pub(super) struct Flags {
    /// The address to listen at; 0.0.0.0 for other machines. There are no passwords: whoever reaches it can ask.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// The port; 0 takes any that is free.
    #[arg(long, default_value_t = 5000)]
    port: u16,
    /// The reward: a kind without settings (strict, outcome, process, paper), or a table as a stage has it, such as
    /// '{ kind = "answer_gate", reward = { kind = "process" } }'.
    #[arg(long, value_name = "KIND|TABLE", default_value = "strict")]
    reward: String,
    /// The share of the answer in a reward of kind mixed.
    #[arg(long, value_name = "SHARE")]
    alpha: Option<f64>,
    /// What the verifier checks: quantities, parents, values and the answer (paper), or every statement of a solution
    /// (strict).
    #[arg(long, default_value = "strict", value_parser = level())]
    level: Level,
    /// Reject true steps that the answer does not need (strict level only).
    #[arg(long)]
    forbid_unneeded: bool,
    /// Another token that ends a response and is no part of it. May be repeated.
    #[arg(long = "end-token", value_name = "TOKEN")]
    end_tokens: Vec<String>,
    /// The largest request, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 64)]
    max_body_mib: usize,
}

impl Flags {
    /// The reward as the table of a stage.
    fn table(&self) -> Result<toml::Table> {
        let text = self.reward.trim();
        let mut table = match text.starts_with('{') {
            true => {
                let wrong = |error: toml::de::Error| anyhow!("--reward: {}", error.message());
                let mut whole: toml::Table =
                    toml::from_str(&format!("reward = {text}")).map_err(wrong)?;
                match whole.remove("reward") {
                    Some(toml::Value::Table(table)) => table,
                    _ => toml::Table::new(),
                }
            }
            false => toml::Table::from_iter([("kind".to_owned(), text.into())]),
        };
        if let Some(alpha) = self.alpha {
            table.insert("alpha".to_owned(), alpha.into());
        }
        Ok(table)
    }

    /// Serves until the process is stopped.
    #[cfg(feature = "reward-server")]
    pub(super) fn serve(&self) -> Result<()> {
        use interplay::reward_server::{Limits, Scorer, Server};
        use interplay::train::grpo::RewardSpec;
        use interplay::verify::Verifier;

        let wrong =
            |error: toml::de::Error| anyhow!("--reward {}: {}", self.reward, error.message());
        let reward: RewardSpec = self.table()?.try_into().map_err(wrong)?;
        if self.forbid_unneeded && self.level == Level::Paper {
            anyhow::bail!(
                "--forbid-unneeded belongs to the strict level; leave it out, or choose that level"
            );
        }
        let verifier = match self.forbid_unneeded {
            true => Verifier::new(self.level).forbid_unneeded(),
            false => Verifier::new(self.level),
        };
        let mut scorer = Scorer::new(reward, verifier)?;
        for token in &self.end_tokens {
            scorer = scorer.with_end_token(token);
        }
        let mut limits = Limits::default();
        limits.max_body_bytes = self.max_body_mib.max(1).saturating_mul(1 << 20);
        let server = Server::bind(&self.host, self.port, scorer, limits)?;
        let server = server.with_log(|event| eprintln!("{event}"));
        // Said when connections are taken, so that who waits for this line can ask.
        super::output::print(&format!("reward at {}\n", server.url()))?;
        server.run();
        Ok(())
    }

    /// Refuses: this build has no server.
    #[cfg(not(feature = "reward-server"))]
    pub(super) fn serve(&self) -> Result<()> {
        let table = self.table()?;
        let here = (&self.host, self.port, &self.end_tokens, self.max_body_mib);
        let _ = (table, here, self.level, self.forbid_unneeded);
        anyhow::bail!(
            "serve-reward is not part of this build; build again with `--features reward-server`"
        )
    }
}
