"""Files of jobs: what a line may say, and what is said of the others."""

import json

import pytest
from dragkit.standalone.batch import job_lines
from dragkit.standalone.batch.job_lines import arguments_of, edit_parser, read_jobs
from dragkit.standalone.cli import main, parser
from dragkit.standalone.user_input import UserError
from PIL import Image

JOB = {"image": "in.png", "points": "1,1 -> 2,2"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (20, 12)).save("in.png")
    Image.new("L", (20, 12)).save("mask.png")
    (tmp_path / "lora.safetensors").write_bytes(b"")
    return tmp_path


def lines(folder, *jobs):
    path = folder / "jobs.jsonl"
    path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in jobs))
    return path


def without_load(arguments):
    return {key: value for key, value in vars(arguments).items() if key not in ("load", "run")}


def test_a_job_gets_what_the_command_line_gets():
    words = {
        "mask": "mask.png", "method": "warp", "no-inpaint": True, "seam": 3, "strength": 0.5, "prompt": "-a -b",
        "lora": ["lora.safetensors", "lora.safetensors"], "seed": 2**64 - 1, "steps": None,
    }  # fmt: skip
    found = arguments_of(edit_parser(), JOB | words, "out.png")
    told = parser().parse_args(
        ["edit", "in.png", "--points", "1,1 -> 2,2", "--mask", "mask.png", "--method", "warp", "--no-inpaint", "--seam",
         "3", "--strength", "0.5", "--prompt=-a -b", "--lora", "lora.safetensors", "--lora", "lora.safetensors",
         "--seed", str(2**64 - 1), "-o", "out.png"]
    )  # fmt: skip
    assert without_load(found) == without_load(told)
    # points as JSON in the line itself, and a flag that is not set
    points = {"format": "dragkit.points", "version": 1, "points": []}
    found = arguments_of(edit_parser(), JOB | {"points": points, "no-inpaint": False}, "out.png")
    assert json.loads(found.points) == points and not found.no_inpaint


@pytest.mark.parametrize(
    "words,message",
    [
        ({"metod": "warp"}, "a job knows no 'metod'; there are: image, points, mask"),
        # an option's beginning, and what argparse would do on its own
        ({"meth": "warp"}, "a job knows no 'meth'"),
        ({"help": True}, "a job knows no 'help'"),
        ({"run": "x"}, "a job knows no 'run'"),
        ({"no-inpaint": "yes"}, "no-inpaint must be true or false"),
        ({"mask": True}, "mask must be a text or a number"),
        ({"mask": ["mask.png"]}, "mask must be a text or a number"),
        ({"lora": [["a"]]}, "lora must be a text or a number or a list of them"),
        ({"seed": 1.5}, "argument --seed: '1.5' is no whole number"),
        ({"method": "magic"}, "argument --method: invalid choice: 'magic'"),
        ({"mask": "none.png"}, "argument --mask: there is no file 'none.png'"),
        ({"points": None}, "the following arguments are required: --points"),
        ({"image": None}, "a job needs an image, the name of a picture"),
        ({"image": "--ray"}, "argument image: there is no file '--ray'"),
    ],
)
def test_words_that_are_none_are_said(words, message):
    with pytest.raises(UserError) as caught:
        arguments_of(edit_parser(), JOB | words, "out.png")
    assert message in str(caught.value)


def test_lines_are_jobs_with_names_of_their_own(folder):
    read = read_jobs(lines(folder, JOB, "", JOB | {"output": "cat.webp"}, "  "))
    assert [(job.line, job.output) for job in read] == [(1, "00001.png"), (3, "cat.webp")]
    path = folder / "jobs.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(JOB).encode() + b"\r\n" + json.dumps(JOB).encode())
    assert [job.words for job in read_jobs(path)] == [JOB, JOB]


LIGHT = JOB | {"method": "lightningdrag"}


@pytest.mark.parametrize(
    "jobs,message",
    [
        (["{"], "line 1 is no JSON"),
        (["[" * 100_000], "line 1 is no JSON"),
        (['{"seed": NaN}'], "line 1 is no JSON (NaN is no number)"),
        ([JOB, "[1]"], "line 2 is no job; a job is in braces"),
        (["\ud800" * 0], "holds no job"),
        ([JOB | {"output": 3}], "line 1: output must be a text"),
        *(([JOB | {"output": name}], "it must be the name alone of a picture")
          for name in ("../a.png", "a/b.png", "a\\b.png", "c:a.png", ".a.png", "a\n.png", "a" * 201)),
        *(([JOB | {"output": name}], "which cannot be the name of a picture") for name in ("", " ", "Summary")),
        ([JOB | {"output": "00002.png"}, JOB], "line 2: 00002.png would be written by line 1, too"),
        ([JOB | {"output": "A.png"}, JOB | {"output": "a.png"}], "line 2: a.png would be written by line 1, too"),
        ([LIGHT | {"output": "a.png", "candidates": 3}, JOB | {"output": "a-3.png"}], "line 2: a-3.png would be"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_file_of_jobs_is_refused_before_anything_is_done(folder, jobs, message):
    lines(folder, *jobs)
    with pytest.raises(SystemExit) as caught:
        main(["batch", "jobs.jsonl", "--out", "out"])
    text = str(caught.value.code)
    assert text.startswith("dragkit: ") and message in text and "\n" not in text
    assert not (folder / "out").exists()


def test_files_that_are_too_large_are_refused(folder, monkeypatch):
    monkeypatch.setattr(job_lines, "MOST", 2)
    assert len(read_jobs(lines(folder, JOB, JOB))) == 2
    with pytest.raises(UserError, match="more than 2 lines; share the jobs"):
        read_jobs(lines(folder, JOB, JOB, JOB))
    monkeypatch.setattr(job_lines, "LONGEST", 100)
    with pytest.raises(UserError, match="line 2 has more than 0 MiB"):
        read_jobs(lines(folder, JOB, JOB | {"points": "x" * 100}))
