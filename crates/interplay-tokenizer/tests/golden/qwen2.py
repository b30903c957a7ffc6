#!/usr/bin/env python3
"""Writes `qwen2/`, a tokenizer in the form of Qwen2.5 as `transformers` saves it, and `qwen2.json`, texts with its tokens.

The vocabulary is small and learned from texts made here, but everything else is that of Qwen2.5: the pre-tokenizer, the
NFC normalizer, the added tokens, special or not, the chat template's form and the files. Needs `pip install
transformers==5.24.0 jinja2`; run it in this folder. Written with transformers 5.24.0 and tokenizers 0.23.3.
"""

import json
import shutil
from pathlib import Path

from transformers import AddedToken, Qwen2Tokenizer

FOLDER = Path(__file__).parent / "qwen2"

CHAT = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

ANIMALS = ["fox", "elk", "owl", "crow", "wolf"]


def corpus():
    for number in range(400):
        one, other = ANIMALS[number % 5], ANIMALS[(number + 2) % 5]
        yield f"<question> {one} = {number}. {other} = {one} + {number % 7}. {other}? </question> <solution>"
        yield f" {one} = {number}. {other} = {one} + 2 = {number + 2}. </solution> <answer> {number + 2} </answer>"
        yield f"Natalia sold {number} clips in April, and then she'd sold half as many in May. How many did she sell?\n"
        yield "\tif x > 0:\n\t\treturn {'café': [1, 2.5]}\n\n"


TEXTS = [
    "",
    " ",
    "fox = 3. elk = fox + 2. elk?",
    "<question> fox = 3. elk = fox + 2. elk? </question> <solution>",
    " fox = 3. elk = fox + 2 = 3 + 2 = 5. </solution> <answer> 5 </answer>",
    "She'LL pay $1,234.50 -- won't she?  I'd say so!\n\n",
    "  leading,  double  and trailing  ",
    "line one\r\nline two\n\n\n  line three\t\tend",
    "café",
    "cafe\u0301 and \u1100\u1161\u11a8, a\u0308\u0304",
    "１２３ ⅔ ²³ ٣٤",
    "日本語のテキスト、中文 mixed with English。",
    "emoji 👩\u200d👩\u200d👧 and 🇩🇪!",
    "a\u00a0b\u2003c\u200bd\u3000e",
    "\x00\x07 control \x7f",
    "don't DON'T don’t",
    "x<y and y>z, <|not a token|> <tool_call> [BOS] [EOS]",
    "<|im_start|>user\nfox = 3. fox?<|im_end|>\n<|im_start|>assistant\n",
    "3<|endoftext|>4<tool_call>5</tool_call>",
    "____init____ == __main__ ;;; ### // /* */",
    "ﬁ ﬀ Å Ω ℃",
]


def main():
    tokenizer = Qwen2Tokenizer().train_new_from_iterator(corpus(), vocab_size=520, show_progress=False)
    special = ["<|im_start|>", "<|im_end|>", "<|vision_start|>"]
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    tools = ["<tool_call>", "</tool_call>", "<|fim_prefix|>"]
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in tools])
    tokenizer.chat_template = CHAT
    tokenizer.eos_token, tokenizer.pad_token = "<|im_end|>", "<|endoftext|>"
    shutil.rmtree(FOLDER, ignore_errors=True)
    tokenizer.save_pretrained(FOLDER)
    ends = {name: tokenizer.convert_tokens_to_ids(name) for name in ("<|im_end|>", "<|endoftext|>")}
    settings = {"eos_token_id": list(ends.values()), "pad_token_id": ends["<|endoftext|>"]}
    (FOLDER / "generation_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    read = Qwen2Tokenizer.from_pretrained(FOLDER)
    rows = []
    for text in TEXTS:
        ids = read(text)["input_ids"]
        rows.append({"text": text, "ids": ids, "decoded": read.decode(ids)})
    chat = read.apply_chat_template([{"role": "user", "content": "fox = 3. fox?"}], add_generation_prompt=True, tokenize=False)
    golden = {"eos": ends["<|im_end|>"], "pad": ends["<|endoftext|>"], "chat": chat, "texts": rows}
    path = FOLDER.with_name("qwen2.json")
    path.write_text(json.dumps(golden, indent=1, ensure_ascii=True) + "\n")
    print(f"{len(read)} tokens, {len(rows)} texts")


if __name__ == "__main__":
    main()
