//! Advantages against TRL 1.16.0's and verl 0.9.1's own, to 1e-5.
//!
//! Compared, from `tests/golden/trl_advantage.json`: every case (`scale_rewards` group, batch and none,
//! `reward_weights`, `multi_objective_aggregation`) and `rloo` with and without `normalize_advantages`.
//! From `verl_advantage.json`: every case (`grpo`, `grpo_vectorized`, `grpo_passk`, `rloo`,
//! `rloo_vectorized`, `reinforce_plus_plus` with and without discount, `reinforce_plus_plus_baseline`,
//! `opo`, `gpg`, `gdpo`) and `overlong`.
//!
//! One deliberate difference: a group of one has no advantage here where verl keeps its reward (`grpo`,
//! `rloo`) or divides it by 1 + epsilon; the trainer refuses such groups. For the batch `singles` the
//! tests check that instead.

use std::path::Path;

use interplay_objectives::advantage::{
    AdvantageSpec, AdvantageState, Estimator, Groups, ScaleRewards, decoupled, decoupled_by_token,
    discounted_normalized,
};
use interplay_objectives::overlong::SoftOverlong;
use serde_json::Value;

const TOLERANCE: f64 = 1e-5;

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn golden(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn cases<'v>(file: &'v Value, key: &str) -> &'v [Value] {
    let cases = file[key]
        .as_array()
        .unwrap_or_else(|| panic!("no list `{key}`"));
    assert!(!cases.is_empty(), "`{key}` is empty");
    cases
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"));
    list.iter()
        .map(|number| number.as_f64().expect("a number"))
        .collect()
}

fn counts(value: &Value) -> Vec<usize> {
    numbers(value)
        .into_iter()
        .map(|number| number as usize)
        .collect()
}

/// A reward batch; its components are in the order of the file, which is that of weights.
#[derive(serde::Deserialize)]
struct Batch {
    name: String,
    group_size: usize,
    lengths: Vec<usize>,
    components: Components,
}

struct Components(Vec<Vec<f64>>);

impl<'de> serde::Deserialize<'de> for Components {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> serde::de::Visitor<'de> for Reader {
            type Value = Components;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("components by name")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Components, A::Error> {
                let mut components = Vec::new();
                while let Some((_, values)) = map.next_entry::<String, Vec<f64>>()? {
                    components.push(values);
                }
                Ok(Components(components))
            }
        }
        from.deserialize_map(Reader)
    }
}

impl Batch {
    fn find(name: &Value) -> Self {
        #[derive(serde::Deserialize)]
        struct File {
            reward: Vec<Batch>,
        }
        let file: File = serde_json::from_str(&text("batches.json")).expect("reward batches");
        let mut batches = file.reward.into_iter();
        let batch = batches.find(|batch| *name == batch.name.as_str());
        batch.unwrap_or_else(|| panic!("no reward batch {name}"))
    }

    fn rewards(&self, weights: &[f64]) -> Vec<f64> {
        let pairs = || self.components.0.iter().zip(weights);
        let reward = |index: usize| pairs().map(|(values, weight)| values[index] * weight).sum();
        (0..self.lengths.len()).map(reward).collect()
    }

    fn slices(&self) -> Vec<&[f64]> {
        self.components.0.iter().map(Vec::as_slice).collect()
    }

    fn weights(&self, given: &Value) -> Vec<f64> {
        match given.is_null() {
            true => vec![1.0; self.components.0.len()],
            false => numbers(given),
        }
    }

    fn advantages(&self, spec: &AdvantageSpec, rewards: &[f64]) -> Vec<f64> {
        let groups = Groups {
            lengths: &self.lengths,
            ..Groups::of_rewards(rewards, self.group_size)
        };
        spec.advantages(&groups, &AdvantageState::default())
    }

    /// One value a token from one a completion.
    fn spread(&self, advantages: &[f64]) -> Vec<f64> {
        let pairs = advantages.iter().zip(&self.lengths);
        pairs
            .flat_map(|(value, length)| vec![*value; *length])
            .collect()
    }
}

fn compare(found: &[f64], expected: &[f64], case: &str) {
    assert_eq!(found.len(), expected.len(), "{case}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let distance = (found - expected).abs();
        assert!(
            distance <= TOLERANCE * expected.abs().max(1.0),
            "{case}[{index}]: {found} and not {expected}"
        );
    }
}

fn scale(name: &Value) -> Option<ScaleRewards> {
    (!name.is_null()).then(|| serde_json::from_value(name.clone()).expect("a scale"))
}

#[test]
fn equals_the_advantages_of_trl() {
    let file = golden("trl_advantage.json");
    let mut kinds = [0; 2];
    for case in cases(&file, "cases") {
        let (batch, setting) = (Batch::find(&case["batch"]), &case["setting"]);
        let known = [
            "scale_rewards",
            "reward_weights",
            "multi_objective_aggregation",
        ];
        for key in setting.as_object().expect("a setting").keys() {
            assert!(known.contains(&key.as_str()), "unknown setting {key}");
        }
        let weights = batch.weights(&setting["reward_weights"]);
        let found = if setting["multi_objective_aggregation"] == "normalize_then_sum" {
            kinds[0] += 1;
            decoupled(&batch.slices(), &weights, batch.group_size, 1e-4)
        } else {
            kinds[1] += 1;
            let spec = AdvantageSpec {
                scale_rewards: scale(&setting["scale_rewards"]),
                ..AdvantageSpec::default()
            };
            batch.advantages(&spec, &batch.rewards(&weights))
        };
        compare(
            &found,
            &numbers(&case["advantages"]),
            &format!("{} {setting}", case["batch"]),
        );
    }
    assert!(kinds.iter().all(|count| *count > 0), "{kinds:?}");
}

#[test]
fn equals_the_advantages_of_trl_rloo() {
    let (file, batches) = (golden("trl_advantage.json"), golden("batches.json"));
    for case in cases(&file, "rloo") {
        let batch = cases(&batches, "loss")
            .iter()
            .find(|batch| batch["name"] == case["batch"]);
        let batch = batch.unwrap_or_else(|| panic!("no loss batch {}", case["batch"]));
        // TRL takes the sum of the k1 penalty over the tokens out of the reward.
        let beta = case["setting"]["beta"].as_f64().expect("a coefficient");
        let (old, reference) = (numbers(&batch["old"]), numbers(&batch["reference"]));
        let mut k1 = old
            .iter()
            .zip(&reference)
            .map(|(old, reference)| old - reference);
        let pairs = numbers(&batch["rewards"])
            .into_iter()
            .zip(counts(&batch["lengths"]));
        let paid =
            pairs.map(|(reward, length)| reward - beta * k1.by_ref().take(length).sum::<f64>());
        let rewards: Vec<f64> = paid.collect();
        let size = batch["group_size"].as_u64().expect("a size") as usize;
        let spec = AdvantageSpec {
            estimator: Estimator::Rloo,
            normalize_advantages: case["setting"]["normalize_advantages"] == true,
            ..AdvantageSpec::default()
        };
        let groups = Groups::of_rewards(&rewards, size);
        let found = spec.advantages(&groups, &AdvantageState::default());
        compare(
            &found,
            &numbers(&case["advantages"]),
            &format!("rloo {}", case["setting"]),
        );
    }
}

/// The settings of verl's estimator.
fn verl_spec(name: &str, setting: &Value) -> AdvantageSpec {
    let (estimator, scaled) = match name {
        "grpo_vectorized" => ("grpo", true),
        "rloo_vectorized" => ("rloo", false),
        other => (other, matches!(other, "grpo" | "grpo_passk")),
    };
    let by_std = setting["norm_adv_by_std_in_grpo"] != false;
    let scale = if by_std {
        ScaleRewards::Group
    } else {
        ScaleRewards::None
    };
    AdvantageSpec {
        estimator: serde_json::from_value(estimator.into()).expect("a known estimator"),
        scale_rewards: scaled.then_some(scale),
        std_epsilon: 1e-6,
        ..AdvantageSpec::default()
    }
}

#[test]
fn equals_the_advantages_of_verl() {
    let file = golden("verl_advantage.json");
    let mut compared = std::collections::BTreeSet::new();
    for case in cases(&file, "cases") {
        let name = case["adv_estimator"].as_str().expect("a name");
        let (batch, setting) = (Batch::find(&case["batch"]), &case["setting"]);
        let label = format!("{name} {} {setting}", case["batch"]);
        let expected = numbers(&case["advantages"]);
        let rewards = batch.rewards(&vec![1.0; batch.components.0.len()]);
        let found = match name {
            "gdpo" => {
                let weights = batch.weights(&setting["gdpo_reward_weights"]);
                let (parts, size) = (batch.slices(), batch.group_size);
                batch.spread(&decoupled_by_token(
                    &parts,
                    &weights,
                    size,
                    1e-6,
                    &batch.lengths,
                ))
            }
            "reinforce_plus_plus" => {
                let gamma = setting["gamma"].as_f64().expect("a discount");
                if gamma == 1.0 {
                    let spec = verl_spec(name, setting);
                    assert!(spec.validate(2).is_empty(), "{label}");
                    let whole = batch.spread(&batch.advantages(&spec, &rewards));
                    compare(&whole, &expected, &label);
                }
                discounted_normalized(&rewards, &batch.lengths, gamma).concat()
            }
            _ => {
                let spec = verl_spec(name, setting);
                assert!(spec.validate(2).is_empty(), "{label}");
                let found = batch.advantages(&spec, &rewards);
                let alone = batch.group_size == 1;
                if alone && (name.starts_with("grpo") || name.starts_with("rloo")) {
                    assert!(found.iter().all(|advantage| *advantage == 0.0), "{label}");
                    continue;
                }
                batch.spread(&found)
            }
        };
        compare(&found, &expected, &label);
        compared.insert(name.to_owned());
    }
    let names = "gdpo gpg grpo grpo_passk grpo_vectorized opo reinforce_plus_plus \
                 reinforce_plus_plus_baseline rloo rloo_vectorized";
    let compared: Vec<String> = compared.into_iter().collect();
    assert_eq!(compared.join(" "), names);
}

#[test]
fn equals_the_overlong_rewards_of_verl() {
    let file = golden("verl_advantage.json");
    for case in cases(&file, "overlong") {
        let limits = &case["limits"];
        let count = |key: &str| limits[key].as_u64().expect("a count") as usize;
        let soft = SoftOverlong {
            max_completion_len: count("max_resp_len"),
            soft_punish_cache: count("overlong_buffer_len"),
            penalty_factor: limits["penalty_factor"].as_f64().expect("a factor"),
        };
        let lengths = counts(&case["lengths"]);
        let found: Vec<f64> = lengths
            .iter()
            .map(|tokens| 1.0 + soft.punishment(*tokens))
            .collect();
        compare(
            &found,
            &numbers(&case["rewards"]),
            &format!("overlong {limits}"),
        );
    }
}
