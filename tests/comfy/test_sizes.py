"""Pictures whose sides are no whole latent cells, through every template: back at their own size, in their place."""

import pytest
import torch

from .templates import DEMOS, numbers, opened, with_photograph, with_tiny_models

# every remainder of a cell of 8 and of 16 along each side, no picture square
SIZES = [(side, 249 + (7 * (side - 249) + 5) % 16) for side in range(249, 265)]
# one template of each shape: the others differ from one of these in their models alone
SHAPES = [
    *DEMOS,
    "Drag and repair (SD1.5 inpainting)",
    "Drag what you click on (SAM3, SD1.5 inpainting)",
    "LightningDrag (SD1.5 inpainting)",
]
# steps that are enough to see where things are
FEW = {
    "DragKitDynaDrag": {"rounds": 1, "adam_steps": 1, "steps": 2},
    "DragKitKVCacheInversion": {"steps": 3},
    "BasicScheduler": {"steps": 2},
    "KSampler": {"steps": 2},
}


def sources(node):
    return [link[0] for link in node["inputs"].values() if isinstance(link, list)]


def on_sizes(prompt, ends, picture, sizes):
    """One prompt of what leads to the nodes `ends` of a template, for pictures of all sizes (width, height) in place of
    the link `picture`: nodes that take something are there once per size, as `number.width`."""
    needed = list(ends)
    for number in needed:
        needed += [source for source in sources(prompt[number]) if source not in needed]
    made = [number for number in needed if sources(prompt[number])]
    whole = {number: prompt[number] for number in needed if number not in made}
    for width, height in sizes:

        def there(link, width=width):
            if link == picture:
                return [f"scaled.{width}", 0]
            return [f"{link[0]}.{width}", link[1]] if link[0] in made else link

        scale = {"upscale_method": "lanczos", "crop": "disabled", "width": width, "height": height, "image": picture}
        whole[f"scaled.{width}"] = {"class_type": "ImageScale", "inputs": scale}
        for number in made:
            kind, inputs = prompt[number]["class_type"], prompt[number]["inputs"]
            inputs = {name: there(value) if isinstance(value, list) else value for name, value in inputs.items()}
            whole[f"{number}.{width}"] = {"class_type": kind, "inputs": inputs | FEW.get(kind, {})}
    return whole


def offset(one, other, where, reach=4):
    """The shift (x, y) of other [H, W, 3] against one at which they are most alike where [H, W] says."""
    height, width = one.shape[:2]
    weight = where[reach : height - reach, reach : width - reach, None].float()
    one, span = one[reach : height - reach, reach : width - reach], 2 * reach + 1
    shifts = [(x, y) for y in range(span) for x in range(span)]
    distances = [(other[y : y + len(one), x : x + one.shape[1]] - one).square().mul(weight).sum() for x, y in shifts]
    return tuple(v - reach for v in shifts[int(torch.stack(distances).argmin())])


@pytest.mark.parametrize("name", SHAPES)
def test_any_size_comes_back_in_its_place_and_untouched_outside_the_mask(comfy, name):
    workflow, prompt = opened(name, comfy.object_info())
    if name in DEMOS:
        picture = [numbers(workflow, "DragKitDemoModel")[0], 3]
    else:
        picture = [numbers(workflow, "LoadImage")[0], 0]
        prompt = with_tiny_models(comfy, with_photograph(comfy, prompt))
        # here the sizes are the test's
        (scale,) = numbers(workflow, "ImageScaleToTotalPixels")
        prompt = replaced(prompt, [scale, 0], prompt.pop(scale)["inputs"]["image"])
    (paste,) = numbers(workflow, "DragKitPasteBack")
    links = {key: prompt[paste]["inputs"][key] for key in ("image", "edited", "mask")} | {"result": [paste, 0]}
    everywhere = {"image": links["image"], "edited": links["edited"], "feather": 0}
    prompt |= {"everywhere": {"class_type": "DragKitPasteBack", "inputs": everywhere}}
    prompt = on_sizes(prompt, [paste, "everywhere"], picture, SIZES)
    for width, _ in SIZES:
        for key, (number, output) in (links | {"whole": ["everywhere", 0]}).items():
            dump = {"any": [f"{number}.{width}", output], "name": f"{width}.{key}"}
            prompt[f"{width}.{key}"] = {"class_type": "TestDump", "inputs": dump}
    found = comfy.tensors(comfy.run(prompt, timeout=600))
    for width, height in SIZES:
        image, edited, mask, result, whole = (
            found[f"{width}.{key}"] for key in ("image", "edited", "mask", "result", "whole")
        )
        assert result.shape == whole.shape == image.shape == (1, height, width, 3)
        if not name.startswith("DynaDrag"):
            assert edited.shape == (1, height // 8 * 8, width // 8 * 8, 3)
        assert torch.equal(result[mask == 0], image[mask == 0]) and not torch.equal(result, image)
        if name in DEMOS:
            assert offset(image[0], whole[0], mask[0] == 0) == (0, 0)


def replaced(prompt, link, by):
    return {
        number: {**node, "inputs": {key: by if value == link else value for key, value in node["inputs"].items()}}
        for number, node in prompt.items()
    }
