"""Problems by index."""

import pathlib
import pickle
import subprocess
import sys

import interplay
import pytest

TERSE = {"op": "2-6", "context": "zoo", "dialect": "terse"}


def test_a_problem_has_the_published_fields() -> None:
    problem = interplay.Dataset(**TERSE, seed=7)[3]
    assert list(problem) == [
        "prompt",
        "problem",
        "question",
        "solution",
        "answer",
        "op",
        "id",
        "template",
        "dialect",
        "mode",
        "length",
        "d",
    ]
    assert problem["id"] == 3 and 2 <= problem["op"] <= 6
    assert problem["prompt"] == f"<question> {problem['problem']} {problem['question']} </question> <solution>"
    assert problem["solution"].endswith(f"Answer: {problem['answer']}.")


def test_a_problem_depends_on_spec_seed_name_and_index_alone() -> None:
    data = interplay.Dataset(**TERSE, seed=7)
    assert data[100] == interplay.Dataset(dict(data.spec), seed=7)[100]
    assert data[100] != interplay.Dataset(**TERSE, seed=8)[100]
    assert data[100] != interplay.Dataset(**TERSE, seed=7, name="eval")[100]
    code = f"import interplay; print(interplay.Dataset(**{TERSE!r}, seed=7)[100]['problem'])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == data[100]["problem"]


def test_indices_and_slices_are_those_of_a_list() -> None:
    data = interplay.Dataset(**TERSE, size=10)
    problems = list(data)
    assert len(data) == len(problems) == 10
    for index in range(-10, 10):
        assert data[index] == problems[index]
    for cut in [slice(None), slice(2, 5), slice(-3, None), slice(None, None, -1), slice(8, 1, -3), slice(20, 30)]:
        assert data[cut] == problems[cut], cut
    for index in (10, -11):
        with pytest.raises(IndexError, match="10 problems"):
            data[index]
    with pytest.raises(TypeError, match="found a value of type str"):
        data["1"]  # type: ignore[call-overload]


def test_a_slice_of_many_is_in_order() -> None:
    data = interplay.Dataset(**TERSE)
    assert [problem["id"] for problem in data[1000:2000]] == list(range(1000, 2000))
    assert data[1000:2000:37] == [data[index] for index in range(1000, 2000, 37)]


def test_slices_may_be_anywhere_and_sizes_are_bounded() -> None:
    data = interplay.Dataset(**TERSE)
    assert [problem["id"] for problem in data[2**62 : 2**62 + 2]] == [2**62, 2**62 + 1]
    largest = interplay.Dataset(**TERSE, size=2**63 - 1)
    assert largest[-1:-3:-1] == [largest[-1], largest[-2]]
    with pytest.raises(ValueError, match="size: expected at most"):
        interplay.Dataset(**TERSE, size=2**63)
    with pytest.raises(IndexError, match="64 bits"):
        data[2**64]
    assert data[:10_000][9_999]["id"] == 9_999


def test_ctrl_c_stops_a_slice() -> None:
    code = (
        "import interplay, os, signal, threading\n"
        # Programs in the background are started with Ctrl-C ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"data = interplay.Dataset(**{TERSE!r})\n"
        "threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n"
        "    data[: 2**40]\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped')\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert run.stdout.strip() == "stopped", run.stderr


def test_numbers_of_other_packages_and_ranges_are_settings() -> None:
    class Number:
        def __index__(self) -> int:
            return 3

    assert interplay.Dataset(op=Number(), dialect="terse")[0]["op"] == 3
    assert interplay.Dataset(op=range(2, 5), dialect="terse").spec["mixture"][0]["op"] is not None
    with pytest.raises(TypeError, match="op: expected plain numbers"):
        interplay.Dataset(op=object())


def test_an_endless_data_set_says_so() -> None:
    data = interplay.Dataset(**TERSE)
    assert data and data.size is None
    with pytest.raises(TypeError, match="size"):
        len(data)
    with pytest.raises(IndexError, match="endless"):
        data[-1]
    for cut in (slice(3, None), slice(-3, -1), slice(9, 3, -1)):
        with pytest.raises(ValueError, match="needs a stop"):
            data[cut]
    problems = iter(data)
    assert [next(problems)["id"] for _ in range(3)] == [0, 1, 2]


def test_pickling_keeps_every_setting() -> None:
    context = (
        'id = "flat"\ntotal = "total number of cakes"\nitems = ["bun", "pie"]\n'
        'places = ["Mill", "Lane"]\nterse = ["bun", "pie", "tart", "roll", "cake"]'
    )
    for data in (
        interplay.Dataset(**TERSE, seed=3, name="eval", size=50, part="test", split=(0.5, 0.25, 0.25)),
        interplay.Dataset(op=2, context="flat", dialect="terse", contexts=[context], distractors=0, seed=1, size=4),
    ):
        copy = pickle.loads(pickle.dumps(data))
        assert copy[:4] == data[:4] and len(copy) == len(data)
        assert (copy.seed, copy.name, copy.part) == (data.seed, data.name, data.part)


def test_parts_of_a_split_have_no_problem_in_common() -> None:
    parts = {part: interplay.Dataset(**TERSE, part=part, size=300) for part in ("train", "validation", "test")}
    texts = {part: {problem["problem"] for problem in data} for part, data in parts.items()}
    assert not texts["train"] & texts["test"] and not texts["train"] & texts["validation"]
    assert not texts["test"] & texts["validation"]
    with pytest.raises(ValueError, match="by: "):
        interplay.Dataset(**TERSE, by="sound")
    with pytest.raises(ValueError, match="part"):
        interplay.Dataset(**TERSE, part="dev")
    with pytest.raises(ValueError, match="split: expected a `part`"):
        interplay.Dataset(**TERSE, split=(0.8, 0.1, 0.1))


def test_every_published_mixture_and_context_is_found(tmp_path) -> None:
    assert "0.9zoo_op2-20+0.1teacher_op2" in interplay.presets()
    data = interplay.Dataset("0.9zoo_op2-20+0.1teacher_op2", dialect="prose", seed=1)
    assert len(data.spec["mixture"]) == 2 and data[0]["problem"]
    for context in interplay.contexts():
        assert interplay.Dataset(op=3, context=context)[0]["op"] == 3
    path = tmp_path / "spec.toml"
    toml = 'distractors = 0\n[[mixture]]\nop = "2-5"\ncontext = "zoo"\ndialect = "terse"\n'
    path.write_text(toml)
    assert interplay.Dataset(path)[:3] == interplay.Dataset(str(path))[:3] == interplay.Dataset(toml)[:3]
    with pytest.raises(FileNotFoundError, match="gone.toml"):
        interplay.Dataset("gone.toml")


@pytest.mark.parametrize(
    ("spec", "settings", "message"),
    [
        (None, {}, "op=\"2-10\""),
        (None, {"opp": 3}, "found opp"),
        (None, {"op": "2-"}, "not a set of numbers"),
        (None, {"op": "2-4", "context": "moon", "max_value": 1}, "(?s)moon.*max_value"),
        (None, {"op": 2, "dialect": "loud"}, "loud"),
        (None, {"op": 2, "colour": "red"}, "colour"),
        ("no such mixture", {}, "no such mixture"),
        ("[[mixture]]\nop = 2", {}, "dialect"),
        ("[[mixture]]\nop = 2", {"seed": 1, "op": 3}, "op: expected this setting in the TOML"),
        ({"mixture": []}, {"op": 3}, "mixture: expected in the spec or as a keyword"),
        ({"mixture": []}, {}, "at least one"),
        ({"max_value": float("nan")}, {"op": 3}, "max_value|spec: Out of range float"),
    ],
)
def test_a_wrong_setting_is_named(spec, settings, message) -> None:
    with pytest.raises(ValueError, match=message):
        interplay.Dataset(spec, **settings)


def test_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="spec: expected TOML"):
        interplay.Dataset(3)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        interplay.Dataset(pathlib.Path("nowhere.toml"))
