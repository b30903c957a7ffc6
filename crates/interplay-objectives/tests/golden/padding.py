"""Flat per-token arrays to the padded matrices that both libraries take, and back."""

import torch


def padded(flat, lengths, fill=0.0, dtype=torch.float64):
    """[tokens] to [completions, longest]."""
    rows, start = [], 0
    width = max(lengths)
    for length in lengths:
        rows.append(list(flat[start:start + length]) + [fill] * (width - length))
        start += length
    return torch.tensor(rows, dtype=dtype)


def token_mask(lengths, dtype=torch.int64):
    return padded([1] * sum(lengths), lengths, fill=0, dtype=dtype)


def flat(matrix, lengths):
    """[completions, longest] to a list of [tokens]; a column vector is repeated along its completion."""
    matrix = matrix.detach()
    if matrix.shape[1] == 1:
        matrix = matrix.expand(-1, max(lengths))
    return [value for row, length in zip(matrix.tolist(), lengths) for value in row[:length]]
