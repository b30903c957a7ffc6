//! Any text as a gold solution and, if it gives gold, as its own candidate.
#![no_main]

use interplay_fuzz::check;
use interplay_verify::Gold;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(gold) = Gold::from_solution(text) {
        let (_, paper) = check(&gold, text);
        // Gold has complete steps and one answer, so at least the answer is right.
        assert!(paper.answer_correct);
    }
});
