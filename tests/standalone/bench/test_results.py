"""Files of results: what the benches write, what is kept, and what may stand beside what."""

import json
import platform
import re
import subprocess

import pytest
from dragkit.standalone.bench import motion as bench_motion
from dragkit.standalone.bench import quality as bench_quality
from dragkit.standalone.bench import results
from dragkit.standalone.bench.command import BENCHES
from dragkit.standalone.bench.results import FOLDER, ROOT, ResultsError, check, commit, read, write
from dragkit.standalone.cli import main

KEPT = sorted((ROOT / FOLDER).glob("*.json"))
DOCUMENT = {
    "bench": "motion", "command": "dragkit bench motion", "date": "2026-11-26", "commit": "0123456789",
    "versions": {"dragkit": "0.1.0", "python": "3.11.7", "torch": "2.13.0", "diffusers": "0.42.1"},
    "machine": {"system": "Linux", "processor": "x86_64", "cores": 2, "threads": 1, "device": "cpu"},
    "seed": 0, "rows": [{"method": "a", "value": 1 / 3}, {"method": "b", "value": None}],
}  # fmt: skip


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder that stands for the checkout."""
    (tmp_path / FOLDER).mkdir(parents=True)
    monkeypatch.setattr(results.place, "__defaults__", (tmp_path,))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_a_kept_file_says_what_was_measured_and_nothing_of_whose_machine_it_was(path):
    document = read(path)
    assert document["bench"] in results.COMMANDS
    text = path.read_text()
    # a path from the root, a home folder, a drive, an address
    assert not re.search(r"(?<![\w.])[/~]\w|[A-Za-z]:\\|://", text)
    for part in ("machine", "versions"):
        assert all(re.fullmatch(r"[\w.+ -]+", str(value)) for value in document[part].values())
    # short enough to read what changed
    assert len(text) < 800_000


def test_what_is_measured_here_is_said_without_saying_where_here_is():
    document = results.about("motion", ["dragkit", "bench", "motion"], seed=3) | {"rows": DOCUMENT["rows"]}
    check(document, "motion.json")
    text = json.dumps(document)
    assert document["seed"] == 3 and platform.node() not in text and str(ROOT) not in text


def test_a_document_is_read_as_it_was_written_with_numbers_of_four_digits(tmp_path):
    path = tmp_path / "motion.json"
    write(DOCUMENT, path)
    assert read(path) == DOCUMENT | {"rows": [{"method": "a", "value": 0.3333}, {"method": "b", "value": None}]}
    # a line per row
    assert path.read_text().count('{"method"') == path.read_text().count('\n  {"method"') == 2
    with pytest.raises(ValueError):
        write(DOCUMENT | {"rows": [{"value": float("nan")}]}, path)


@pytest.mark.parametrize(
    "change,message",
    [
        *(({key: ...}, f"motion.json holds no result of a bench: its {key} is missing") for key in DOCUMENT),
        ({"seed": "0"}, "its seed is missing or of another kind"),
        ({"host": "me"}, "motion.json holds host, which does not belong there"),
        ({"bench": "cost"}, "motion.json holds a result of the bench cost"),
        ({"machine": DOCUMENT["machine"] | {"name": "me"}}, "does not say .* the machine's class"),
        ({"versions": {"dragkit": "0.1.0"}}, "does not say the versions"),
        ({"rows": []}, "motion.json has no rows"),
        ({"rows": [[1, 2]]}, "motion.json has no rows"),
    ],
)
def test_other_documents_are_refused(tmp_path, change, message):
    document = {key: value for key, value in (DOCUMENT | change).items() if value is not ...}
    (tmp_path / "motion.json").write_text(json.dumps(document))
    with pytest.raises(ResultsError, match=message):
        read(tmp_path / "motion.json")


def test_a_file_that_is_not_json_is_refused(tmp_path):
    (tmp_path / "motion.json").write_text("{")
    with pytest.raises(ResultsError, match="motion.json is not JSON"):
        read(tmp_path / "motion.json")


def test_the_commit_says_whether_code_has_changed(tmp_path):
    def git(*words):
        me = ("-c", "user.name=me", "-c", "user.email=me@example.org")
        subprocess.run(["git", "-C", tmp_path, *me, *words], check=True, capture_output=True)

    assert commit(tmp_path) is None
    git("init")
    # no commit to name
    assert commit(tmp_path) is None
    for name in ("code.py", "README.md", "docs/results/motion.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before")
    git("add", ".")
    git("commit", "-m", "first")
    name = commit(tmp_path)
    assert re.fullmatch("[0-9a-f]{10}", name)
    for path in ("README.md", "docs/results/motion.json", "docs/results/cost.json"):
        (tmp_path / path).write_text("after")
    assert commit(tmp_path) == name
    (tmp_path / "code.py").write_text("after")
    assert commit(tmp_path) == f"{name}+"
    # a pack that was installed into somebody else's checkout
    (tmp_path / "installed").mkdir()
    assert commit(tmp_path / "installed") is None


@pytest.fixture
def motions(monkeypatch):
    """A motion bench of one row."""
    asked = []
    monkeypatch.setattr(
        bench_motion, "bench_motion", lambda count, seed: asked.append((count, seed)) or [ROW | {"handles": 2}]
    )
    return asked


ROW = {"kind": "rotation", "method": "LWF", "path": 0.5, "flow": 1.5, "rounds": 4, "guarded": 0.0, "reached": True}


def test_a_bench_keeps_its_result_in_the_checkout(checkout, motions, capsys):
    main(["bench", "motion", "--seed", "2"])
    document = read(checkout / FOLDER / "motion.json")
    assert document["command"] == "dragkit bench motion --seed 2" and document["seed"] == 2 and motions == [(40, 2)]
    assert document["rows"] == [ROW | {"handles": 2}] and "motion.json" in capsys.readouterr().out


def test_a_quick_run_is_kept_only_where_it_is_told(checkout, motions, capsys):
    main(["bench", "motion", "--quick"])
    assert not list((checkout / FOLDER).iterdir()) and "--quick" in capsys.readouterr().out
    main(["bench", "motion", "--quick", "--json", "motion.json", "--csv", "motion.csv"])
    assert not list((checkout / FOLDER).iterdir())
    assert read(checkout / "motion.json")["command"] == "dragkit bench motion --quick"
    assert (checkout / "motion.csv").read_text().splitlines() == [
        "kind,method,path,flow,rounds,guarded,reached,handles", "rotation,LWF,0.5,1.5,4,0.0,True,2"
    ]  # fmt: skip


def test_outside_a_checkout_nothing_is_kept(checkout, motions):
    (checkout / FOLDER).rmdir()
    main(["bench", "motion"])
    assert not list(checkout.rglob("*.json"))


@pytest.fixture
def qualities(monkeypatch):
    """A quality bench of one case whose methods all measure the number in the list."""
    found = [1.0]

    def bench(quick, seed, methods, ray=None):
        common = dict.fromkeys(("distance", "psnr_inside", "psnr_outside", "ssim_inside", "ssim_outside"), found[0])
        common |= dict.fromkeys(("evaluations", "gradient_steps", "seconds", "floor_seconds", "peak_mib"), 0)
        return [{"case": "c", "kind": "pull", "trained": True, "method": name} | common for name in methods], {}

    monkeypatch.setattr(bench_quality, "bench_quality", bench)
    monkeypatch.setattr(bench_quality, "bench_autoencoder", lambda: [])
    return found


def test_some_methods_measured_anew_take_their_place_among_the_rest(checkout, qualities, monkeypatch):
    main(["bench", "quality"])
    path = checkout / FOLDER / "quality.json"
    before = read(path)
    assert "InstantDrag LWF" in {row["method"] for row in before["rows"]}
    qualities[0] = 2.0
    monkeypatch.setattr(results, "commit", lambda: "fedcba9876")
    main(["bench", "quality", "--methods", "FastDrag inverse, InstantDrag LWF"])
    after = read(path)
    assert {key: after[key] for key in after if key != "rows"} == {key: before[key] for key in before if key != "rows"}
    fresh = {row["method"] for row in after["rows"] if row["distance"] == 2 and row["commit"] == "fedcba9876"}
    assert fresh == {"FastDrag inverse", "InstantDrag LWF"} and len(after["rows"]) == len(before["rows"])
    assert [row for row in after["rows"] if "commit" not in row] == [
        row for row in before["rows"] if row["method"] not in fresh
    ]
    # a file of its own holds them alone
    main(["bench", "quality", "--methods", "FastDrag inverse", "--json", "part.json"])
    assert len(json.loads((checkout / "part.json").read_text())["rows"]) == 1


@pytest.mark.parametrize(
    "change,message",
    [
        ({"seed": 1}, "seed is 1, now 0"),
        ({"command": "dragkit bench quality --quick"}, "quick is True, now False"),
        ({"machine": DOCUMENT["machine"] | {"cores": 99}}, "machine is .*99"),
    ],
)
def test_methods_measured_otherwise_do_not_mix(checkout, qualities, change, message):
    main(["bench", "quality"])
    path = checkout / FOLDER / "quality.json"
    write(read(path) | change, path)
    before = path.read_text()
    with pytest.raises(SystemExit, match=message):
        main(["bench", "quality", "--methods", "nothing done"])
    assert path.read_text() == before


@pytest.mark.parametrize("words", [["quality", "--methods", "FastDrag"], ["cost", "--only", "fastdrag,dynadrag"]])
def test_unknown_methods_are_named(checkout, words):
    with pytest.raises(SystemExit, match=f"{words[1]} knows no '(FastDrag|dynadrag)'; there are: .*"):
        main(["bench", *words])


def test_parts_are_asked_of_the_bench_that_has_them(checkout, motions):
    with pytest.raises(SystemExit, match="dragkit: --methods is not for bench motion"):
        main(["bench", "motion", "--methods", "LWF"])
    assert not motions


def test_every_bench_has_a_command():
    assert {f"dragkit bench {what}" for what in BENCHES} == {
        " ".join(command.split()[:3]) for command in results.COMMANDS.values() if command.startswith("dragkit")
    }
