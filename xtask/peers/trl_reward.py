"""Runs one GRPO step of TRL's real trainer with interplay's reward, on the CPU, and prints what TRL logs.

It needs ``pip install trl==1.16.0 torch`` beside the interplay wheel and downloads nothing: the tokenizer is trained
on the spot on generated problems, and the model is a randomly initialized Qwen2 of two layers that learns four gold
solutions by heart before the step, so that some samples are right and some are wrong. The gold of one problem is
emptied for the step to show that TRL gets None for it and goes on. This runs for prompts as text and as messages.

    python xtask/peers/trl_reward.py
"""

from __future__ import annotations

import tempfile
import warnings

import interplay
import torch
from datasets import Dataset
from interplay.adapters.trl import StepReward, rows
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
from trl import GRPOConfig, GRPOTrainer

SPECIAL = ["[PAD]", "[EOS]", "<question>", "</question>", "<solution>", "</solution>", "<answer>", "</answer>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}[EOS]{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def tokenizer_of(texts: list[str]) -> PreTrainedTokenizerFast:
    """A byte-level BPE trained on the texts."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=512, special_tokens=SPECIAL, initial_alphabet=alphabet)
    bpe.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, pad_token="[PAD]", eos_token="[EOS]", padding_side="left")
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def tiny_model(tokenizer: PreTrainedTokenizerFast) -> Qwen2ForCausalLM:
    """A randomly initialized model of two layers."""
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    return Qwen2ForCausalLM(config)


def learn_by_heart(model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, table: list[dict], steps: int) -> None:
    """Trains on the gold solutions alone, prompts masked."""
    examples = []
    for row in table:
        prompt = row["prompt"]
        if not isinstance(prompt, str):
            prompt = tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=True)
        read, written = (tokenizer(text, return_tensors="pt").input_ids for text in (prompt, row["solution"] + "[EOS]"))
        ids = torch.cat([read, written], dim=1)
        examples.append((ids, torch.cat([torch.full_like(read, -100), written], dim=1)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for number in range(steps):
        ids, labels = examples[number % len(examples)]
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def step(conversational: bool) -> None:
    """One GRPO step, and what TRL logged in it."""
    problems = interplay.Dataset(op=2, context="zoo", dialect="terse", seed=7)[:4]
    table = rows(problems, conversational=conversational)
    tokenizer = tokenizer_of([f"{row['problem']} {row['question']} {row['solution']}" for row in table])
    torch.manual_seed(7)
    model = tiny_model(tokenizer)
    learn_by_heart(model, tokenizer, table, 180)
    table[0]["solution"] = None
    with tempfile.TemporaryDirectory() as folder:
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=[StepReward("mixed", alpha=0.2), StepReward("strict")],
            args=GRPOConfig(
                output_dir=folder,
                max_steps=1,
                per_device_train_batch_size=16,
                num_generations=4,
                max_completion_length=48,
                logging_steps=1,
                report_to=[],
                save_strategy="no",
                use_cpu=True,
                bf16=False,
                shuffle_dataset=False,
            ),
            train_dataset=Dataset.from_list(table),
            processing_class=tokenizer,
        )
        trainer.train()
    kind = "messages" if conversational else "text"
    print(f"\nprompts as {kind}:")
    for entry in trainer.state.log_history:
        for metric, value in sorted(entry.items()):
            if "interplay" in metric or metric in ("reward", "reward_std", "loss", "completions/mean_length"):
                print(f"  {metric} = {value:.4g}")
    extra = trainer._logs["extra"]
    print(f"  first errors of the completions: {list(extra['interplay_strict/first_error'])}")
    wanted = "interplay_strict/right_answer_wrong_steps"
    if not any(wanted in entry for entry in trainer.state.log_history):
        raise SystemExit(f"TRL logged no {wanted}; has the way it passes log_metric changed?")


def main() -> None:
    """Runs both forms."""
    warnings.simplefilter("always", RuntimeWarning)
    for conversational in (False, True):
        step(conversational)


if __name__ == "__main__":
    main()
