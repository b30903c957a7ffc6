//! Stages that are like an earlier stage: `like = "plain"` takes every key of the stage `plain`, and the keys
//! beside it replace those, so that the arms of a study say only what sets them apart.
//!
//! `training`, `training.optimizer`, `training.advantage` and `edge` are merged key by key. Everything else is
//! replaced whole: lists, `data`, and tables that hold one variant, such as `estimator = { pass_at_k = { k = 8 } }`.
//! `edge_from` belongs to the data: a stage with data of its own has it only if it says so itself.

use toml::{Table, Value};

/// The key that names the other stage.
const LIKE: &str = "like";

/// The key of a stage that is left out of the experiment (`extend.rs`), and that others may still be like.
pub(crate) const LEFT_OUT: &str = "left-out";

/// The tables that are merged key by key, as paths from the stage.
const MERGED: [&[&str]; 4] = [
    &["training"],
    &["training", "optimizer"],
    &["training", "advantage"],
    &["edge"],
];

/// Writes out every stage that is like another, and drops those that are left out.
///
/// # Errors
/// A `like` that names no stage above its own.
pub(crate) fn inherit(table: &mut Table) -> Result<(), String> {
    let Some(stages) = table.get_mut("stage").and_then(Value::as_array_mut) else {
        return Ok(());
    };
    for number in 0..stages.len() {
        let (above, rest) = stages.split_at_mut(number);
        let Some(stage) = rest[0].as_table_mut() else {
            continue;
        };
        let Some(like) = stage.remove(LIKE) else {
            continue;
        };
        let found = above.iter().find(|stage| named(stage, &like));
        let Some(found) = found.and_then(Value::as_table) else {
            let names: Vec<String> = above.iter().filter_map(name).collect();
            let own = name(&rest[0]).unwrap_or_else(|| (number + 1).to_string());
            let expected = match names.is_empty() {
                true => "no stage stands above it".to_owned(),
                false => format!("expected one of the stages above it: {}", names.join(", ")),
            };
            return Err(format!("stage `{own}`: `like` is {like}; {expected}"));
        };
        let mut whole = found.clone();
        whole.remove("name");
        whole.remove(LEFT_OUT);
        change(&mut whole, std::mem::take(stage));
        *stage = whole;
    }
    stages.retain(|stage| stage.get(LEFT_OUT).is_none());
    Ok(())
}

/// Puts the keys of `over` into a stage.
pub(crate) fn change(stage: &mut Table, over: Table) {
    if over.contains_key("data") {
        stage.remove("edge_from");
    }
    merge(stage, over, &mut Vec::new());
}

/// Whether a stage has this name.
pub(crate) fn named(stage: &Value, name: &Value) -> bool {
    stage.get("name") == Some(name)
}

fn name(stage: &Value) -> Option<String> {
    Some(stage.get("name")?.as_str()?.to_owned())
}

/// Puts the keys of `over` into `table`.
fn merge(table: &mut Table, over: Table, path: &mut Vec<String>) {
    for (key, value) in over {
        path.push(key.clone());
        let merged = MERGED.iter().any(|one| one.iter().eq(path.iter()));
        match (table.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) if merged => merge(inner, value, path),
            (_, value) => {
                table.insert(key, value);
            }
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [[stage]]
        kind = "grpo"
        name = "plain"
        from = "base"
        [stage.training]
        steps = 100
        reward = { mixture = { outcome = 0.2, process = 0.8 } }
        [stage.training.optimizer]
        weight_decay = 0.0
        learning_rate = { peak = 1e-4, floor = 1e-5 }
        [stage.training.advantage]
        estimator = { pass_at_k = { k = 8 } }
        [[stage.data.mixture]]
        op = "6-7"

        [[stage]]
        name = "other"
        like = "plain"
        [stage.training]
        reward = { kind = "strict" }
        [stage.training.optimizer]
        learning_rate = { peak = 3e-4 }

        [[stage]]
        name = "third"
        like = "other"
        data = { mixture = [] }
        [stage.training.advantage]
        estimator = "rloo"
    "#;

    fn stages(text: &str) -> Result<Vec<Value>, String> {
        let mut table: Table = toml::from_str(text).unwrap();
        inherit(&mut table)?;
        Ok(table["stage"].as_array().unwrap().clone())
    }

    #[test]
    fn a_stage_can_be_like_one_that_is_left_out() {
        let text = FILE.replace("name = \"plain\"", "name = \"plain\"\nleft-out = true");
        let found = stages(&text).unwrap();
        let names: Vec<Option<String>> = found.iter().map(name).collect();
        assert_eq!(names, ["other", "third"].map(|name| Some(name.to_owned())));
        let whole = stages(FILE).unwrap();
        assert_eq!(found, whole[1..]);
    }

    #[test]
    fn other_data_do_not_follow_the_edge_unless_they_say_so() {
        let text = r#"
            [[stage]]
            name = "edge"
            edge_from = "calibrate"
            data = { mixture = [{ op = "6-7", edge = true }] }
            [[stage]]
            name = "again"
            like = "edge"
            [[stage]]
            name = "easy"
            like = "edge"
            data = { mixture = [{ op = "2-4" }] }
            [[stage]]
            name = "wider"
            like = "edge"
            edge_from = "calibrate"
            data = { mixture = [{ op = "6-8", edge = true }] }
        "#;
        let found = stages(text).unwrap();
        let follows: Vec<bool> = found
            .iter()
            .map(|stage| stage.get("edge_from").is_some())
            .collect();
        assert_eq!(follows, [true, true, false, true]);
    }

    #[test]
    fn a_stage_has_the_keys_of_the_one_that_it_is_like() {
        let stages = stages(FILE).unwrap();
        let written_out = FILE.replace("like = \"plain\"", "kind = \"grpo\"\nfrom = \"base\"");
        let mut other: Value = toml::from_str::<Table>(&written_out).unwrap()["stage"][1].clone();
        let training = other["training"].as_table_mut().unwrap();
        let plain = &stages[0]["training"];
        training.insert("steps".into(), plain["steps"].clone());
        training.insert("advantage".into(), plain["advantage"].clone());
        let optimizer = training["optimizer"].as_table_mut().unwrap();
        optimizer.insert("weight_decay".into(), Value::Float(0.0));
        let other = other.as_table_mut().unwrap();
        other.insert("data".into(), stages[0]["data"].clone());
        assert_eq!(stages[1].as_table(), Some(&*other));
        // From one that is itself like another; a list and a table of one variant are replaced whole.
        assert_eq!(stages[2]["name"].as_str(), Some("third"));
        assert_eq!(stages[2]["training"]["steps"].as_integer(), Some(100));
        assert_eq!(
            stages[2]["data"]["mixture"].as_array().map(Vec::len),
            Some(0)
        );
        let advantage = &stages[2]["training"]["advantage"];
        assert_eq!(advantage["estimator"].as_str(), Some("rloo"));
    }

    #[test]
    fn a_stage_is_like_one_above_it() {
        let error = stages(&FILE.replace("like = \"plain\"", "like = \"third\"")).unwrap_err();
        assert_eq!(
            error,
            "stage `other`: `like` is \"third\"; expected one of the stages above it: plain"
        );
        let first = "[[stage]]\nlike = \"plain\"\nname = \"a\"";
        let error = stages(first).unwrap_err();
        assert_eq!(
            error,
            "stage `a`: `like` is \"plain\"; no stage stands above it"
        );
    }
}
