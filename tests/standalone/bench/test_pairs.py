"""The bench of real pairs, on two that are made here: a patch of a texture moves over another one."""

import csv
import json
import sys

import pytest
import torch
from dragkit.standalone.bench import pairs, results, tables
from dragkit.standalone.bench.command import BENCHES
from dragkit.standalone.bench.metrics import load_lpips, psnr
from dragkit.standalone.bench.pairs import DRAGS, FLOW, METHODS, bench_pairs, methods_for, read_pairs
from dragkit.standalone.bench.results import FOLDER
from dragkit.standalone.cli import main
from dragkit.standalone.pictures import to_pil
from dragkit.standalone.scenes.random_choices import Dice
from dragkit.standalone.scenes.surfaces import texture
from dragkit.standalone.user_input import UserError
from safetensors.torch import save_file

HEIGHT, WIDTH = 70, 108
# rows and columns of the patch, and its way (x, y)
PATCH, WAY = (slice(None), slice(12, 44), slice(16, 60)), (14, 9)


def write_pair(folder, seed):
    folder.mkdir(parents=True)
    ground, thing = (texture(Dice(seed + i), 120)[:, :HEIGHT, :WIDTH] for i in (0, 10))
    source, target, mask = ground.clone(), ground.clone(), torch.zeros(3, HEIGHT, WIDTH)
    _, rows, columns = PATCH
    source[PATCH], mask[PATCH] = thing[PATCH], 1
    x, y = WAY
    target[:, rows.start + y : rows.stop + y, columns.start + x : columns.stop + x] = thing[PATCH]
    for name, picture in (("input", source), ("gt", target), ("mask", mask)):
        to_pil(picture).save(folder / f"{name}.png")
    (folder / "points.json").write_text(json.dumps({"points": [[30, 30], [30 + x, 30 + y]]}))
    # the second arrow pulls the other way
    several = {"points": [[24, 20], [24 + x, 20 + y], [50, 36], [50 - x, 36 - y]]}
    (folder / "points_flowdrag.json").write_text(json.dumps(several))


@pytest.fixture
def folder(tmp_path):
    """Two pairs, and a folder that an archive has left."""
    for name, seed in (("lion", 3), ("bird", 4)):
        write_pair(tmp_path / "pairs" / name, seed)
    (tmp_path / "pairs" / ".hidden").mkdir()
    return tmp_path / "pairs"


def by(rows, key="psnr_inside"):
    """{((case, drags), method): value}"""
    return {((row["case"], row["drags"]), row["method"]): row[key] for row in rows}


def test_a_motion_that_is_the_true_one_wins_and_the_two_kinds_of_drags_are_told_apart(folder):
    read = read_pairs(folder)
    assert [(pair.name, pair.drags, len(pair.points)) for pair in read] == [
        ("bird", "one arrow", 1), ("bird", "several arrows", 2), ("lion", "one arrow", 1), ("lion", "several arrows", 2)
    ]  # fmt: skip
    # a pixel counts from its middle
    assert read[0].points.to_grid(WIDTH, HEIGHT)[0].tolist() == [pytest.approx([30, 30])]
    rows, pictures = bench_pairs(read, methods_for(read, None))
    inside, outside = by(rows), by(rows, "psnr_outside")
    for pair in read[::2]:
        one, several = ((pair.name, drags) for drags in DRAGS)
        region = pair.mask[0] > 0.5
        assert region.sum() == 32 * 44
        assert inside[one, "nothing done"] == inside[several, "nothing done"] == psnr(pair.source, pair.target, region)
        assert outside[one, "nothing done"] == psnr(pair.source, pair.target, ~region)
        for method in ("rigid", "similarity", "nearest"):
            # what arrived, also outside the region, is right to the last bit of the files
            assert outside[one, method] > 60 > 40 > outside[one, "nothing done"]
            assert inside[one, method] > inside[one, "nothing done"] + 3
            assert inside[several, method] < inside[one, method] - 1
    assert {row["arrows"] for row in rows if row["drags"] == "several arrows"} == {2}
    # each pair a row of two, scaled to the same width
    columns = {column for _, column in pictures}
    assert columns == {"points", "truth"} | set(pairs.ALONE)
    assert {tuple(picture.shape) for picture in pictures.values()} == {(3, 2 * pairs.TILE, pairs.TILE)}


def test_what_opens_up_is_filled(folder):
    pair = read_pairs(folder)[0]
    result = METHODS["rigid"](None, pair)
    assert (result - pair.source)[:, 12:21, 16:60].abs().mean() > 0.05
    # between the values beside it
    assert result.min() >= pair.source.min() and result.max() <= pair.source.max()


def test_a_flow_beside_the_pictures_is_a_row(folder):
    flow = torch.tensor(WAY).float().view(1, 2, 1, 1).expand(-1, -1, HEIGHT, WIDTH).contiguous()
    for name, one in (("bird", flow), ("lion", torch.nn.functional.avg_pool2d(flow, 2) / 2)):
        save_file({"flow": one}, folder / name / FLOW)
    read = read_pairs(folder)
    rows, _ = bench_pairs(read, {name: METHODS[name] for name in ("rigid", "FLOW file")})
    found = by(rows)
    for name in ("bird", "lion"):
        for drags in DRAGS:
            assert found[(name, drags), "FLOW file"] == pytest.approx(found[(name, "one arrow"), "rigid"], abs=1e-3)
    assert list(methods_for(read, None)) == [*pairs.ALONE, "FLOW file"]


def test_models_redraw_whole_cells_and_all_rows_are_measured_on_these(folder, demo):
    read = read_pairs(folder, demo.multiple, every=5)
    assert {pair.name for pair in read} == {"bird"}
    rows, _ = bench_pairs(read, {name: METHODS[name] for name in ("nothing done", *pairs.BY_MODEL)}, demo)
    pair = read[0]
    assert pair.source.shape == pair.target.shape == (3, 64, 104) and pair.mask.shape == (1, 64, 104)
    # 2 columns and 3 rows lie in front of them
    assert pair.points.to_grid(104, 64)[0].tolist() == [pytest.approx([28, 27])]
    found, outside = by(rows), by(rows, "psnr_outside")
    assert found[("bird", "one arrow"), "nothing done"] == psnr(pair.source, pair.target, pair.mask[0] > 0.5)
    # the repaired warp has moved what the arrow moves, and redraws nothing far from it
    assert outside[("bird", "one arrow"), "Drag Warp and repair"] > outside[("bird", "one arrow"), "nothing done"] + 3
    assert outside[("bird", "one arrow"), "FastDrag"] < 60
    assert len(rows) == 6 and len(set(found.values())) == 5


def test_where_all_may_change_there_is_no_outside(folder):
    to_pil(torch.ones(3, HEIGHT, WIDTH)).save(folder / "bird" / "mask.png")
    rows, _ = bench_pairs(read_pairs(folder), {"nothing done": METHODS["nothing done"]})
    assert [row["psnr_outside"] is None for row in rows] == [True, True, False, False]
    assert tables.pairs(rows).splitlines()[2].split("|")[4].strip() == "–"


def test_the_table_of_pairs_and_lpips_where_it_is_known(folder):
    read = read_pairs(folder)
    asked = {"nothing done": METHODS["nothing done"]}
    rows, _ = bench_pairs(read, asked, lpips=lambda result, target: 0.25)
    head, _, line = tables.pairs(rows).splitlines()
    cells = [[cell.strip() for cell in text.split("|")[1:-1]] for text in (head, line)]
    assert cells[0] == ["method"] + [
        f"{drags}: {name}"
        for drags in DRAGS
        for name in ("PSNR in, dB", "SSIM in", "PSNR out, dB", "SSIM out", "LPIPS")
    ]
    mean = sum(row["psnr_inside"] for row in rows) / 4
    assert cells[1][:2] == ["nothing done", f"{mean:.2f}"] and cells[1][5] == cells[1][10] == "0.250"
    assert "LPIPS" not in tables.pairs(bench_pairs(read, asked)[0])


def test_lpips_that_cannot_be_measured_says_why(monkeypatch, tmp_path):
    # as if the package were not installed
    monkeypatch.setitem(sys.modules, "lpips", None)
    assert "it needs the package lpips" in load_lpips()
    with pytest.raises(UserError, match=r"^--lpips \S+alex.pth: LPIPS cannot be measured .*it needs the package lpips"):
        load_lpips(tmp_path / "alex.pth")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder that stands for the checkout, without LPIPS."""
    (tmp_path / FOLDER).mkdir(parents=True)
    monkeypatch.setattr(results.place, "__defaults__", (tmp_path,))
    monkeypatch.setitem(sys.modules, "lpips", None)
    monkeypatch.setattr(pairs, "ALONE", {name: METHODS[name] for name in ("nothing done", "rigid")})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_keeps_numbers_and_no_place_of_the_pairs(folder, checkout, capsys):
    main(["bench", "pairs", str(folder), "--csv", "pairs.csv", "--sheet", "sheet.png"])
    out = capsys.readouterr().out
    assert "LPIPS cannot be measured" in out and "(points, nothing done, rigid, truth): sheet.png" in out
    path = checkout / FOLDER / "pairs.json"
    document = results.read(path)
    assert document["command"] == "dragkit bench pairs FOLDER" and str(checkout) not in path.read_text()
    assert len(document["rows"]) == 2 * 2 * 2
    with open("pairs.csv", newline="") as file:
        assert [row["method"] for row in csv.DictReader(file)] == 4 * ["nothing done", "rigid"]
    from PIL import Image

    assert Image.open("sheet.png").size == (4 * pairs.TILE, 2 * 2 * pairs.TILE)

    # a part, or a quick run, does not take the place of the whole
    before = path.read_text()
    main(["bench", "pairs", str(folder), "--methods", "rigid"])
    assert "What --methods measured is not kept" in capsys.readouterr().out and path.read_text() == before
    main(["bench", "pairs", str(folder), "--quick", "--json", "quick.json"])
    assert path.read_text() == before
    quick = json.loads((checkout / "quick.json").read_text())
    assert {row["case"] for row in quick["rows"]} == {"bird"}
    assert quick["command"] == "dragkit bench pairs --quick FOLDER"


@pytest.mark.parametrize(
    "words,message",
    [
        (["pairs"], "bench pairs needs a FOLDER with a folder for each pair"),
        (["pairs", "nowhere"], "nowhere is no folder; bench pairs needs one"),
        (["pairs", "docs/results"], "docs/results has no folders; each pair is one"),
        (["pairs", "pairs", "--methods", "FastDrag"], "--methods 'FastDrag' needs --model"),
        (["pairs", "pairs", "--methods", "FLOW file"], "--methods 'FLOW file' needs flow.safetensors in the folder of"),
        (["pairs", "pairs", "--methods", "held"], "--methods knows no 'held'; there are: nothing done, stretch"),
        (["pairs", "pairs", "--lpips", "alex.pth"], "--lpips alex.pth: LPIPS cannot be measured"),
        (["pairs", "pairs", "--only", "fastdrag"], "--only is not for bench pairs"),
        *((
            [what, *words], f"{words[0]} is not for bench {what}"
        ) for what in BENCHES if what not in ("pairs", "dragbench")
        for words in (["--model", "demo"], ["--lpips", "alex.pth"], ["--options", "{}"], ["--out", "out"])),
        (["motion", "pairs"], "FOLDER is not for bench motion"),
    ],
)  # fmt: skip
def test_wrong_words_are_said(folder, checkout, words, message):
    with pytest.raises(SystemExit) as error:
        main(["bench", *words])
    assert str(error.value).startswith(f"dragkit: {message}") and "\n" not in str(error.value)


def _cut(name):
    return lambda pair: to_pil(torch.rand(3, HEIGHT - 2, WIDTH)).save(pair / name)


def _text(name, text):
    return lambda pair: (pair / name).write_text(text)


def _tensors(**tensors):
    return lambda pair: save_file(tensors, pair / FLOW)


SHAPE = 'must be {"points": [[x, y], ...]}, handle and target in turn, in pixels'
ODD = [(text, SHAPE) for text in (
    "{", "[[1, 2], [3, 4]]", '{"points": []}', '{"points": [[1, 2]]}', '{"points": [[1, 2, 3], [1, 2, 3]]}',
    '{"points": [[1, 2], [3, "a"]]}', '{"points": null}', '{"handles": [[1, 2], [3, 4]]}',
)]  # fmt: skip


@pytest.mark.parametrize(
    "spoil,message",
    [
        *((lambda pair, name=name: (pair / name).unlink(), f"there is no file pairs/lion/{name}")
          for name in ("input.png", "gt.png", "mask.png")),
        *((lambda pair, name=name: (pair / name).unlink(),
           f"lion/{name} cannot be read (FileNotFoundError); a pair has points.json and points_flowdrag.json")
          for name in DRAGS.values()),
        (_text("gt.png", "no picture"), "lion/gt.png is no picture that can be read"),
        (_cut("gt.png"), "lion/gt.png is 108 x 68, but input.png is 108 x 70; the pictures of a pair have one size"),
        (_cut("mask.png"), "lion/mask.png is 108 x 68, but input.png is 108 x 70"),
        (lambda pair: to_pil(torch.zeros(3, HEIGHT, WIDTH)).save(pair / "mask.png"),
         "lion/mask.png has nothing painted"),
        *((_text("points.json", text), f"lion/points.json {message}") for text, message in ODD),
        (_text("points_flowdrag.json", '{"points": [[108, 2], [3, 4]]}'),
         "lion/points_flowdrag.json: Drag Points: point 1 has handle x = 108.5; the picture is 108 x 70 pixels"),
        (_text("points.json", '{"points": [[1, 2], [3, NaN]]}'),
         "lion/points.json: Drag Points: point 1 has target y = nan"),
        (_text("points.json", '{"points": [[1, 2], [3, 4], [5, 6], [7, 8]]}'),
         "lion/points.json has 2 arrows; it must have one"),
        (_tensors(flow=torch.zeros(1, 2, HEIGHT, WIDTH)),
         "bird has no flow.safetensors, but other pairs have; all of them must or none"),
        (_tensors(motion=torch.zeros(1)), "lion/flow.safetensors has no tensor flow, [1, 2, height, width] in pixels"),
        (_tensors(flow=torch.zeros(2, HEIGHT, WIDTH)), "lion/flow.safetensors has shape [2, 70, 108]; a FLOW is"),
        (_tensors(flow=torch.zeros(3, 2, HEIGHT, WIDTH)), "lion/flow.safetensors has 3 flows; it must have one"),
        (_text(FLOW, "no tensors"), "lion/flow.safetensors is no safetensors file that can be read"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_pair_is_said_in_one_sentence(folder, checkout, spoil, message):
    spoil(folder / "lion")
    with pytest.raises(SystemExit) as error:
        main(["bench", "pairs", "pairs"])
    assert message in str(error.value) and "\n" not in str(error.value)
