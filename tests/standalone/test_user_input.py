"""Points as a person names them: text, or files as editors on any system write them."""

import pytest
import torch
from dragkit.standalone.user_input import UserError, read_points

TEXT = "10,12 -> 20,12 # première\n30,5 -> 31,6\n"
SIZE = (64, 48)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_points_in_every_encoding(tmp_path, encoding, end):
    content = TEXT.replace("\n", end)
    # the two of a fixed order are written without a mark
    content = "\ufeff" + content if encoding in ("utf-16-le", "utf-16-be") else content
    (tmp_path / "points.txt").write_bytes(content.encode(encoding))
    points = read_points(str(tmp_path / "points.txt"), SIZE)
    handles, targets = points.to_pixels(*SIZE)
    assert torch.equal(handles, torch.tensor([[10, 12], [30, 5]], dtype=torch.float64))
    assert torch.equal(targets, torch.tensor([[20, 12], [31, 6]], dtype=torch.float64))


def test_json_with_a_mark(tmp_path):
    (tmp_path / "points.json").write_text("[[10, 12], [20, 12]]", encoding="utf-8-sig")
    assert len(read_points(str(tmp_path / "points.json"), SIZE)) == 1


@pytest.mark.parametrize(
    "name", ["points.txt", "folder/points.json", "C:\\drags\\points.txt", "pionts", "my drags.txt"]
)
def test_a_mistyped_file_name_is_no_drag(name):
    with pytest.raises(UserError, match="there is no such file") as caught:
        read_points(name, SIZE)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("text", ["10,12 > 20,12", "10,12", "10,12 -> 20", "10,12 -> x", "[[1, 2], [3"])
def test_a_mistyped_drag_is_no_file(text):
    with pytest.raises(ValueError, match="is no drag|no valid JSON"):
        read_points(text, SIZE)


@pytest.mark.parametrize("text,count", [("", 0), ("  \n", 0), ("1e1,12 -> 2E1,12", 1), ("# nothing", 0)])
def test_texts_that_are_points(text, count):
    assert len(read_points(text, SIZE)) == count


def test_other_files_are_refused(tmp_path):
    (tmp_path / "points.bin").write_bytes(bytes(range(256)))
    with pytest.raises(UserError, match="points.bin holds no text; points are JSON or lines"):
        read_points(str(tmp_path / "points.bin"), SIZE)
    with pytest.raises(UserError, match="a folder; name a file"):
        read_points(str(tmp_path), SIZE)


def test_a_list_that_can_mean_two_things_says_what_it_was_taken_for(capsys):
    four = '[{"x":5,"y":5},{"x":10,"y":5},{"x":5,"y":20},{"x":10,"y":20}]'
    assert len(read_points(four, SIZE)) == 1
    assert (
        "The points: 4 positions in one list are one track, a drag from the first to the last"
        in capsys.readouterr().err
    )
    assert len(read_points('[{"x":5,"y":5},{"x":10,"y":20}]', SIZE)) == 1 and not capsys.readouterr().err
