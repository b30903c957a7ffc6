#!/usr/bin/env python3
"""Compares a model folder of this project as `transformers` loads it with the project itself.

`AutoTokenizer` and `AutoModelForCausalLM` open the folder as it is. Prompts of every embedded context, in both
dialects and both directions, must have the same tokens; prompts in the words that the model knows must have the
same logits to 1e-4, and greedy completions must be the same text, with the tags although special tokens are
skipped. The card of the model must be one of the Hub. Where a completion differs, the gap between the two best
logits tells a tie from an error.

Needs `pip install torch transformers jinja2` and a folder such as runs/staged/grpo/model. From the root of the
repository:
    python xtask/peers/folders.py runs/staged/grpo/model --context zoo --dialect terse --op 2-8
"""

import argparse
import itertools
import json
import subprocess
import tempfile
from pathlib import Path

import torch
import transformers
from huggingface_hub import ModelCard
from transformers import AutoModelForCausalLM, AutoTokenizer

TOLERANCE = 1e-4
CONTEXTS = ["zoo", "school", "festival", "garden", "harbor"]


def run(command, *words, given=None):
    words = [*command.split(), *map(str, words)]
    return subprocess.run(words, check=True, input=given, text=True, stdout=subprocess.PIPE).stdout


def prompts(arguments, scratch, context, dialect, mode, op, count):
    """Prompts of generated problems."""
    path = scratch / "problems.jsonl"
    path.unlink(missing_ok=True)
    run(
        arguments.interplay, "generate", "--context", context, "--dialect", dialect, "--mode", mode, "--op", op,
        "--n", count, "--seed", arguments.seed, "--output", path,
    )
    samples = [json.loads(line) for line in path.read_text().splitlines()]
    return [f"<question> {one['problem']} {one['question']} </question> <solution>" for one in samples]


def check_tokens(arguments, scratch, tokenizer):
    """Whether all prompts have the same tokens; gives the number of failures."""
    failures = 0
    for context, dialect, mode in itertools.product(CONTEXTS, ["terse", "prose"], ["forward", "reverse"]):
        texts = prompts(arguments, scratch, context, dialect, mode, "2-8", arguments.texts)
        lines = "".join(json.dumps(text) + "\n" for text in texts)
        ours = [json.loads(line) for line in run(arguments.encode, arguments.folder, given=lines).splitlines()]
        theirs = tokenizer(texts)["input_ids"]
        same = sum(a == b for a, b in zip(ours, theirs, strict=True))
        print(f"{context}, {dialect}, {mode}: {same} of {len(texts)} prompts have the same tokens")
        failures += len(texts) - same
    return failures


def check_chat(tokenizer):
    """Whether the chat template frames a question as the project does; gives the number of failures."""
    question = "fox = 3. elk = fox + 2. elk?"
    chat = tokenizer.apply_chat_template([{"role": "user", "content": question}], add_generation_prompt=True)
    chat = chat if isinstance(chat, list) else chat["input_ids"]
    same = chat == tokenizer(f"<question> {question} </question> <solution>")["input_ids"]
    print(f"chat template: {'the same tokens' if same else 'other tokens'}")
    return int(not same)


def check_card(arguments):
    """Whether the card of the model is one of the Hub, with results; gives the number of failures."""
    card = ModelCard.load(arguments.folder / "README.md")
    results = [f"{one.metric_name} {one.metric_value}" for one in card.data.eval_results or []]
    print(f"model card: {card.data.pipeline_tag}, {results}")
    return int(not results)


def check_texts(arguments, scratch, tokenizer, model):
    """Whether logits and greedy completions are the same; gives the number of failures."""
    texts = prompts(arguments, scratch, arguments.context, arguments.dialect, "forward", arguments.op, arguments.count)
    ids = [tokenizer(text)["input_ids"] for text in texts]
    new_tokens = arguments.new_tokens
    lines = [dict(tokens=tokens, new_tokens=new_tokens, logits=False) for tokens in ids]
    lines += [dict(tokens=tokens, new_tokens=0, logits=True) for tokens in ids[:8]]
    asked, answered = scratch / "asked.jsonl", scratch / "answered.jsonl"
    asked.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run(arguments.read, "read", arguments.folder, asked, answered)
    answers = [json.loads(line) for line in answered.read_text().splitlines()]
    furthest = 0.0
    for tokens, answer in zip(ids[:8], answers[len(ids):], strict=True):
        logits = model(torch.tensor([tokens])).logits[0]
        ours = torch.tensor(answer["logits"]).reshape(logits.shape)
        furthest = max(furthest, (ours - logits).abs().max().item())
    vocabulary = tokenizer.get_vocab()
    tags = {vocabulary[tag]: tag for tag in ["</solution>", "<answer>", "</answer>"] if tag in vocabulary}
    same, ties, tagged, lost = 0, 0, 0, 0
    for text, tokens, answer in zip(texts, ids, answers):
        row = torch.tensor([tokens])
        out = model.generate(
            row, attention_mask=torch.ones_like(row), do_sample=False, temperature=None, top_p=None, top_k=None,
            max_new_tokens=new_tokens, output_logits=True, return_dict_in_generate=True,
        )
        theirs = out.sequences[0, len(tokens):].tolist()
        completion = tokenizer.decode(theirs, skip_special_tokens=True)
        written = [tags[token] for token in theirs if token in tags]
        tagged += bool(written)
        lost += any(tag not in completion for tag in written)
        if theirs == answer["tokens"]:
            same += 1
            continue
        pairs = zip(theirs, answer["tokens"])
        at = next((i for i, (a, b) in enumerate(pairs) if a != b), len(theirs) - 1)
        best = out.logits[at][0].topk(2).values
        ties += (best[0] - best[1]).item() <= 2 * TOLERANCE
    print(
        f"logits of 8 prompts differ by at most {furthest:.1e}; {same} of {len(ids)} greedy completions the same, "
        f"{ties} others are ties; of {tagged} with tags {lost} lose one"
    )
    return int(furthest > TOLERANCE) + len(ids) - same - ties + lost


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--context", default="zoo")
    parser.add_argument("--dialect", default="terse")
    parser.add_argument("--op", default="2-8")
    parser.add_argument("--texts", type=int, default=250, help="prompts of each kind whose tokens are compared")
    parser.add_argument("--count", type=int, default=64, help="prompts that are completed")
    parser.add_argument("--new-tokens", type=int, default=128)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--interplay", default="cargo run -q -p interplay --")
    parser.add_argument("--read", default="cargo run -q -p interplay-model --example conformance --")
    parser.add_argument("--encode", default="cargo run -q -p interplay-tokenizer --example encode_lines --")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, {arguments.folder}")
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(arguments.folder)
    model = AutoModelForCausalLM.from_pretrained(arguments.folder, dtype=torch.float32).eval()
    print(f"loaded as {type(tokenizer).__name__} and {type(model).__name__}")
    with tempfile.TemporaryDirectory() as scratch, torch.inference_mode():
        scratch = Path(scratch)
        failures = check_tokens(arguments, scratch, tokenizer) + check_chat(tokenizer)
        failures += check_card(arguments)
        failures += check_texts(arguments, scratch, tokenizer, model)
    print("everything agrees" if failures == 0 else f"{failures} failures")
    raise SystemExit(failures != 0)


if __name__ == "__main__":
    main()
