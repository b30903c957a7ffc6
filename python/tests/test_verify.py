"""Verdicts, rewards and token credit."""

import itertools
import json
import multiprocessing
import pickle
import sys
import threading
import time
from collections import UserDict

import interplay
import pytest

SOLUTION = "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5."
WRONG = "fox = 3. elk = fox + 2 = 3 + 1 = 5. Answer: 5."
PROBLEM = {"problem": "fox = 3. elk = fox + 2. owl = fox.", "question": "elk?", "solution": SOLUTION}


def problems(n: int, **settings):
    return interplay.Dataset(op="2-6", dialect="terse", seed=5, **settings)[:n]


@pytest.mark.parametrize("dialect", ["prose", "terse"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_every_gold_solution_is_accepted(dialect: str, mode: str) -> None:
    data = interplay.Dataset(op="2-8", context=["zoo", "school"], dialect=dialect, mode=mode, seed=2)[:200]
    for problem, verdict in zip(data, interplay.verify_batch(data, [problem["solution"] for problem in data])):
        assert verdict and verdict.accepted and verdict.answer_correct, verdict.explain()
        assert verdict.process_accuracy == 1.0 and verdict.first_error is None
        tagged = f" {problem['solution']} </solution> <answer> {problem['answer']} </answer>"
        assert interplay.verify(problem, tagged)


def test_a_wrong_step_is_found_although_the_answer_is_right() -> None:
    verdict = interplay.verify(PROBLEM, WRONG)
    assert not verdict and verdict.answer_correct and verdict.process_accuracy == 0.5
    error = verdict.first_error
    assert (error.step, error.reason) == (1, "wrong_numbers")
    assert WRONG[slice(*error.span)] == "3 + 1"
    assert verdict.explain().startswith("rejected: the numeric form does not mirror the symbolic one\n")
    assert [WRONG[slice(*step.span)] for step in verdict.steps] == ["fox = 3.", "elk = fox + 2 = 3 + 1 = 5."]
    assert [step.correct for step in verdict.steps] == [True, False]
    assert interplay.verify(PROBLEM, WRONG, level="paper")
    assert repr(interplay.verify(PROBLEM, SOLUTION)) == "<Verdict accepted>"
    assert repr(verdict) == "<Verdict rejected at step 1: the numeric form does not mirror the symbolic one>"


def test_steps_tell_what_they_use_when_asked() -> None:
    assert [step.uses for step in interplay.verify(PROBLEM, SOLUTION).steps] == [[], []]
    assert [step.uses for step in interplay.verify(PROBLEM, SOLUTION, uses=True).steps] == [[], [0]]


def test_the_problem_text_tells_which_steps_are_true_but_not_needed() -> None:
    more = SOLUTION.replace("elk", "owl = fox = 3. elk", 1)
    assert interplay.verify(PROBLEM, more).extra == 1
    assert interplay.verify(PROBLEM, more).accepted
    assert not interplay.verify(PROBLEM, more, forbid_unneeded=True)
    assert not interplay.verify(SOLUTION, more)


def test_every_form_of_the_truth_gives_the_same_verdict() -> None:
    gold = interplay.Gold(SOLUTION, problem=PROBLEM["problem"], question=PROBLEM["question"])
    assert (gold.answer, gold.needed, gold.reverse, gold.names[:2]) == (5, 2, False, ["fox", "elk"])

    class Row(dict):
        pass

    for truth in (PROBLEM, gold, SOLUTION, Row(PROBLEM), pickle.loads(pickle.dumps(gold))):
        assert interplay.verify(truth, SOLUTION) and not interplay.verify(truth, WRONG)


def test_positions_are_counted_in_characters() -> None:
    text = "fox = 3. écureuil = 4 🦊. elk = fox + 2 = 3 + 1 = 5. Answer: 5."
    verdict = interplay.verify(PROBLEM, text)
    spans = [text[slice(*step.span)] for step in verdict.steps]
    assert spans[0] == "fox = 3." and spans[-1] == "elk = fox + 2 = 3 + 1 = 5."
    assert "cureuil" in text[slice(*verdict.first_error.span)]


def test_credit_for_tokens() -> None:
    verdict = interplay.verify(PROBLEM, WRONG)
    words = [0]
    for at, letter in enumerate(WRONG):
        if letter == " ":
            words.append(at)
    offsets = list(zip(words, [*words[1:], len(WRONG)])) + [(0, 0)]
    (first, second) = verdict.step_tokens(offsets)
    assert WRONG[offsets[first[0]][0] : offsets[first[1] - 1][1]] == "fox = 3."
    assert WRONG[offsets[second[0]][0] : offsets[second[1] - 1][1]].strip() == "elk = fox + 2 = 3 + 1 = 5."
    assert verdict.blamed_tokens(offsets) == second
    ends = verdict.token_credit(offsets, wrong=-1.0)
    assert [value for value in ends if value] == [1.0, -1.0]
    assert ends[first[1] - 1] == 1.0 and ends[second[1] - 1] == -1.0
    everywhere = verdict.token_credit(offsets, correct=0.5, wrong=-0.5, at="all")
    assert sum(everywhere) == 0.5 * (first[1] - first[0]) - 0.5 * (second[1] - second[0])
    # What is missing is charged to the end, the token that ends the sequence included.
    short = interplay.verify(PROBLEM, "fox = 3.")
    assert short.blamed_tokens([(0, 3), (3, 5), (5, 8), (0, 0)]) == (3, 4)
    assert interplay.verify(PROBLEM, SOLUTION).blamed_tokens(offsets) is None
    assert verdict.step_tokens([list(pair) for pair in offsets]) == [first, second]
    with pytest.raises(ValueError, match=r"offsets\[1\]: expected \(start, end\)"):
        verdict.step_tokens([(0, 3), (3,)])
    with pytest.raises(ValueError, match="in the order of the text"):
        verdict.step_tokens([(3, 6), (0, 3)])
    with pytest.raises(ValueError, match='expected "end"'):
        verdict.token_credit(offsets, at="start")  # type: ignore[arg-type]


def test_verdicts_travel() -> None:
    for text in (SOLUTION, WRONG, "écu", ""):
        verdict = interplay.verify(PROBLEM, text, uses=True)
        copy = pickle.loads(pickle.dumps(verdict))
        assert copy.to_dict() == verdict.to_dict() and copy.explain() == verdict.explain()
        assert json.loads(json.dumps(verdict.to_dict()))["accepted"] == verdict.accepted


def test_parts_of_verdicts_travel_too() -> None:
    verdict = interplay.verify(PROBLEM, f"{WRONG} é", uses=True)
    for part in (*verdict.steps, verdict.first_error):
        copy = pickle.loads(pickle.dumps(part))
        assert type(copy) is type(part) and repr(copy) == repr(part)
        names = [name for name in dir(part) if not name.startswith("_")]
        assert [getattr(copy, name) for name in names] == [getattr(part, name) for name in names]


def test_a_batch_gives_what_single_calls_give_on_any_number_of_threads() -> None:
    data = problems(300)
    texts = [problem["solution"] if index % 3 else "cat = 1." for index, problem in enumerate(data)]
    single = [interplay.verify(problem, text).to_dict() for problem, text in zip(data, texts)]
    for threads in (1, 2, 7, 100_000, None):
        batch = interplay.verify_batch(data, texts, threads=threads)
        assert [verdict.to_dict() for verdict in batch] == single
    assert interplay.verify_batch([], []) == []
    assert [bool(verdict) for verdict in interplay.verify_batch(iter(data), iter(texts))] == [
        verdict["accepted"] for verdict in single
    ]


def test_a_batch_never_loses_its_other_results() -> None:
    truths = [PROBLEM, PROBLEM, {"answer": 3}, "fox", PROBLEM, {"solution": 7}, None, PROBLEM]
    texts = [SOLUTION, None, SOLUTION, SOLUTION, ["fox"], SOLUTION, SOLUTION, WRONG]
    with pytest.raises(interplay.BatchError) as raised:
        interplay.verify_batch(truths, texts)
    error = raised.value
    assert sorted(error.failures) == [1, 2, 3, 4, 5, 6]
    assert [result if result is None else result.accepted for result in error.results] == [True, *[None] * 6, False]
    assert "6 of 8" in str(error) and "and 1 more" in str(error)
    for index, part in {
        1: "found None",
        2: "its keys are answer",
        3: "the gold solution",
        4: "type list",
        5: "`solution`: expected a str, found a value of type int",
        6: "expected a Gold",
    }.items():
        assert part in error.failures[index]
    assert pickle.loads(pickle.dumps(error)).failures == error.failures
    lenient = interplay.verify_batch(truths, texts, on_error="none")
    assert [result is None for result in lenient] == [False, *[True] * 6, False]
    rewards = interplay.Reward("outcome").batch(truths, texts, on_error="none")
    assert rewards == [1.0, *[None] * 6, 1.0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: interplay.verify(PROBLEM, None), TypeError, "completion: expected the text as str, found None"),
        (lambda: interplay.verify(None, "x"), TypeError, "expected a Gold"),
        (lambda: interplay.verify({"x": 1}, "x"), ValueError, "without a `solution`"),
        (lambda: interplay.verify({"solution": None}, "x"), ValueError, "whose `solution` is None"),
        (lambda: interplay.verify({**PROBLEM, "problem": "<question> fox = 3."}, "x"), ValueError, "<question>"),
        (lambda: interplay.verify("fox", "x"), ValueError, "gold solution"),
        (lambda: interplay.verify(PROBLEM, "x", level="lax"), ValueError, "expected `paper` or `strict`"),
        (lambda: interplay.verify_batch([PROBLEM], []), ValueError, "more than 0 problems and 0 completions"),
        (lambda: interplay.verify_batch(PROBLEM, ["x"]), TypeError, "problems: expected a sequence"),
        (lambda: interplay.verify_batch([PROBLEM], "x"), TypeError, "completions: expected a sequence"),
        (lambda: interplay.verify_batch([PROBLEM], ["x"], threads=0), ValueError, "threads"),
        (lambda: interplay.verify_batch([PROBLEM], ["x"], on_error="skip"), ValueError, "on_error"),
        (lambda: interplay.Reward("loud"), ValueError, "loud"),
        (lambda: interplay.Reward("mixed"), ValueError, "alpha"),
        (lambda: interplay.Reward("mixed", alpha=2.0), ValueError, "found 2, expected 0 to 1"),
        (lambda: interplay.Reward("strict", forbid_uneeded=True), ValueError, "forbid_uneeded"),
        (lambda: interplay.Reward("process", alpha=0.5), ValueError, "alpha"),
        (lambda: interplay.Reward("answer_gate", reward={"kind": "strict", "zz": 1}), ValueError, "zz"),
        (lambda: interplay.Reward("answer_gate", reward=interplay.Reward(level="paper")), ValueError, "outer one"),
        (lambda: interplay.Reward("mixed", alpha=float("nan")), ValueError, "alpha: Out of range"),
        (lambda: interplay.verify(dict, "x"), TypeError, "expected a Gold"),
        (lambda: interplay.verify_batch(interplay.Dataset(op=3), ["x"]), ValueError, "more than 1 problems"),
        (lambda: interplay.verify_batch(itertools.repeat(PROBLEM), ["x"]), ValueError, "more than 1 problems"),
        (lambda: interplay.Reward("mixed", alhpa=0.2), ValueError, "alhpa"),
        (lambda: interplay.Reward("weighted", weights={"speed": 1.0}), ValueError, "speed"),
        (lambda: interplay.Reward()(PROBLEM, 3), TypeError, "completion"),
        (lambda: interplay.Reward().judge(PROBLEM, None), TypeError, "completion"),
        (lambda: interplay.Reward().judge("fox", SOLUTION), ValueError, "gold solution"),
        (lambda: interplay.Reward().judge_batch([PROBLEM], []), ValueError, "0 completions"),
        (lambda: interplay.Reward().judge_batch([PROBLEM], ["x"], threads=0), ValueError, "threads"),
        (lambda: interplay.Reward().judge_batch([PROBLEM], ["x"], on_error="skip"), ValueError, "on_error"),
    ],
)
def test_wrong_arguments_are_named(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call()


def test_rewards_by_name() -> None:
    half = WRONG.replace("Answer: 5", "Answer: 6")
    for reward, expected in [
        (interplay.Reward(), [1.0, 0.0, 0.0]),
        (interplay.Reward("outcome"), [1.0, 1.0, 0.0]),
        (interplay.Reward("process"), [1.0, 0.5, 0.5]),
        (interplay.Reward("mixed", alpha=0.2), [1.0, 0.6, 0.4]),
        (interplay.Reward("answer_gate", reward=interplay.Reward("process")), [1.0, 0.5, 0.0]),
        (interplay.Reward("strict_gate", reward="process"), [1.0, 0.0, 0.0]),
        (interplay.Reward("weighted", weights={"outcome": 1.0, "accepted": 2.0}), [3.0, 1.0, 0.0]),
        (interplay.Reward("strict", level="paper"), [1.0, 1.0, 0.0]),
    ]:
        for copy in (reward, pickle.loads(pickle.dumps(reward))):
            paid = copy.batch([PROBLEM] * 3, [SOLUTION, WRONG, half])
            assert paid == pytest.approx(expected), reward
            assert paid == [copy(PROBLEM, text) for text in (SOLUTION, WRONG, half)]
            assert repr(copy) == repr(reward)
    assert interplay.Reward("paper")(PROBLEM, SOLUTION) == 1.0


def test_a_judgment_is_a_reward_with_its_verdict() -> None:
    for reward in (interplay.Reward("mixed", alpha=0.2), interplay.Reward("paper"), interplay.Reward(level="paper")):
        judged = reward.judge(PROBLEM, WRONG)
        assert judged.reward == reward(PROBLEM, WRONG)
        assert judged.verdict.to_dict() == interplay.verify(PROBLEM, WRONG, level=reward.level).to_dict()
    paid, verdict = interplay.Reward("outcome").judge(interplay.Gold(SOLUTION), SOLUTION)
    assert paid == 1.0 and verdict.accepted
    extra = f"owl = 1. {SOLUTION}"
    assert not interplay.Reward(forbid_unneeded=True).judge(SOLUTION, extra).verdict.accepted
    copy = pickle.loads(pickle.dumps(judged))
    assert isinstance(copy, interplay.Judged) and copy.verdict.to_dict() == judged.verdict.to_dict()


def test_judgments_of_a_batch_are_those_of_single_calls() -> None:
    data = problems(300)
    texts = [problem["solution"] if index % 3 else "cat = 1." for index, problem in enumerate(data)]
    reward = interplay.Reward("mixed", alpha=0.2)
    single = [reward.judge(problem, text) for problem, text in zip(data, texts)]
    for threads in (1, 2, None):
        batch = reward.judge_batch(data, texts, threads=threads)
        assert [judged.reward for judged in batch] == [judged.reward for judged in single]
        assert [judged.verdict.to_dict() for judged in batch] == [judged.verdict.to_dict() for judged in single]
    assert reward.judge_batch([], []) == []
    assert [judged.reward for judged in single] == reward.batch(data, texts)


def test_a_judgment_that_fails_costs_the_others_nothing() -> None:
    reward, truths, texts = interplay.Reward(), [PROBLEM, "fox", PROBLEM, PROBLEM], [SOLUTION, SOLUTION, None, WRONG]
    with pytest.raises(interplay.BatchError) as raised:
        reward.judge_batch(truths, texts)
    assert sorted(raised.value.failures) == [1, 2] and "gold solution" in raised.value.failures[1]
    for results in (raised.value.results, reward.judge_batch(truths, texts, on_error="none")):
        assert [judged and judged.reward for judged in results] == [1.0, None, None, 0.0]


def test_other_threads_run_while_a_batch_is_judged() -> None:
    gold = interplay.Gold(SOLUTION)
    golds, texts = [gold] * 400_000, [SOLUTION] * 400_000
    switch = sys.getswitchinterval()
    begun, counts = threading.Event(), []

    def count() -> None:
        begun.wait()
        for _ in range(5):
            counts.append(time.monotonic())

    thread = threading.Thread(target=count)
    thread.start()
    try:
        # Python itself never takes the interpreter away from the thread that judges.
        sys.setswitchinterval(1000)
        begun.set()
        interplay.Reward().batch(golds, texts, threads=1)
        before_the_end = len(counts)
    finally:
        sys.setswitchinterval(switch)
    thread.join()
    assert before_the_end == 5


def accepted(problem) -> bool:
    batch = [problem] * 300
    verdicts = interplay.verify_batch(batch, [problem["solution"]] * 300, threads=2)
    return all(verdict.accepted for verdict in verdicts)


class Row:
    """A mapping without `in`, such as a row of a database."""

    def keys(self):
        return PROBLEM.keys()

    def __getitem__(self, key):
        return PROBLEM[key]


def test_mappings_of_all_kinds_and_what_they_raise() -> None:
    assert interplay.verify(Row(), SOLUTION) and interplay.verify(UserDict(PROBLEM), SOLUTION)
    with pytest.raises(ValueError, match="without keys"):
        interplay.verify({}, SOLUTION)
    with pytest.raises(TypeError, match="problems: expected a sequence"):
        interplay.verify_batch(UserDict(PROBLEM), [SOLUTION])

    class Raising(Row):
        def __getitem__(self, key):
            raise self.error

    for error, caught in [(KeyboardInterrupt(), KeyboardInterrupt), (OSError("gone"), interplay.BatchError)]:
        row = Raising()
        row.error = error
        with pytest.raises(caught) as raised:
            interplay.verify_batch([row, PROBLEM], [SOLUTION, SOLUTION])
    assert raised.value.failures == {0: "OSError: gone"} and raised.value.results[1].accepted


def test_a_forked_process_judges_too() -> None:
    data = problems(400)
    interplay.verify_batch(data, [problem["solution"] for problem in data])
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert all(pool.map(accepted, data[:20]))


def test_tags_that_a_decoder_deleted_are_put_back():
    problem = {"solution": "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5."}
    stripped = " fox = 3. elk = fox + 2 = 3 + 2 = 5.  5 "
    assert not interplay.verify(problem, stripped)
    restored = interplay.restore_tags(stripped)
    assert restored == " fox = 3. elk = fox + 2 = 3 + 2 = 5. </solution> <answer> 5 </answer>"
    assert interplay.verify(problem, restored)
    assert not interplay.verify(problem, interplay.restore_tags(stripped.replace("5.  5", "5.  6")))
    for other in ("", " fox = 3. elk = 5", restored, " fox = 3. </solution> 5"):
        assert interplay.restore_tags(other) == other
    with pytest.raises(TypeError):
        interplay.restore_tags(None)
