//! The names of enums: the same in files, on the command line and in messages.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use interplay_tasks::corpora::Finding;
use interplay_tasks::datasets::Part;
use interplay_tasks::likeness::Likeness;
use interplay_tasks::spec::{PresetStage, SolutionOrder, StatementOrder};
use interplay_tasks::statistics::Measure;
use interplay_tasks::{Dialect, Mode, UnknownName};
use serde::Serialize;

fn check<T>(all: &[T], names: &[&str])
where
    T: Display + FromStr<Err = UnknownName> + Serialize + PartialEq + Debug + Copy,
{
    assert_eq!(all.len(), names.len());
    for (variant, name) in all.iter().zip(names) {
        assert_eq!(variant.to_string(), *name);
        assert_eq!(serde_json::to_value(variant).unwrap(), *name);
        assert_eq!(name.parse::<T>(), Ok(*variant));
    }
    let error = "another".parse::<T>().unwrap_err().to_string();
    assert!(error.starts_with("`another` is not a "), "{error}");
    for name in names {
        assert!(error.contains(&format!("`{name}`")), "{error}");
    }
}

#[test]
fn names_are_those_of_files_and_read_back() {
    check(&Dialect::ALL, &Dialect::NAMES);
    check(&Mode::ALL, &Mode::NAMES);
    check(&SolutionOrder::ALL, &SolutionOrder::NAMES);
    check(&StatementOrder::ALL, &StatementOrder::NAMES);
    check(&Part::ALL, &Part::NAMES);
    check(&Likeness::ALL, &Likeness::NAMES);
    check(&Measure::ALL, &Measure::NAMES);
    check(&PresetStage::ALL, &PresetStage::NAMES);
    check(&Finding::ALL, &Finding::NAMES);
}

#[test]
fn names_are_padded_like_text() {
    assert_eq!(
        format!("{:>6}|{:<6}|", Dialect::Prose, Mode::Forward),
        " prose|forward|"
    );
}
