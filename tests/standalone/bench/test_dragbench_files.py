"""DragBench's files: what they hold is read, and what they should not hold is never run."""

import os
import pickle
import pickletools
import struct

import numpy as np
import pytest
import torch
from dragkit.standalone.bench.dragbench_files import read_meta, read_sample, sample_names
from dragkit.standalone.pictures import to_pil
from dragkit.standalone.user_input import UserError

from ..models.payload import Executed, Payload

HEIGHT, WIDTH = 30, 44
MASK = np.zeros((HEIGHT, WIDTH), np.uint8)
MASK[5:20, 8:40] = 1
META = {"prompt": "a lion", "points": [(10, 7), [30, 12], [9, 9], (9, 11)], "mask": MASK}


def write(folder, meta=META, raw=None):
    folder.mkdir(parents=True, exist_ok=True)
    to_pil(torch.rand(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))).save(folder / "original_image.png")
    (folder / "meta_data.pkl").write_bytes(pickle.dumps(meta) if raw is None else raw)
    return folder


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "mask", [MASK, MASK.astype(bool), MASK.astype(float), MASK.astype(">i4"), np.asfortranarray(MASK)]
)
def test_what_numpy_has_pickled_is_read(tmp_path, protocol, mask):
    points = [np.array([10, 7]), (np.int64(30), np.float32(12.75)), [9, 9], (9, 11)]
    raw = pickle.dumps(META | {"mask": mask, "points": points}, protocol)
    for version in (raw, raw.replace(b"numpy._core", b"numpy.core")) if protocol < 4 else (raw,):
        sample = read_sample(write(tmp_path / "lion", raw=version), "lion")
        assert sample.prompt == "a lion" and sample.picture.shape == (3, HEIGHT, WIDTH)
        assert sample.handles.tolist() == [[10, 7], [9, 9]] and sample.targets.tolist() == [[30, 12], [9, 11]]
        assert torch.equal(sample.mask, torch.from_numpy(MASK > 0))


def test_an_array_of_points_is_read_and_a_mask_of_nothing_is_none(tmp_path):
    meta = META | {"points": np.array(META["points"]), "mask": 0 * MASK}
    sample = read_sample(write(tmp_path / "lion", meta), "lion")
    assert sample.targets.tolist() == [[30, 12], [9, 11]] and sample.mask.all()


class Calls:
    def __init__(self, what, *words):
        self.call = what, words

    def __reduce__(self):
        return self.call


def test_the_malicious_pickle_is_one_else():
    with pytest.raises(Executed):
        pickle.loads(pickle.dumps(Payload()))


ARRAY = np.zeros(3)
BOMB = b"\x80\x02]r" + struct.pack("<I", 2**31) + b"."


@pytest.mark.parametrize(
    "raw,message",
    [
        (pickle.dumps(META | {"more": Payload()}), "asks for "),
        (pickle.dumps(Calls(os.system, "true")), "asks for posix.system"),
        (pickle.dumps(Calls(eval, "1")), "asks for builtins.eval"),
        (pickle.dumps(Calls(getattr, 1, "real")), "asks for builtins.getattr"),
        (pickle.dumps(Calls(np.fromfile, "/etc/hostname")), "asks for numpy"),
        (pickle.dumps(Calls(np.load, "x.npy", None, True)), "asks for numpy"),
        # numpy's own words, to do what its arrays never do
        (pickle.dumps(Calls(np.ndarray, (2**40,))), "asks for an array without numbers"),
        (pickle.dumps(Calls(np.dtype, "O")), "asks for numbers of the type O"),
        (pickle.dumps(META | {"mask": np.array([Payload], object)}), "asks for "),
        (pickle.dumps(META | {"mask": np.zeros(2, [("a", "u1")])}), "asks for "),
        (pickle.dumps(torch.zeros(2)), "asks for torch"),
        (b"\x80\x02cnumpy\nndarray\n}X\x01\x00\x00\x00aK\x01sb.", "is no pickle of"),
        (b"\x80\x04\x8c\x01a\x8c\x01b\x93.", "asks for a.b"),
        (b"P1\n.", "asks for something outside the file"),
        (b"\x80\x02\x82\x01.", "asks for an extension"),
        (b"", "is no pickle of"),
        (b"no pickle", "is no pickle of"),
        (pickle.dumps(META)[:-20], "is no pickle of"),
        (pickle.dumps([META]), "holds no dictionary"),
    ],
)
def test_nothing_else_is_unpickled(raw, message):
    with pytest.raises(UserError) as caught:
        read_meta(raw, "lion/meta_data.pkl")
    text = str(caught.value)
    assert text.startswith(f"lion/meta_data.pkl {message}") and "\n" not in text and len(text) < 300


def test_a_few_bytes_make_no_room_for_many():
    # the quick unpickler makes a list as long as the number says
    assert [code.name for code, *_ in pickletools.genops(BOMB)] == ["PROTO", "EMPTY_LIST", "LONG_BINPUT", "STOP"]
    with pytest.raises(UserError, match="holds no dictionary"):
        read_meta(BOMB, "meta")
    with pytest.raises(UserError, match="more than 64 MiB"):
        read_meta(bytes((64 << 20) + 1), "meta")


def test_an_array_that_lies_about_its_size_is_refused():
    raw, told = pickle.dumps(META, 2), bytes([ord("K"), HEIGHT, ord("K"), WIDTH])
    assert raw.count(told) == 1
    with pytest.raises(UserError, match="asks for an array of another size than it says"):
        read_meta(raw.replace(told, bytes([ord("K"), HEIGHT + 1, ord("K"), WIDTH])), "meta")


@pytest.mark.parametrize(
    "change,message",
    [
        ({"prompt": None}, "prompt must be a text of at most 10000 letters"),
        ({"prompt": "a" * 10_001}, "prompt must be a text"),
        ({"mask": None}, "the mask is none; it must be 44 x 30, as original_image.png"),
        ({"mask": MASK[:-1]}, "the mask is 44 x 29; it must be 44 x 30"),
        ({"mask": MASK[..., None]}, "the mask is 1 x 44 x 30"),
        *(({"points": points}, "points must be [x, y] of a handle and its target in turn, 1 to 256 pairs")
          for points in ([], [(1, 2)], [(1, 2), (3,)], [(1, 2), (3, "4")], [(1, 2), (3, float("nan"))], 7,
                         [[1, 2]] * 514, [(1, 2), (3, True)], np.zeros((2, 3)), np.zeros((600, 2)), {"a": 1})),
        ({"points": [(1, 2), (44, 2)]}, "has a point at (44, 2); the picture is 44 x 30 pixels"),
        ({"points": [(1, 2), (3, -1)]}, "has a point at (3, -1)"),
        ({"points": [(1, 2), (10**400, 1)]}, "points must be"),
    ],
)  # fmt: skip
def test_what_is_not_as_in_dragbench_is_said(tmp_path, change, message):
    write(tmp_path / "lion", META | change)
    with pytest.raises(UserError) as caught:
        read_sample(tmp_path / "lion", "lion")
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_samples_are_found_in_the_folders_of_either_bench(tmp_path):
    for name in ("animals/b", "animals/a", "art_0", ".git/c"):
        write(tmp_path / name)
    assert sample_names(tmp_path) == ["animals/a", "animals/b", "art_0"]
    (tmp_path / "animals/a/original_image.png").unlink()
    with pytest.raises(UserError, match="there is no file .*original_image.png"):
        read_sample(tmp_path / "animals/a", "a")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty has no folders with original_image.png and meta_data.pkl"):
        sample_names(tmp_path / "empty")
