//! Settings as a person writes them, and what is refused.

use interplay_objectives::advantage::{
    AdvantageSpec, Boundary, Estimator, Gate, Likelihood, OnFailure, PassAtK, ScaleRewards,
    Unlikeliness, ZeroSuccess,
};
use interplay_objectives::credit::{CreditSpec, NodeCredit};
use interplay_objectives::overlong::SoftOverlong;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Objective {
    #[serde(default)]
    advantage: AdvantageSpec,
    #[serde(default)]
    credit: CreditSpec,
    overlong: Option<SoftOverlong>,
}

fn read(text: &str) -> Objective {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    toml::from_str::<Objective>(text).unwrap_err().to_string()
}

#[test]
fn nothing_written_is_grpo_as_published() {
    let objective = read("");
    assert_eq!(objective.advantage, AdvantageSpec::default());
    assert_eq!(objective.advantage.estimator, Estimator::Grpo);
    assert_eq!(objective.credit, CreditSpec::Completion);
    assert!(objective.advantage.validate(6).is_empty());
}

#[test]
fn everything_can_be_written() {
    let objective = read(
        "
        [advantage]
        estimator = { pass_at_k = { k = 4, until = 0.5 } }
        gate = { boundary = { k = 64 } }
        positive_weight = 0.2

        [credit.node]
        node_weight = 0.5
        scale = false

        [overlong]
        max_completion_len = 512
        soft_punish_cache = 128
        ",
    );
    let advantage = &objective.advantage;
    assert_eq!(
        advantage.estimator,
        Estimator::PassAtK(PassAtK { k: 4, until: 0.5 })
    );
    let boundary = Boundary {
        k: 64,
        ..Boundary::default()
    };
    assert_eq!(advantage.gate, Some(Gate::Boundary(boundary)));
    assert!(advantage.validate(8).is_empty() && advantage.needs_binary_rewards());
    let node = NodeCredit {
        node_weight: 0.5,
        scale: false,
        ..NodeCredit::default()
    };
    assert_eq!(objective.credit, CreditSpec::Node(node));
    assert_eq!(objective.overlong.unwrap().penalty_factor, 1.0);
}

#[test]
fn a_name_alone_stands_for_the_default_settings() {
    let objective = read("credit = 'node'\n[advantage]\nestimator = 'rloo'\ngate = 'zero_success'");
    assert_eq!(objective.credit, CreditSpec::Node(NodeCredit::default()));
    assert_eq!(objective.advantage.estimator, Estimator::Rloo);
    let gate = Gate::ZeroSuccess(ZeroSuccess {
        on_failure: OnFailure::Signed,
    });
    assert_eq!(objective.advantage.gate, Some(gate));
    assert_eq!(
        read("credit = 'first_error'").credit,
        CreditSpec::FirstError
    );
    let unlikely = read("[advantage.unlikeliness]\nlikelihood = 'sequence'")
        .advantage
        .unlikeliness;
    let expected = Unlikeliness {
        beta_rank: 0.25,
        likelihood: Likelihood::Sequence,
    };
    assert_eq!(unlikely, Some(expected));
}

#[test]
fn what_is_written_is_read_back() {
    for text in [
        "",
        "credit = 'process'\n[advantage]\nestimator = 'grpo_passk'\nscale_rewards = 'none'",
        "credit = { potential = { gamma = 0.9 } }\n[advantage]\ngate = { boundary = {} }",
        "[advantage]\nscale_rewards = 'none'\n[advantage.fade]\ntarget_entropy_nats = 0.5",
        "[advantage]\nestimator = { pass_at_k = { k = 2 } }\nfocal_gamma = 0.5",
    ] {
        let objective = read(text);
        assert_eq!(
            read(&toml::to_string(&objective).unwrap()),
            objective,
            "{text}"
        );
        let json = serde_json::to_string(&objective).unwrap();
        assert_eq!(
            serde_json::from_str::<Objective>(&json).unwrap(),
            objective,
            "{json}"
        );
    }
}

#[test]
fn unknown_names_and_keys_are_refused_with_what_there_is() {
    let unknown = refused("[advantage]\nestimator = 'gae'");
    assert!(
        unknown.contains("gae") && unknown.contains("reinforce_plus_plus"),
        "{unknown}"
    );
    assert!(refused("[advantage]\nfocal = 1.0").contains("focal_gamma"));
    assert!(refused("credit = 'steps'").contains("first_error"));
    assert!(refused("credit = { node = { wait = 1.0 } }").contains("node_weight"));
    assert!(refused("[advantage]\nestimator = 'pass_at_k'").contains("missing field `k`"));
    assert!(refused("[advantage]\nestimator = { rloo = {} }").contains("no settings"));
    assert!(refused("[advantage]\nestimator = {}").contains("empty table"));
    let two = refused("credit = { node = {}, process = {} }");
    assert!(two.contains("second entry"), "{two}");
    assert!(refused("credit = 3").contains("expected `completion`"));
}

fn issues(spec: &AdvantageSpec, group_size: usize) -> Vec<String> {
    let issues = spec.validate(group_size).0;
    issues.into_iter().map(|issue| issue.key).collect()
}

#[test]
fn every_problem_is_reported_at_once() {
    let spec = read(
        "
        [advantage]
        estimator = { pass_at_k = { k = 9, until = 0.0 } }
        scale_rewards = 'batch'
        normalize_advantages = true
        focal_gamma = -1.0
        negative_weight = nan
        gate = { boundary = { k = 0, threshold = 2.0 } }
        unlikeliness = { beta_rank = 1.5 }
        fade = { alpha_max = 0.5, delta_min = 0.0, ema = 0.0, target_entropy_nats = -1.0 }
        ",
    );
    let expected = [
        "focal_gamma",
        "negative_weight",
        "estimator.pass_at_k.k",
        "estimator.pass_at_k.until",
        "unlikeliness.beta_rank",
        "gate.boundary.k",
        "gate.boundary.threshold",
        "fade.alpha_max",
        "fade.delta_min",
        "fade.ema",
        "fade.target_entropy_nats",
        "scale_rewards",
        "normalize_advantages",
        "unlikeliness",
        "focal_gamma",
        "fade",
    ];
    assert_eq!(issues(&spec.advantage, 8), expected);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let fade = read("[advantage.fade]").advantage;
    assert_eq!(issues(&fade, 4), ["fade"]);
    let unscaled = AdvantageSpec {
        scale_rewards: Some(ScaleRewards::None),
        ..fade
    };
    assert!(issues(&unscaled, 4).is_empty());
    let nothing = AdvantageSpec {
        positive_weight: 0.0,
        negative_weight: 0.0,
        ..AdvantageSpec::default()
    };
    assert_eq!(issues(&nothing, 4), ["positive_weight"]);
}

#[test]
fn credit_settings_are_checked() {
    let wrong = read("credit = { potential = { gamma = 1.5, weight = -1.0 } }").credit;
    let keys: Vec<String> = wrong
        .validate()
        .0
        .into_iter()
        .map(|issue| issue.key)
        .collect();
    assert_eq!(keys, ["potential.gamma", "potential.weight"]);
    assert!(!CreditSpec::Completion.reads_steps() && CreditSpec::FirstError.reads_steps());
}
