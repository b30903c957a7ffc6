//! The rotary settings of a `config.json`: `rope_theta`, `rope_scaling` and `rope_parameters`.
//!
//! Source: `modeling_rope_utils.py` of `transformers` 5.24, which also reads what earlier versions wrote.
//! Deviations: only the unscaled embedding is implemented, everything else is refused. So are bases that contradict
//! each other, where `transformers` takes the nested one.

use serde_json::{Map, Value};

/// The base of models that give none, as in `transformers`.
const DEFAULT_THETA: f64 = 10_000.0;

/// Keys of an object with rotary settings that mean something here.
const KNOWN: [&str; 4] = ["rope_type", "type", "rope_theta", "partial_rotary_factor"];

/// A setting that cannot be honored.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal {
    /// The key, with that of the object which holds it: `rope_scaling.factor`.
    pub key: String,
    /// The value that was found.
    pub found: String,
    /// The values that are accepted.
    pub expected: String,
}

/// The rotary base, and the keys that were found and have no effect.
///
/// # Errors
///
/// Settings that this decoder, or `transformers`, does not compute with.
pub(super) fn rotary_base(config: &Map<String, Value>) -> Result<(f64, Vec<String>), Refusal> {
    require_full_rotation("", config)?;
    let mut bases = Vec::new();
    let top = config.get("rope_theta");
    if let Some(theta) = top.filter(|theta| !theta.is_null()) {
        bases.push(("rope_theta".to_owned(), base("rope_theta", theta)?));
    }
    let mut unused = Vec::new();
    for name in ["rope_parameters", "rope_scaling"] {
        let settings = match config.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::Object(settings)) => settings,
            Some(other) => return Err(refusal(name, other, "an object or null")),
        };
        unused.extend(check_type(name, settings)?);
        require_full_rotation(name, settings)?;
        if let Some(theta) = settings.get("rope_theta") {
            let key = format!("{name}.rope_theta");
            bases.push((key.clone(), base(&key, theta)?));
        }
    }
    let Some((first, theta)) = bases.first().cloned() else {
        return match top {
            None => Ok((DEFAULT_THETA, unused)),
            Some(null) => Err(refusal("rope_theta", null, "a finite number above 0")),
        };
    };
    match bases.into_iter().find(|(_, other)| *other != theta) {
        None => Ok((theta, unused)),
        Some((key, found)) => Err(Refusal {
            key,
            found: found.to_string(),
            expected: format!("{theta} as in `{first}`"),
        }),
    }
}

fn refusal(key: &str, found: &Value, expected: &str) -> Refusal {
    Refusal {
        key: key.to_owned(),
        found: found.to_string(),
        expected: expected.to_owned(),
    }
}

/// A usable base. The speeds are computed in single precision.
fn base(key: &str, value: &Value) -> Result<f64, Refusal> {
    let usable = |theta: &f64| (*theta as f32).is_finite() && *theta as f32 > 0.0;
    let theta = value.as_f64().filter(usable);
    theta.ok_or_else(|| refusal(key, value, "a finite number above 0"))
}

/// Requires the unscaled type, and gives the keys that it does not use.
fn check_type(name: &str, settings: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let mut given = false;
    for field in ["rope_type", "type"] {
        let Some(kind) = settings.get(field) else {
            continue;
        };
        if kind != "default" {
            let key = format!("{name}.{field}");
            return Err(refusal(&key, kind, "\"default\" (no scaling)"));
        }
        given = true;
    }
    let other = settings.keys().filter(|key| !KNOWN.contains(&key.as_str()));
    let mut other = other.map(|key| (format!("{name}.{key}"), &settings[key]));
    if given {
        // With a type that ignores them, so does `transformers`.
        return Ok(other.map(|(key, _)| key).collect());
    }
    match other.next() {
        None => Ok(Vec::new()),
        Some((key, value)) => {
            let expected = "no such key, or rope_type \"default\" beside it (no scaling)";
            Err(refusal(&key, value, expected))
        }
    }
}

/// All features of a head turn.
fn require_full_rotation(name: &str, settings: &Map<String, Value>) -> Result<(), Refusal> {
    match settings.get("partial_rotary_factor") {
        None => Ok(()),
        Some(factor) if factor.as_f64() == Some(1.0) => Ok(()),
        Some(Value::Null) if name.is_empty() => Ok(()),
        Some(factor) => {
            let dot = if name.is_empty() { "" } else { "." };
            let key = format!("{name}{dot}partial_rotary_factor");
            Err(refusal(&key, factor, "1 (all features of a head turn)"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(config: &Value) -> Result<(f64, Vec<String>), Refusal> {
        rotary_base(config.as_object().unwrap())
    }

    #[test]
    fn every_plain_form_gives_its_base() {
        for (config, expected) in [
            (json!({}), 10_000.0),
            (json!({ "rope_theta": 1e6 }), 1e6),
            (json!({ "rope_theta": 500000 }), 5e5),
            (json!({ "rope_scaling": null, "rope_theta": 2.5 }), 2.5),
            (json!({ "rope_scaling": {}, "rope_theta": 2.5 }), 2.5),
            (
                json!({ "rope_scaling": { "rope_type": "default", "rope_theta": 5e5 } }),
                5e5,
            ),
            (
                json!({ "rope_scaling": { "type": "default", "rope_theta": 5e5 } }),
                5e5,
            ),
            (json!({ "rope_scaling": { "rope_theta": 5e5 } }), 5e5),
            (
                json!({ "rope_scaling": { "rope_type": "default" }, "rope_theta": 5e5 }),
                5e5,
            ),
            (json!({ "rope_scaling": { "rope_type": "default" } }), 1e4),
            (
                json!({ "rope_scaling": { "rope_theta": 5e5 }, "rope_theta": null }),
                5e5,
            ),
            (
                json!({ "rope_parameters": { "rope_type": "default", "rope_theta": 5e5 } }),
                5e5,
            ),
            (
                json!({ "rope_parameters": { "rope_theta": 5e5, "partial_rotary_factor": 1.0 } }),
                5e5,
            ),
            (
                json!({
                    "rope_theta": 5e5,
                    "rope_parameters": { "rope_type": "default", "rope_theta": 500000 },
                    "rope_scaling": { "rope_type": "default", "type": "default", "rope_theta": 5e5 },
                }),
                5e5,
            ),
        ] {
            assert_eq!(read(&config), Ok((expected, Vec::new())), "{config}");
        }
    }

    #[test]
    fn every_other_form_is_refused_by_its_key() {
        let linear = json!({ "rope_type": "linear", "factor": 2.0 });
        let mut cases = vec![
            (json!({ "rope_theta": 0 }), "rope_theta"),
            (json!({ "rope_theta": -1e4 }), "rope_theta"),
            (json!({ "rope_theta": 1e39 }), "rope_theta"),
            (json!({ "rope_theta": 1e-60 }), "rope_theta"),
            (json!({ "rope_theta": null }), "rope_theta"),
            (json!({ "rope_theta": "10000" }), "rope_theta"),
            (json!({ "rope_theta": true }), "rope_theta"),
            (json!({ "rope_scaling": "linear" }), "rope_scaling"),
            (json!({ "rope_scaling": [] }), "rope_scaling"),
            (
                json!({ "rope_scaling": { "rope_type": null } }),
                "rope_scaling.rope_type",
            ),
            (
                json!({ "rope_scaling": { "rope_type": 1 } }),
                "rope_scaling.rope_type",
            ),
            (
                json!({ "rope_scaling": { "rope_type": "Default" } }),
                "rope_scaling.rope_type",
            ),
            (
                json!({ "rope_scaling": { "type": "linear" } }),
                "rope_scaling.type",
            ),
            (
                json!({ "rope_scaling": { "rope_type": "default", "type": "yarn" } }),
                "rope_scaling.type",
            ),
            (
                json!({ "rope_scaling": { "factor": 2.0 } }),
                "rope_scaling.factor",
            ),
            (
                json!({ "rope_scaling": { "rope_type": "default", "rope_theta": 0.0 } }),
                "rope_scaling.rope_theta",
            ),
            (
                json!({ "rope_scaling": { "rope_type": "default", "rope_theta": null } }),
                "rope_scaling.rope_theta",
            ),
            (
                json!({ "rope_theta": 1e4, "rope_scaling": { "rope_theta": 5e5 } }),
                "rope_scaling.rope_theta",
            ),
            (
                json!({ "rope_parameters": { "rope_theta": 1e4 }, "rope_scaling": { "rope_theta": 5e5 } }),
                "rope_scaling.rope_theta",
            ),
            (
                json!({ "rope_parameters": { "full_attention": { "rope_theta": 1e4 } } }),
                "rope_parameters.full_attention",
            ),
            (
                json!({ "partial_rotary_factor": 0.5 }),
                "partial_rotary_factor",
            ),
            (
                json!({ "rope_parameters": { "partial_rotary_factor": 0.25 } }),
                "rope_parameters.partial_rotary_factor",
            ),
            (
                json!({ "rope_parameters": linear.clone() }),
                "rope_parameters.rope_type",
            ),
            (
                json!({ "rope_parameters": { "rope_theta": 1e4 }, "rope_scaling": linear }),
                "rope_scaling.rope_type",
            ),
        ];
        for kind in [
            "linear", "dynamic", "yarn", "llama3", "longrope", "su", "mrope", "", "none",
        ] {
            let scaling = json!({ "rope_type": kind, "factor": 4.0, "rope_theta": 1e4 });
            cases.push((json!({ "rope_scaling": scaling }), "rope_scaling.rope_type"));
        }
        for (config, key) in cases {
            match read(&config) {
                Err(refusal) => assert_eq!(refusal.key, key, "{config}"),
                Ok(read) => panic!("{config} gave {read:?}"),
            }
        }
    }

    #[test]
    fn contradictory_bases_are_both_named() {
        let config = json!({ "rope_theta": 1e4, "rope_scaling": { "rope_theta": 5e5 } });
        let refusal = read(&config).unwrap_err();
        assert_eq!(refusal.found, "500000");
        assert_eq!(refusal.expected, "10000 as in `rope_theta`");
    }

    #[test]
    fn keys_that_the_plain_type_ignores_are_reported() {
        let scaling = json!({ "rope_type": "default", "rope_theta": 5e5, "factor": 4.0 });
        let (theta, unused) = read(&json!({ "rope_scaling": scaling })).unwrap();
        assert_eq!(
            (theta, unused),
            (5e5, vec!["rope_scaling.factor".to_owned()])
        );
    }
}
