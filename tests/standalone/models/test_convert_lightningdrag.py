"""`dragkit convert-lightningdrag`: the published files become one."""

import shutil

import pytest
import torch
from dragkit.standalone.cli import main
from safetensors.torch import load_file, save_file

from ...golden import lightningdrag_tiny as tiny
from .payload import Payload


def published_files(folder):
    """The four published files of the tiny weights, under their names; attention weights have other image tokens."""
    weights = tiny.drag_weights()
    attention, image_tokens = {}, {}
    for i, block in enumerate(weights.points):
        attention |= {f"{2 * i}.{key}": value for key, value in weights.points[block].items()}
        image_tokens |= {f"{2 * i + 1}.{key}": value for key, value in weights.image_tokens[block].items()}
    attention |= {key: torch.zeros_like(value) for key, value in image_tokens.items()}
    (folder / "appearance_encoder").mkdir(parents=True)
    torch.save(attention, folder / "lightning-drag-sd15-attn.bin")
    torch.save(weights.point_embedding, folder / "point_embedding.pt")
    torch.save({"image_proj": weights.image_proj, "ip_adapter": image_tokens}, folder / "ip-adapter_sd15.bin")
    save_file(weights.appearance, folder / "appearance_encoder" / "diffusion_pytorch_model.safetensors")


def test_published_files_become_one(file, tmp_path, capsys):
    folder, out = tmp_path / "published", tmp_path / "one.safetensors"
    published_files(folder)
    (folder / "README.bin").write_text("not looked at")
    main(["convert-lightningdrag", str(folder), "--out", str(out)])
    assert "appearance encoder: " in capsys.readouterr().out
    found, expected = load_file(out), load_file(file)
    assert found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in found)
    main(["convert-lightningdrag", str(folder), "--out", str(out), "--half"])
    assert out.stat().st_size < 0.6 * file.stat().st_size and load_file(out)["image_proj.norm.bias"].dtype == torch.half


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "point_embedding.pt").unlink(), "point embedding is missing; found: app"),
        (lambda folder: torch.save({"x": torch.zeros(1)}, folder / "point_embedding.pt"), "is none of LightningDrag's"),
        (lambda folder: torch.save({"x": Payload()}, folder / "point_embedding.pt"), "cannot be read as weights"),
        (
            lambda folder: shutil.copy(folder / "ip-adapter_sd15.bin", folder / "point_embedding.pt"),
            "ip-adapter_sd15.bin and .*point_embedding.pt are both the IP-Adapter",
        ),
        (lambda folder: shutil.rmtree(folder), "is neither a folder nor a .bin, .pt, .safetensors file"),
    ],
)
def test_files_that_cannot_be_converted_are_named(change, said, tmp_path):
    published_files(tmp_path / "published")
    change(tmp_path / "published")
    with pytest.raises(SystemExit, match=said) as error:
        main(["convert-lightningdrag", str(tmp_path / "published"), "--out", str(tmp_path / "one.safetensors")])
    assert "\n" not in str(error.value) and not (tmp_path / "one.safetensors").exists()
