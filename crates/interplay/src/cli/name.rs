//! Names of problems and groups, which some programs write as numbers and others as texts.

use serde_json::Value;

/// A number or a text, as a text; the number 4 has one name, whether it is written 4, 4.0 or "4".
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            // Columns with missing values hold whole numbers as floating-point numbers.
            Some(whole) if number.is_f64() && whole.fract() == 0.0 => format!("{whole:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// A name, where there is one.
pub(super) fn name(value: &Value) -> Option<String> {
    (!value.is_null()).then(|| text(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_has_one_name() {
        for value in [json!(4), json!(4.0), json!("4")] {
            assert_eq!(name(&value).as_deref(), Some("4"));
        }
        assert_eq!(text(&json!(0.5)), "0.5");
        assert_eq!(text(&json!(u64::MAX)), u64::MAX.to_string());
        assert_eq!(name(&Value::Null), None);
    }
}
