//! Replies as servers send them, and as they should not.

use std::io;
use std::path::Path;

use crate::{dictionary, seeds};

const REPLIES: &[&str] = &[
    // vLLM, a list of completions out of order.
    r#"{"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "choices": [{"index": 1, "text": " b = 2. </solution>", "logprobs": null, "finish_reason": "stop", "stop_reason": "</solution>", "prompt_logprobs": null}, {"index": 0, "text": " \u00e9\ud83d\ude00", "logprobs": {"token_logprobs": [-0.5, null], "tokens": ["a"]}, "finish_reason": "length", "stop_reason": null}], "usage": {"prompt_tokens": 11, "total_tokens": 30, "completion_tokens": 19, "prompt_tokens_details": null}}"#,
    // SGLang.
    r#"{"id": "1", "choices": [{"index": 0, "text": "x", "finish_reason": "stop", "matched_stop": 151643}], "usage": {"prompt_tokens": 1}, "metadata": {"weight_version": "default"}}"#,
    // Chat.
    r#"{"choices": [{"index": 0, "message": {"role": "assistant", "content": "4", "refusal": null, "tool_calls": []}, "finish_reason": "eos_token"}, {"index": 0, "message": {"content": "5"}, "finish_reason": "content_filter"}], "usage": null}"#,
    // llama.cpp.
    "\u{feff}{\"choices\":[{\"text\":\"3 + 4 = 7\",\"index\":0,\"logprobs\":null,\"finish_reason\":\"length\"}],\"timings\":{\"prompt_n\":1e3}}\n",
    r#"{"choices": [{"text": null}, {"message": {"content": [{"type": "text", "text": "7"}]}}]}"#,
    r#"{"choices": []}"#,
    r#"{"error": {"message": "overloaded", "type": "server_error", "code": "503"}}"#,
    r#"{"error": "no", "choices": [{"text": "a"}]}"#,
    r#"{"object": "error", "message": "bad n", "code": 400, "detail": [{"loc": ["body", "n"]}]}"#,
    "<!DOCTYPE html><html><h1>502 Bad\n gateway</h1></html>",
    "data: {\"choices\": []}\n\ndata: [DONE]\n",
    r#"{"model": "m", "models": ["m"], "choices": 8, "same_choices": false, "token_ids": true, "seed": true, "seed_repeats": null, "varies": true, "logprobs": true, "reports_stop": true, "sent": {"top_k": -1, "min_p": 0.0}, "refused": {"top_k": "unknown"}, "requests": 9}"#,
    r#"{"url": "http://localhost:8000/v1", "model": null, "check_model": true, "api": "chat", "temperature": 0.7, "max_tokens": 512, "stop": ["</answer>"], "assume_stop_string": true, "extra": {"top_k": 20, "stop": null, "n": 2}}"#,
    r#"{"url": "https://me:secret@[::1]:80/x?y#z", "api": "completions", "api_key_env": "A=B"}"#,
];

const WORDS: &[&str] = &[
    "\"choices\":", "\"index\":", "\"text\":", "\"message\":", "\"content\":", "\"finish_reason\":",
    "\"stop_reason\":", "\"matched_stop\":", "\"logprobs\":", "\"usage\":", "\"prompt_tokens\":",
    "\"error\":", "\"code\":", "\"detail\":", "\"stop\"", "\"length\"", "\"eos_token\"", "null", "true",
    "false", "{}", "[]", "{\"", "\"}", "}, {", "1e999", "-1", "18446744073709551615",
    "9223372036854775808", "\\ud83d\\ude00", "\\ud83d", "\\u0000", "\u{feff}", "<", "[[[[[[[[[[",
    "\"url\":", "\"api\":", "\"chat\"", "\"completions\"", "\"extra\":", "\"sent\":", "\"refused\":",
    "http://", "https://",
];

/// Writes the seeds and the dictionary of the target `reply`.
pub fn write(folder: &Path) -> io::Result<()> {
    let numbered = REPLIES.iter().enumerate();
    let files: Vec<Vec<u8>> = numbered
        .map(|(number, reply)| {
            let mut seed = vec![number as u8];
            seed.extend(reply.as_bytes());
            seed
        })
        .collect();
    seeds(folder, "reply", &files)?;
    dictionary(folder, &["reply"], WORDS)
}
