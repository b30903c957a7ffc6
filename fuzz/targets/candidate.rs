//! Any text as a candidate for one of a fixed set of problems, at both levels.
#![no_main]

use std::sync::OnceLock;

use interplay_fuzz::{check, subjects};
use interplay_audit::{Opinion, Subject, opinion};
use libfuzzer_sys::fuzz_target;

static SUBJECTS: OnceLock<Vec<Subject>> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    // The first byte chooses the problem, the rest is the candidate.
    let Some((choice, text)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let subjects = SUBJECTS.get_or_init(subjects);
    let subject = &subjects[usize::from(*choice) % subjects.len()];
    let (strict, _) = check(subject.gold(), text);
    if strict.accepted {
        // The audit's oracle reads fewer texts than the verifier, but judges them independently.
        let seen = opinion(subject, text);
        assert!(!matches!(seen, Opinion::False(_)), "accepted, but {seen:?}");
    }
});
