//! Amounts of work that an experiment file leaves to the planner.

/// What stands for an amount that the planner fills in.
pub(super) const OPEN: u64 = 0;

/// Gives stages that a budget may fund the amounts of work that their tables lack.
pub(crate) fn leave_open(table: &mut toml::Table) {
    if !table.contains_key("budget") {
        return;
    }
    let stages = table.get_mut("stage").and_then(toml::Value::as_array_mut);
    for stage in stages.into_iter().flatten() {
        let kind = stage.get("kind").and_then(toml::Value::as_str);
        let key = match kind {
            Some("pretrain" | "midtrain") => "budget_tokens",
            Some("grpo") => "steps",
            _ => continue,
        };
        let training = stage
            .get_mut("training")
            .and_then(toml::Value::as_table_mut);
        if let Some(training) = training {
            let open = toml::Value::Integer(OPEN as i64);
            training.entry(key).or_insert(open);
        }
    }
}
