//! Evaluations and records that are read from files: older ones are taken, impossible ones are not.

use interplay_eval::{EvalSettings, Evaluation, GenerationRecord, ItemScore};

#[test]
fn records_of_earlier_versions_can_be_read() {
    let line = r#"{"id":3,"op":2,"sample":0,"completion":"x","accepted":true,"answer_correct":true,"process_accuracy":1.0}"#;
    let record: GenerationRecord = serde_json::from_str(line).unwrap();
    assert_eq!((record.stopped, record.temperature), (None, None));
}

#[test]
fn a_file_with_impossible_counts_is_refused() {
    let settings = EvalSettings {
        completions: 4,
        ks: vec![1, 4],
        ..EvalSettings::default()
    };
    let item = |id| ItemScore {
        id,
        verified: 1,
        answers: 2,
        wrong_answers: vec![1, 1],
        ..ItemScore::default()
    };
    let whole = Evaluation::from_scores(&settings, "strict", vec![item(7), item(8)]).unwrap();
    let whole = serde_json::to_value(whole).unwrap();
    serde_json::from_value::<Evaluation>(whole.clone()).unwrap();
    let error = |pointer: &str, value: serde_json::Value| {
        let mut broken = whole.clone();
        *broken.pointer_mut(pointer).unwrap() = value;
        let found = serde_json::from_value::<Evaluation>(broken);
        found.unwrap_err().to_string()
    };
    for (pointer, value, parts) in [
        (
            "/items/1/verified",
            9.into(),
            "`verified` = 9 at problem 1, id 8; expected at most",
        ),
        (
            "/items/0/answers",
            5.into(),
            "`answers` = 5 at problem 0, id 7",
        ),
        (
            "/items/0/wrong_answers/1",
            2.into(),
            "`answers + wrong_answers` = 5 at problem 0",
        ),
        (
            "/items/0/wrong_answers/1",
            u32::MAX.into(),
            "`answers + wrong_answers` = 42949672",
        ),
        ("/items", serde_json::json!([]), "no problems"),
        ("/ks", serde_json::json!([1, 8]), "`ks` is [1, 8]"),
        ("/ks", serde_json::json!([]), "`ks` is []"),
        ("/completions", 0.into(), "`completions` is 0"),
    ] {
        let message = error(pointer, value);
        assert!(message.contains(parts), "{pointer}: {message}");
    }
    let mut cut_off = whole.clone();
    cut_off["items"][0]["truncated"] = 5.into();
    let message = serde_json::from_value::<Evaluation>(cut_off)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("`truncated` = 5 at problem 0"),
        "{message}"
    );
    let mut unknown = whole;
    unknown["more"] = 1.into();
    assert!(serde_json::from_value::<Evaluation>(unknown).is_err());
}
