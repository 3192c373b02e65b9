"""The rounds while they run: pictures, bar and previews."""

import torch

from .graphs import demo, dump_run, dynadrag, picture, tiny


def test_another_autoencoder_may_show_the_rounds(comfy):
    graph = comfy.graph()
    model, vae, positive, image, points = demo(graph)
    options = {"steps": 4, "strength": 0.5, "rounds": 1}
    inverted = graph.node("TestInvertedVAE", vae=vae)
    for name, shown in {"own": {}, "other": {"preview_vae": inverted}}.items():
        dump_run(graph, dynadrag(graph, model, positive, image, points, vae, **options, **shown), name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    # without a predictor the rounds' pictures are only looked at
    assert torch.equal(found["own_picture"], found["other_picture"])
    first, last = (found["own_trajectory"][i] - found["other_trajectory"][i] for i in (0, -1))
    assert not first.any() and last.abs().mean() > 0.1


def test_the_bar_goes_on_and_shows_picture_and_points(comfy):
    graph = comfy.graph()
    model, positive, _, _ = tiny(graph)
    watched = graph.node("TestProgress", model=model)
    image = picture(graph)
    run = dynadrag(graph, watched, positive, image, rounds=2, tolerance=0.5)
    dump_run(graph, run, "run")
    graph.dump(watched.out(1), "shown", after=run)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    values = found["shown.values"]
    # 2 invert, 2 record, 2 rounds of 2 steps and 1 evaluation for the picture, 2 for the last one
    assert (found["shown.totals"] == 12).all() and values[-1] == 12
    assert values[0] == 1 and (values.diff() >= 0).all()  # later versions leave some out
    previews = torch.stack([found[f"shown.previews.{i}"] for i in range(3)])
    # previews are rounded to whole levels
    torch.testing.assert_close(previews / 255, found["run_trajectory"], rtol=0, atol=0.501 / 255)
    assert "shown.previews.3" not in found
