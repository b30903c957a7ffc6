//! Any bytes as the reply of a server, read for both APIs.
#![no_main]

use interplay_endpoint::{Api, Findings, EndpointSpec, StopReport, parse_reply};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // The first byte chooses how many completions were asked for, the rest is the body.
    let Some((asked, body)) = data.split_first() else {
        return;
    };
    let asked = usize::from(*asked) % 65;
    for api in [Api::Completions, Api::Chat] {
        let first = parse_reply(body, api, asked);
        assert_eq!(first, parse_reply(body, api, asked), "the same bytes read the same");
        match first {
            Ok(reply) => {
                assert!(!reply.choices.is_empty());
                assert!(reply.choices.len() <= asked.max(1));
                assert!(reply.received >= reply.choices.len());
                let stop = |stop: &StopReport| match stop {
                    StopReport::Matched(text) => text.len(),
                    _ => 0,
                };
                let texts = reply.choices.iter().map(|choice| choice.text.len() + stop(&choice.stop));
                assert!(texts.sum::<usize>() <= body.len(), "a text has no more bytes than its JSON");
            }
            Err(error) => {
                let message = error.to_string();
                assert!(message.len() <= 8_192, "a message is short");
                assert!(!message.chars().any(char::is_control), "a message is a single line");
                let _ = error.is_transient();
            }
        }
    }
    // What is read from files: it reads what it writes.
    if let Ok(findings) = serde_json::from_slice::<Findings>(body) {
        let written = serde_json::to_vec(&findings).expect("findings are written");
        let again: Findings = serde_json::from_slice(&written).expect("findings are read again");
        assert_eq!(findings, again);
    }
    if let Ok(spec) = serde_json::from_slice::<EndpointSpec>(body) {
        let issues = spec.validate();
        let _ = issues.to_string();
        let written = serde_json::to_vec(&spec).expect("settings are written");
        let again: EndpointSpec = serde_json::from_slice(&written).expect("settings are read again");
        assert_eq!(spec, again);
    }
});
