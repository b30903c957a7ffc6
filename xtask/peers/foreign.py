#!/usr/bin/env python3
"""Starts an experiment from a folder of Qwen2 with a tokenizer of its own, as `transformers` makes both.

A tokenizer in Qwen2's form is trained on GSM8K, a small model of random weights is stored beside it, and then:
every question and solution of GSM8K and prompts of every embedded context must have the same tokens here and in
`AutoTokenizer`; logits must agree to 1e-4 and greedy completions must be the same; an experiment over GSM8K must run
its mid-training, calibration and GRPO from the folder; and what it saves must pass the same comparison.

Needs `pip install torch transformers jinja2`, and GSM8K as `train.jsonl.gz` and `test.jsonl.gz`. From the root of the
repository:
    python xtask/peers/foreign.py --gsm8k ../shared/gsm8k
"""

import argparse
import gzip
import json
import subprocess
import tempfile
from pathlib import Path

import torch
import transformers
from transformers import AddedToken, AutoModelForCausalLM, AutoTokenizer, Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

from folders import CONTEXTS, check_texts, check_tokens, run

EXPERIMENT = """
name = "foreign"
seed = 3
init = "{folder}"
[bands]
id = [1, 2]
edge = [3, 4]
hard = [5, 8]
[model]
context_tokens = 1024
[evaluate]
problems_per_op = 1
completions = 2
ks = [1, 2]
temperatures = [0, 1.0]
max_new_tokens = 64
data = {{ kind = "gsm8k", train = "{gsm8k}/train.jsonl.gz", test = "{gsm8k}/test.jsonl.gz" }}
[[stage]]
kind = "midtrain"
name = "midtrain"
data = {{ kind = "gsm8k", train = "{gsm8k}/train.jsonl.gz", test = "{gsm8k}/test.jsonl.gz" }}
[stage.training]
budget_tokens = 400_000
rows = 4
row_tokens = 1024
optimizer = {{ learning_rate = {{ peak = 3e-3 }} }}
[[stage]]
kind = "calibrate"
name = "edge"
edge = {{ ops = "1-4", problems_per_op = 2, completions = 2, pass_at_1_below = 0.9, pass_at_k_above = 0.0 }}
[[stage]]
kind = "grpo"
name = "grpo"
from = "midtrain"
data = {{ kind = "gsm8k", train = "{gsm8k}/train.jsonl.gz", test = "{gsm8k}/test.jsonl.gz" }}
[stage.training]
steps = 2
prompts = 4
group_size = 4
rows = 4
row_tokens = 1024
max_new_tokens = 64
kl_coefficient = 0.02
reward = {{ kind = "process" }}
optimizer = {{ learning_rate = {{ peak = 1e-4 }} }}
"""


def gsm8k(folder, part):
    with gzip.open(folder / f"{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            problem = json.loads(line)
            yield problem["question"]
            yield problem["answer"]


def make(folder, texts):
    """Stores a model of random weights with a tokenizer in the form of Qwen2.5."""
    tokenizer = Qwen2Tokenizer().train_new_from_iterator(texts, vocab_size=3000, show_progress=False)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    tools = ["<tool_call>", "</tool_call>"]
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in tools])
    tokenizer.save_pretrained(folder)
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    torch.manual_seed(1)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            # Published vocabularies are padded beyond their tokenizers.
            vocab_size=len(tokenizer) + 37, hidden_size=64, intermediate_size=160, num_hidden_layers=3,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=32768, tie_word_embeddings=True,
            bos_token_id=end, eos_token_id=end, pad_token_id=end, rope_parameters={"rope_type": "default", "rope_theta": 1e6},
            initializer_range=0.08,
        )
    )
    for layer in model.model.layers:
        for projection in (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj):
            torch.nn.init.normal_(projection.bias, std=0.2)
    model.save_pretrained(folder)


def check_corpus(arguments, tokenizer):
    """Whether every text of GSM8K has the same tokens; gives the number of failures."""
    texts = [text for part in ("train", "test") for text in gsm8k(arguments.gsm8k, part)]
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    ours = [json.loads(line) for line in run(arguments.encode, arguments.folder, given=lines).splitlines()]
    theirs = tokenizer(texts)["input_ids"]
    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    print(f"GSM8K: {same} of {len(texts)} questions and solutions have the same tokens")
    return len(texts) - same


def check_folder(arguments, scratch):
    """Compares a folder as it stands; gives the number of failures."""
    tokenizer = AutoTokenizer.from_pretrained(arguments.folder)
    model = AutoModelForCausalLM.from_pretrained(arguments.folder, dtype=torch.float32).eval()
    print(f"{arguments.folder.name}: loaded as {type(tokenizer).__name__} and {type(model).__name__}")
    with torch.inference_mode():
        failures = check_corpus(arguments, tokenizer) + check_tokens(arguments, scratch, tokenizer)
        return failures + check_texts(arguments, scratch, tokenizer, model)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--gsm8k", type=Path, required=True)
    parser.add_argument("--context", default="zoo", choices=CONTEXTS)
    parser.add_argument("--dialect", default="prose")
    parser.add_argument("--op", default="2-4")
    parser.add_argument("--texts", type=int, default=250, help="prompts of each kind whose tokens are compared")
    parser.add_argument("--count", type=int, default=32, help="prompts that are completed")
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--interplay", default="cargo run -q -p interplay --")
    parser.add_argument("--read", default="cargo run -q -p interplay-model --example conformance --")
    parser.add_argument("--encode", default="cargo run -q -p interplay-tokenizer --example encode_lines --")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        base, out = scratch / "base", scratch / "run"
        make(base, gsm8k(arguments.gsm8k, "train"))
        arguments.folder = base
        failures = check_folder(arguments, scratch)
        experiment = scratch / "foreign.toml"
        experiment.write_text(EXPERIMENT.format(folder=base, gsm8k=arguments.gsm8k.resolve()))
        subprocess.run([*arguments.interplay.split(), "run", "--config", experiment, "--out", out], check=True)
        for stage in ("init", "grpo"):
            arguments.folder = out / stage / "model"
            failures += check_folder(arguments, scratch)
    print("everything agrees" if failures == 0 else f"{failures} failures")
    raise SystemExit(failures != 0)


if __name__ == "__main__":
    main()
