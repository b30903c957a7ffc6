"""pass@k, intervals and paired comparison."""

import pickle

import interplay
import pytest


def test_pass_at_k_is_the_unbiased_estimate() -> None:
    # One right of four: it is among two draws in 3 of the 6 pairs.
    assert interplay.pass_at_k(4, 1, 2) == pytest.approx(0.5)
    assert interplay.pass_at_k(4, 0, 4) == 0.0 and interplay.pass_at_k(4, 1, 4) == 1.0
    # Two right of four: both are drawn in 1 of the 6 pairs.
    assert interplay.pass_hat_k(4, 2, 2) == pytest.approx(1 / 6)


def test_means_have_intervals() -> None:
    counts = [(8, 7 + i // 2 % 2) if i % 2 == 0 else (8, i // 2 % 2) for i in range(40)]
    pooled = interplay.mean_pass_at_k(counts, 1)
    by_op = interplay.mean_pass_at_k(counts, 1, strata=[i % 2 for i in range(40)])
    assert float(by_op) == by_op.estimate == pytest.approx(pooled.estimate)
    assert by_op.low < by_op.estimate < by_op.high and by_op.problems == 40 and by_op.k == 1
    assert by_op.high - by_op.low < 0.3 * (pooled.high - pooled.low)
    assert repr(by_op).startswith("pass@1 0.5000 [")


def test_differences_are_paired() -> None:
    left, right = [(4, 1), (4, 3), (4, 0), (4, 2)], [(4, 2), (4, 4), (4, 1), (4, 3)]
    gain = interplay.paired_difference(left, right, 1)
    assert gain.difference == float(gain) == 0.25 and gain.problems == 4
    assert gain.low <= 0.25 <= gain.high and gain.p_value == pytest.approx(0.125)
    opposite = interplay.paired_difference(right, left, 1)
    assert (opposite.low, opposite.high) == (-gain.high, -gain.low)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: interplay.pass_at_k(4, 5, 1), "c=5"),
        (lambda: interplay.pass_at_k(4, 1, 5), "k=5"),
        (lambda: interplay.pass_hat_k(4, 1, 0), "k=0"),
        (lambda: interplay.mean_pass_at_k([], 1), "at least one"),
        (lambda: interplay.mean_pass_at_k([(4, 1), (2, 1)], 3), "n=2"),
        (lambda: interplay.mean_pass_at_k([(4, 1)], 1, strata=[1, 2]), "strata"),
        (lambda: interplay.paired_difference([(4, 1)], [], 1), "1 and 0"),
        (lambda: interplay.paired_difference([(4, 1)], [(4, 9)], 1), "c=9"),
    ],
)
def test_impossible_counts_are_refused(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_negative_counts_are_refused() -> None:
    with pytest.raises(OverflowError):
        interplay.pass_at_k(-1, 0, 1)


def test_results_travel() -> None:
    counts, better = [(4, 1), (4, 3), (4, 0)], [(4, 2), (4, 4), (4, 1)]
    for result in (interplay.mean_pass_at_k(counts, 1), interplay.paired_difference(counts, better, 1)):
        copy = pickle.loads(pickle.dumps(result))
        names = [name for name in dir(result) if not name.startswith("_")]
        assert type(copy) is type(result) and repr(copy) == repr(result)
        assert [getattr(copy, name) for name in names] == [getattr(result, name) for name in names]
