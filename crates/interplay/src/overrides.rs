//! Keys of an experiment file that a command line sets to other values, so that one file serves a whole grid.

use std::fmt;
use std::str::FromStr;

use toml::{Table, Value};

/// One key with its value, written `KEY=VALUE`.
///
/// The key is a path of names with dots. A name below `stage` is that of a stage. The value is TOML; what is no TOML
/// is a string. Tables that are missing are made, so a key that does not exist is refused where the experiment is
/// read.
///
/// ```
/// use interplay::{ExperimentSpec, Override};
///
/// let steps: Override = "stage.grpo.training.steps=5".parse()?;
/// let spec = ExperimentSpec::preset_with("quick", &[steps])?;
/// let text = toml::to_string(&spec).unwrap();
/// assert!(text.contains("steps = 5"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    path: Vec<String>,
    value: Value,
}

/// A `KEY=VALUE` that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, expected KEY=VALUE with a key such as budget.beta")]
pub struct BadOverride {
    found: String,
}

impl FromStr for Override {
    type Err = BadOverride;

    fn from_str(text: &str) -> Result<Self, BadOverride> {
        let bad = || BadOverride {
            found: text.to_owned(),
        };
        let (key, value) = text.split_once('=').ok_or_else(bad)?;
        let path: Vec<String> = key.split('.').map(|part| part.trim().to_owned()).collect();
        if path.iter().any(String::is_empty) {
            return Err(bad());
        }
        let value = value.trim();
        let parsed = toml::from_str::<Table>(&format!("value = {value}")).ok();
        let parsed = parsed.filter(|table| table.len() == 1);
        let value = match parsed.and_then(|mut table| table.remove("value")) {
            Some(parsed) => parsed,
            None => Value::String(value.to_owned()),
        };
        Ok(Self { path, value })
    }
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.path.join("."), self.value)
    }
}

impl Override {
    /// Sets the key in the table of an experiment, or says why it cannot be.
    pub(crate) fn apply(&self, table: &mut Table) -> Result<(), String> {
        let Some((last, tables)) = self.path.split_last() else {
            return Ok(());
        };
        let mut inner = table;
        let mut names = tables.iter();
        while let Some(name) = names.next() {
            let next = inner
                .entry(name.clone())
                .or_insert_with(|| Value::Table(Table::new()));
            inner = match next {
                Value::Table(next) => next,
                Value::Array(items) => {
                    let wanted = names.next().ok_or_else(|| self.refused(name, "a list"))?;
                    let named = |item: &&mut Value| {
                        item.get("name").and_then(Value::as_str) == Some(wanted.as_str())
                    };
                    let found = items.iter_mut().find(named).and_then(Value::as_table_mut);
                    found.ok_or_else(|| {
                        format!("`{self}`: found no `{name}` with the name `{wanted}`")
                    })?
                }
                other => return Err(self.refused(name, other.type_str())),
            };
        }
        let tables = matches!(inner.get(last), Some(Value::Array(items)) if items.iter().any(Value::is_table));
        if tables && !self.value.is_array() {
            return Err(self.refused(last, "a list of tables"));
        }
        inner.insert(last.clone(), self.value.clone());
        Ok(())
    }

    fn refused(&self, name: &str, found: &str) -> String {
        format!("`{self}`: `{name}` is {found}, expected a key inside a table")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(change: &str, text: &str) -> Result<Table, String> {
        let mut table: Table = toml::from_str(text).unwrap();
        let change: Override = change
            .parse()
            .map_err(|error: BadOverride| error.to_string())?;
        change.apply(&mut table).map(|()| table)
    }

    const TEXT: &str =
        "seed = 1\n[[stage]]\nname = \"a\"\n[stage.training]\nsteps = 3\n[[stage]]\nname = \"b\"\n";

    #[test]
    fn keys_are_set_by_path_and_stages_by_name() {
        let table = after("seed=2", TEXT).unwrap();
        assert_eq!(table["seed"].as_integer(), Some(2));
        let table = after("stage.a.training.steps = 7", TEXT).unwrap();
        assert_eq!(table["stage"][0]["training"]["steps"].as_integer(), Some(7));
        let table = after("stage.b.training.reward={ kind = \"strict\" }", TEXT).unwrap();
        let kind = &table["stage"][1]["training"]["reward"]["kind"];
        assert_eq!(kind.as_str(), Some("strict"));
        let table = after("budget.beta=0.2", TEXT).unwrap();
        assert_eq!(table["budget"]["beta"].as_float(), Some(0.2));
        // What is no TOML is a string, also where it holds an equals sign.
        let table = after("name=beta=a b", TEXT).unwrap();
        assert_eq!(table["name"].as_str(), Some("beta=a b"));
    }

    #[test]
    fn paths_that_lead_nowhere_are_refused() {
        for (change, part) in [
            ("seed", "expected KEY=VALUE"),
            (".seed=1", "expected KEY=VALUE"),
            ("seed.x=1", "`seed` is integer"),
            ("stage=1", "`stage` is a list of tables"),
            ("stage.c.from=\"a\"", "found no `stage` with the name `c`"),
        ] {
            let error = after(change, TEXT).unwrap_err();
            assert!(error.contains(part), "{change}: {error}");
        }
    }
}
