#!/usr/bin/env python3
"""Golden values and gradients of the model's fused operations, computed by PyTorch in double precision.

Every operation gets random single-precision inputs from a fixed seed. Stored are the inputs, the output, the
weights with which the output is summed to a scalar, and the gradients of that scalar. The decoder is
`Qwen2ForCausalLM` of `transformers` itself. The file records the versions that produced it.

Needs `pip install torch transformers`. From the root of the repository:
    python xtask/peers/gradients.py
"""

import argparse
import math
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from transformers import Qwen2Config, Qwen2ForCausalLM
from transformers.models.qwen2.modeling_qwen2 import apply_rotary_pos_emb

OUTPUT = Path("crates/interplay-model/tests/golden/gradients.safetensors")

generator = torch.Generator().manual_seed(20)
golden = {}


def random(*size):
    """Normal numbers that single precision holds exactly, in double precision."""
    return torch.randn(*size, generator=generator, dtype=torch.float32).double()


def integers(high, *size):
    return torch.randint(high, size, generator=generator)


def store(name, tensor):
    kind = torch.int32 if tensor.dtype == torch.int64 else torch.float32
    assert name not in golden, name
    golden[name] = tensor.detach().to(kind).contiguous().clone()


def case(name, operation, **inputs):
    """Stores inputs, output and gradients of one operation."""
    leaves = {key: value.clone().requires_grad_() for key, value in inputs.items()}
    out = operation(**leaves)
    weights = random(*out.shape)
    (out * weights).sum().backward()
    for key, leaf in leaves.items():
        store(f"{name}.{key}", leaf)
        store(f"{name}.grad.{key}", leaf.grad)
    store(f"{name}.out", out)
    store(f"{name}.weights", weights)


def visible(rows, seq):
    """Which token sees which, for rows of packed documents: [batch, 1, seq, seq]."""
    mask = torch.zeros(len(rows), 1, seq, seq, dtype=torch.bool)
    for row, lengths in enumerate(rows):
        start = 0
        for length in [*lengths, seq - sum(lengths)]:
            end = start + length
            mask[row, 0, start:end, start:end] = torch.ones(length, length).tril().bool()
            start = end
    return mask


def heads(x, batch, count):
    """[batch * seq, count * dim] as [batch, count, seq, dim]."""
    return x.reshape(batch, x.shape[0] // batch, count, -1).transpose(1, 2)


def embedding():
    tokens = integers(9, 20)
    store("embedding.tokens", tokens)
    case("embedding", lambda weight: F.embedding(tokens, weight), weight=random(13, 6))


def norm():
    x = random(5, 24)
    # A row that is small enough for epsilon to matter.
    x[3] *= 2.0**-9
    case("norm", lambda x, weight: F.rms_norm(x, (24,), weight, 1e-5), x=x, weight=random(24))


def projection():
    case(
        "projection",
        lambda x, weight, bias, residual: F.linear(x, weight, bias) + residual,
        x=random(7, 12),
        weight=random(10, 12),
        bias=random(10),
        residual=random(7, 10),
    )


def rotation():
    batch, seq, dim, theta = 2, 5, 8, 100.0
    speeds = theta ** -(torch.arange(0, dim, 2).double() / dim)
    angles = torch.arange(seq).double()[:, None] * speeds
    store("rotation.cos", angles.cos())
    store("rotation.sin", angles.sin())
    whole = torch.cat([angles, angles], dim=-1)[None]

    def operation(x):
        split = heads(x, batch, 3)
        rotated, _ = apply_rotary_pos_emb(split, split, whole.cos(), whole.sin())
        return rotated.transpose(1, 2).reshape(x.shape)

    case("rotation", operation, x=random(batch * seq, 3 * dim))


def gate():
    case("gate", lambda gate, up: F.silu(gate) * up, gate=3 * random(6, 10), up=random(6, 10))


def attention():
    batch, seq, query_heads, kv_heads, dim = 2, 9, 4, 2, 6
    for name, rows in [("attention", [[9], [9]]), ("packed_attention", [[4, 5], [3, 2]])]:
        mask = visible(rows, seq)

        def operation(q, k, v):
            q, k, v = heads(q, batch, query_heads), heads(k, batch, kv_heads), heads(v, batch, kv_heads)
            out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
            return out.transpose(1, 2).reshape(batch * seq, query_heads * dim)

        q, kv = random(batch * seq, query_heads * dim), [batch * seq, kv_heads * dim]
        case(name, operation, q=q, k=random(*kv), v=random(*kv))


def scores():
    temperature = 0.8
    targets = integers(15, 9)
    store("scores.targets", targets)
    kept = {}

    def operation(hidden, weight):
        log_probs = F.log_softmax(hidden @ weight.T / temperature, dim=-1)
        kept["entropy"] = -(log_probs.exp() * log_probs).sum(-1)
        return log_probs.gather(1, targets[:, None])[:, 0]

    case("scores", operation, hidden=random(9, 8), weight=random(15, 8))
    store("scores.entropy", kept["entropy"])


def adamw():
    """Three steps of `torch.optim.AdamW` on gradients that are scaled first."""
    param = random(20).requires_grad_()
    grads = random(3, 20)
    store("adamw.param", param)
    store("adamw.grads", grads)
    optimizer = torch.optim.AdamW([param], lr=0.01, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    for grad in grads:
        param.grad = 0.7 * grad
        optimizer.step()
    state = optimizer.state[param]
    store("adamw.out", param)
    store("adamw.first", state["exp_avg"])
    store("adamw.second", state["exp_avg_sq"])


def sum_of_squares():
    x = random(50)
    store("squares.x", x)
    store("squares.out", (x * x).sum()[None])


def decoder(tied):
    """The mean loss of two packed rows, and its gradient for every parameter."""
    name = "tied" if tied else "untied"
    batch, seq = 2, 10
    config = Qwen2Config(
        vocab_size=23,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        rope_parameters={"rope_type": "default", "rope_theta": 100.0},
        rms_norm_eps=1e-5,
        tie_word_embeddings=tied,
        attn_implementation="eager",
    )
    model = Qwen2ForCausalLM(config).double()
    with torch.no_grad():
        for key, param in model.named_parameters():
            around = 1.0 if key.endswith("norm.weight") else 0.0
            param.copy_((around + 0.3 * random(*param.shape)).float())
            store(f"{name}.{key}", param)
    tokens, targets = integers(23, batch, seq), integers(23, batch, seq)
    store(f"{name}.tokens", tokens)
    store(f"{name}.targets", targets)
    rows = [[4, 6], [9]]
    mask = torch.zeros(batch, 1, seq, seq).double()
    mask.masked_fill_(~visible(rows, seq), -math.inf)
    # Positions count from each document's start; the rotation depends on differences alone.
    positions = [[at for length in [*row, seq - sum(row)] for at in range(length)] for row in rows]
    logits = model(tokens, attention_mask=mask, position_ids=torch.tensor(positions)).logits
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    loss.backward()
    store(f"{name}.loss", loss[None])
    store(f"{name}.logits", logits)
    for key, param in model.named_parameters():
        store(f"{name}.grad.{key}", param.grad)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUTPUT)
    place = parser.parse_args().out
    for operation in [embedding, norm, projection, rotation, gate, attention, scores, adamw, sum_of_squares]:
        operation()
    decoder(tied=True)
    decoder(tied=False)
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    place.parent.mkdir(parents=True, exist_ok=True)
    # One entry alone: several would come in a random order.
    save_file(golden, place, metadata={"made_by": f"xtask/peers/gradients.py with {versions}"})
    print(f"{place}: {len(golden)} tensors, {place.stat().st_size} bytes")


if __name__ == "__main__":
    main()
