"""What is refused before work begins: numbers out of range, files that are not there, results that cannot be kept."""

import os

import pytest
from dragkit.standalone.argument_types import output
from dragkit.standalone.cli import main
from dragkit.standalone.user_input import UserError
from PIL import Image

# command line up to the option that is tried, and where the tests stand
EDIT = ["edit", "in.png", "--points", "10,10 -> 20,10", "-o", "out.png"]
TRAIN = ["train-motion", "--synthetic", "--out", "out.safetensors"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 48), 128).save("in.png")
    (tmp_path / "folder").mkdir()
    return tmp_path


def refused(*words):
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    text = str(caught.value.code)
    assert text.startswith("dragkit: ") and "\n" not in text
    return text


@pytest.mark.parametrize(
    "words,option,values,range_",
    [
        (EDIT, "--strength", ("0", "-0.1", "1.5", "nan", "inf", "much"), "no number above 0 and at most 1"),
        (EDIT, "--steps", ("0", "-1", "1001", "2.5", "nan", "1_0", "٣"), "no whole number from 1 to 1000"),
        (EDIT, "--refinement", ("-1", "17"), "no whole number from 0 to 16"),
        (EDIT, "--consistency", ("-0.1", "1.1", "nan", "-inf"), "no number from 0 to 1"),
        (EDIT, "--rounds", ("-1", "1001"), "no whole number from 0 to 1000"),
        (EDIT, "--adam-steps", ("0", "101"), "no whole number from 1 to 100"),
        (EDIT, "--learning-rate", ("0", "-1", "1.1", "nan"), "no number above 0 and at most 1"),
        (EDIT, "--radius", ("-1", "17"), "no whole number from 0 to 16"),
        (EDIT, "--mask-weight", ("-1", "1e7", "inf", "nan"), "no number from 0 to 1e+06"),
        (EDIT, "--image-scale", ("-1", "101", "nan"), "no number from 0 to 100"),
        (EDIT, "--flow-scale", ("-1", "101", "inf"), "no number from 0 to 100"),
        (EDIT, "--points-scale", ("-1", "101", "nan"), "no number from 0 to 100"),
        (EDIT, "--seed", ("-1", str(2**64)), f"no whole number from 0 to {2**64 - 1}"),
        (EDIT, "--candidates", ("0", "65"), "no whole number from 1 to 64"),
        (EDIT, "--seam", ("-1", "257"), "no whole number from 0 to 256"),
        (EDIT, "--grow", ("-1", "257"), "no whole number from 0 to 256"),
        (EDIT, "--feather", ("-1", "65"), "no whole number from 0 to 64"),
        (["bench", "kernels"], "--seed", ("-1", "1000001"), "no whole number from 0 to 1000000"),
        (TRAIN, "--steps", ("0", "-5"), "no whole number from 1 to 100000000"),
        (TRAIN, "--batch", ("0", "10001"), "no whole number from 1 to 10000"),
        (TRAIN, "--learning-rate", ("0", "nan", "2"), "no number above 0 and at most 1"),
        (TRAIN, "--workers", ("-1", "257"), "no whole number from 0 to 256"),
        (TRAIN, "--seed", ("-1", "1000001"), "no whole number from 0 to 1000000"),
        (["train-demo", "folder"], "--autoencoder-steps", ("0",), "no whole number from 1"),
        (["train-demo", "folder"], "--decoder-steps", ("0",), "no whole number from 1"),
        (["train-demo", "folder"], "--unet-steps", ("0",), "no whole number from 1"),
        (["train-demo", "folder"], "--seed", ("-1",), "no whole number from 0"),
        (["train-flowdiffusion", "folder"], "--steps", ("0",), "no whole number from 1"),
        (["train-lightningdrag", "folder"], "--seed", ("1000001",), "no whole number from 0"),
    ],
)
def test_numbers_out_of_range(folder, words, option, values, range_):
    for value in values:
        assert f"argument {option}: {value!r} is {range_}" in refused(*words, f"{option}={value}")
    assert not list(folder.glob("out*")) and not list((folder / "folder").iterdir())


def test_every_number_has_a_range():
    from dragkit.standalone.cli import parser

    (commands,) = [one.choices for one in parser()._actions if one.choices and isinstance(one.choices, dict)]
    for name, command in commands.items():
        for action in command._actions:
            assert action.type not in (int, float), (name, action.dest)
            # what has a number for its default has a type
            assert not isinstance(action.default, (int, float)) or action.type or isinstance(action.default, bool)


@pytest.mark.parametrize(
    "words,message",
    [
        (["edit", "no.png", *EDIT[2:]], "argument image: there is no file 'no.png'"),
        (["edit", "folder", *EDIT[2:]], "argument image: 'folder' is a folder, but no file"),
        ([*EDIT, "--mask", "no.png"], "argument --mask: there is no file 'no.png'"),
        ([*EDIT, "--model", "nowhere"], "argument --model: there is no file or folder 'nowhere'; demo would do"),
        ([*EDIT, "--predictor", "nowhere"], "argument --predictor: there is no file 'nowhere'; tracking would do"),
        ([*EDIT, "--flowgen", "nowhere"], "argument --flowgen: there is no file 'nowhere'"),
        ([*EDIT, "--flowdiffusion", "nowhere"], "argument --flowdiffusion: there is no file or folder 'nowhere'"),
        ([*EDIT, "--lightningdrag", "nowhere"], "argument --lightningdrag: there is no file 'nowhere'"),
        ([*EDIT, "--image-encoder", "in.png"], "argument --image-encoder: 'in.png' is a file, but no folder"),
        ([*EDIT, "--lora", "folder"], "argument --lora: 'folder' is a folder, but no file"),
        ([*EDIT, "--lora", ""], "argument --lora: there is no file ''"),
        (["convert-lightningdrag", "no", "--out", "o.safetensors"], "no is neither a folder nor"),
        (["train-motion", "nowhere", "--out", "o.safetensors"], "argument DATA: there is no folder 'nowhere'"),
        ([*TRAIN, "--flow", "nowhere"], "argument --flow: there is no file 'nowhere'; dis and raft would do"),
        (["edit"], "the following arguments are required: image, --points, -o/--output"),
    ],
)
def test_files_that_are_not_there(words, message):
    assert message in refused(*words)


@pytest.mark.parametrize(
    "words",
    [
        ["demo", "-o"],
        [*EDIT[:-2], "-o"],
        ["bench", "kernels", "--json"],
        ["bench", "kernels", "--csv"],
        ["bench", "dynadrag", "--sheet"],
        ["convert-lightningdrag", "folder", "--out"],
        ["train-demo", "folder", "--out"],
        ["train-flowdiffusion", "folder", "--out"],
        ["train-lightningdrag", "folder", "--out"],
        ["train-motion", "--synthetic", "--out"],
    ],
)
def test_results_that_could_not_be_kept(folder, words):
    (folder / "folder.png").mkdir()
    assert "there is no folder 'missing' for 'out.png'; make it first" in refused(*words, "missing/out.png")
    assert "'folder.png' is a folder; name a file" in refused(*words, "folder.png")
    assert not list((folder / "folder").iterdir())


@pytest.mark.parametrize("name,message", [("out.xyz", "as '.xyz'"), ("out", "as 'out'"), ("out.psd", "as '.psd'")])
def test_pictures_of_kinds_that_cannot_be_written(name, message):
    for words in (["demo", "-o"], [*EDIT[:-2], "-o"], ["bench", "quality", "--sheet"]):
        assert f"no picture can be written {message}; .png always can" in refused(*words, name)


def test_files_that_allow_no_writing(folder, monkeypatch):
    # root may write everything
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UserError, match="'out.png' cannot be written"):
        output("out.png")
