#!/usr/bin/env python3
"""Compares this project's decoder with `transformers` on the same folders, in both directions.

Folders of Qwen2 and Llama written by `transformers` (tied and untied, few key and value heads, f32 and bf16,
one file and shards, Llama without biases and with those of Qwen2) are read by the Rust example `conformance`:
logits must agree to 1e-4 and greedy continuations of all prompts must be the same. Each is then written again
by this project, in f32, bf16 and shards, and read by `transformers`: no key may be missing or unexpected, no
warning may be given, and the logits must agree again.

The models are random, with weights large enough for clear preferences. Where a continuation differs, the
gap between the two best logits at that position tells a tie from an error.

Needs `pip install torch transformers`. From the root of the repository:
    python xtask/peers/conformance.py
"""

import argparse
import copy
import io
import json
import logging
import subprocess
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

TOLERANCE = 1e-4
VOCABULARY = 320
END = 3
# Few lengths, since prompts of one length are continued together, without padding.
LENGTHS = [1, 2, 3, 5, 8, 13, 21, 30, 40, 48]
PROBES = [1, 17, 64, 300, 2048]

MODELS = {
    "tied, f32, one file, 8/2 heads": dict(tied=True, dtype=torch.float32, kv_heads=2, shard="1GB"),
    "untied, f32, shards, 8/2 heads": dict(tied=False, dtype=torch.float32, kv_heads=2, shard="700KB"),
    "tied, bf16, shards, 8/1 heads": dict(tied=True, dtype=torch.bfloat16, kv_heads=1, shard="400KB"),
    "untied, bf16, one file, 8/8 heads": dict(tied=False, dtype=torch.bfloat16, kv_heads=8, shard="1GB"),
    "Llama without biases, tied, f32, shards, 8/2 heads": dict(
        tied=True, dtype=torch.float32, kv_heads=2, shard="400KB", llama=dict(attention_bias=False)
    ),
    "Llama with biases, untied, bf16, one file, 8/2 heads": dict(
        tied=False, dtype=torch.bfloat16, kv_heads=2, shard="1GB", llama=dict(attention_bias=True)
    ),
}
COPIES = {"f32, one file": ["f32"], "f32, shards": ["f32", "500000"], "bf16, shards": ["bf16", "300000"]}


def make(folder, generator, tied, dtype, kv_heads, shard, llama=None):
    """A random model, biases and norms included, as `transformers` writes it."""
    config = (Qwen2Config if llama is None else LlamaConfig)(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=344,
        num_hidden_layers=4,
        num_attention_heads=8,
        num_key_value_heads=kv_heads,
        max_position_embeddings=2048,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        tie_word_embeddings=tied,
        bos_token_id=2,
        eos_token_id=END,
        pad_token_id=1,
        **(llama or {}),
    )
    model = (Qwen2ForCausalLM if llama is None else LlamaForCausalLM)(config)
    with torch.no_grad():
        for name, param in model.named_parameters():
            around = 1.0 if name.endswith("norm.weight") else 0.0
            deviation = 0.25 if "embed" in name or "lm_head" in name else 0.1
            param.copy_(around + deviation * torch.randn(param.shape, generator=generator))
            if name.endswith("o_proj.bias"):
                # Qwen2, and so this project, has none.
                param.zero_()
    model.to(dtype).save_pretrained(folder, max_shard_size=shard)


def load(folder):
    """A model in single precision, and everything that was said while it was read."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logger = logging.getLogger("transformers")
    logger.addHandler(handler)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model, report = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True
        )
    logger.removeHandler(handler)
    words = [said.getvalue().strip(), *(str(warning.message) for warning in caught)]
    words += [f"{key}: {value}" for key, value in report.items() if value]
    return model.eval(), [word for word in words if word]


def draw_prompts(generator, count, new_tokens):
    """Prompts to continue, then the probes whose logits are compared."""
    def tokens(length):
        return torch.randint(4, VOCABULARY, (length,), generator=generator).tolist()

    lengths = [LENGTHS[place % len(LENGTHS)] for place in range(count)]
    lines = [dict(tokens=tokens(n), new_tokens=new_tokens, logits=False) for n in lengths]
    return lines + [dict(tokens=tokens(n), new_tokens=0, logits=True) for n in PROBES]


def expected_answers(model, prompts):
    """Continuations by `generate`, their closest calls, and the logits of the probes."""
    continuations, margins, logits = [None] * len(prompts), [None] * len(prompts), {}
    groups = {}
    for place, prompt in enumerate(prompts):
        if prompt["new_tokens"]:
            groups.setdefault((len(prompt["tokens"]), prompt["new_tokens"]), []).append(place)
        else:
            logits[place] = model(torch.tensor([prompt["tokens"]])).logits[0]
    for (length, new_tokens), places in groups.items():
        rows = torch.tensor([prompts[place]["tokens"] for place in places])
        out = model.generate(
            rows,
            attention_mask=torch.ones_like(rows),
            do_sample=False,
            max_new_tokens=new_tokens,
            output_logits=True,
            return_dict_in_generate=True,
        )
        best = torch.stack(out.logits, dim=1).topk(2).values
        for row, place in enumerate(places):
            tokens = out.sequences[row, length:].tolist()
            if END in tokens:
                tokens = tokens[: tokens.index(END) + 1]
            continuations[place] = tokens
            margins[place] = (best[row, : len(tokens), 0] - best[row, : len(tokens), 1]).tolist()
    return continuations, margins, logits


class Project:
    """The Rust side."""

    def __init__(self, command):
        self.command = command.split()

    def run(self, *words):
        subprocess.run([*self.command, *map(str, words)], check=True)

    def answers(self, folder, prompts, scratch):
        lines, out = scratch / "prompts.jsonl", scratch / "answers.jsonl"
        lines.write_text("".join(json.dumps(prompt) + "\n" for prompt in prompts))
        self.run("read", folder, lines, out)
        return [json.loads(line) for line in out.read_text().splitlines()]


def compare(name, prompts, expected, answers):
    """Prints one line of figures, and gives the number of failures."""
    continuations, margins, logits = expected
    differs, ties, ends, furthest = [], 0, 0, 0.0
    for place, (want, got) in enumerate(zip(continuations, answers)):
        if want is None:
            ours = torch.tensor(got["logits"]).reshape(-1, VOCABULARY)
            furthest = max(furthest, (ours - logits[place]).abs().max().item())
            continue
        ends += want[-1] == END
        if want != got["tokens"]:
            pairs = zip(want, got["tokens"])
            at = next((i for i, (a, b) in enumerate(pairs) if a != b), len(want) - 1)
            # Two logits that differ by less than both sides may err by have no order.
            ties += margins[place][at] <= 2 * TOLERANCE
            differs.append((place, at, margins[place][at]))
    count = sum(want is not None for want in continuations)
    steps = sum(len(want) for want in continuations if want is not None)
    closest = min(min(row) for row in margins if row is not None)
    size = torch.cat(list(logits.values())).std().item()
    print(
        f"{name}: logits differ by at most {furthest:.1e} (their deviation is {size:.1f}); "
        f"{count - len(differs)} of {count} continuations the same, {steps} tokens, {ends} ended; "
        f"closest call {closest:.1e}"
    )
    for place, at, margin in differs:
        print(f"    prompt {place} differs from token {at} on, where the two best logits differ by {margin:.1e}")
    return int(furthest > TOLERANCE) + len(differs) - ties


def check_copies(project, name, folder, prompts, scratch):
    """What this project writes, read by `transformers`; gives the number of failures."""
    failures = 0
    exact = load(folder)[0]
    rounded = copy.deepcopy(exact)
    for param in rounded.parameters():
        param.copy_(param.bfloat16())
    probes = [torch.tensor([prompt["tokens"]]) for prompt in prompts if prompt["logits"]]
    for kind, options in COPIES.items():
        written = scratch / "written"
        project.run("copy", folder, written, *options)
        model, words = load(written)
        same = exact if kind.startswith("f32") else rounded
        distance = max((model(p).logits - same(p).logits).abs().max().item() for p in probes)
        files = len(list(written.glob("*.safetensors")))
        print(f"    written again as {kind} ({files} files): logits differ by {distance:.1e}; said: {words or 'nothing'}")
        failures += int(distance > TOLERANCE) + len(words)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument("--new-tokens", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--command", default="cargo run -q -p interplay-model --example conformance --")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, seed {arguments.seed}")
    transformers.utils.logging.disable_progress_bar()
    # Small models: more threads wait for each other.
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(arguments.seed)
    project = Project(arguments.command)
    failures = 0
    with tempfile.TemporaryDirectory() as scratch, torch.inference_mode():
        scratch = Path(scratch)
        for number, (name, model) in enumerate(MODELS.items()):
            folder = scratch / f"model-{number}"
            make(folder, generator, **model)
            prompts = draw_prompts(generator, arguments.prompts, arguments.new_tokens)
            expected = expected_answers(load(folder)[0], prompts)
            failures += compare(name, prompts, expected, project.answers(folder, prompts, scratch))
            failures += check_copies(project, name, folder, prompts, scratch)
    print("everything agrees" if failures == 0 else f"{failures} failures")
    raise SystemExit(failures != 0)


if __name__ == "__main__":
    main()
