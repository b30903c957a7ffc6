//! Stages that are like an earlier stage: `like = "plain"` takes every key of the stage `plain`, and the keys
//! beside it replace those, so that the arms of a study say only what sets them apart.
//!
//! `training`, `training.optimizer`, `training.advantage` and `edge` are merged key by key. Everything else is
//! replaced whole: lists, `data`, and tables that hold one variant, such as `estimator = { pass_at_k = { k = 8 } }`.

use toml::{Table, Value};

/// The key that names the other stage.
const LIKE: &str = "like";

/// The tables that are merged key by key, as paths from the stage.
const MERGED: [&[&str]; 4] = [
    &["training"],
    &["training", "optimizer"],
    &["training", "advantage"],
    &["edge"],
];

/// Writes out every stage that is like another.
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
        let named = |one: &&Value| one.get("name").is_some() && one.get("name") == Some(&like);
        let Some(found) = above.iter().find(named).and_then(Value::as_table) else {
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
        merge(&mut whole, std::mem::take(stage), &mut Vec::new());
        *stage = whole;
    }
    Ok(())
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
