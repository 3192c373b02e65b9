"""DynaDrag's run inside ComfyUI: what it samples with, and the picture after each round."""

import comfy.model_management
import torch

from ...kernels.drawing.overlay import draw_points
from ...kernels.dynadrag.predict_and_move import Predictor, Tracker, few, predict_and_move
from ...kernels.points.drag_points import DragPoints
from ..kv_cache import ComfyKVCache, Recorder, Replayer, patched_first, release_after_sampling
from ..model_space import check_noise_model, from_vp, to_vp
from ..progress import Progress
from ..sampling import denoise_latent, invert_latent, mention_guidance
from ..schedules import inversion_sigmas
from .gradients import Gradients, differentiable


class Sampling:
    """The ways between a picture and its noised latent, on one clone of the model, so that its weights are made ready
    once. tick() after each evaluation of the network; errors are raised in the name of a node."""

    def __init__(self, model, vae, positive, sigmas, tick, node):
        self.model, self.vae, self.positive = differentiable(model), vae, positive
        self.sigmas, self.node, self._tick = sigmas, node, tick

    def _callback(self, *step):
        self._tick()

    def invert(self, image):
        """The noised LATENT samples of an IMAGE; records their way back."""
        picture = self.vae.encode(image)
        noisy = invert_latent(self.model, self.positive, picture, self.sigmas, 0, self.node, self._callback)
        cache = ComfyKVCache(self.model, self.sigmas, "auto", "decoder")
        recorder = Recorder(cache, self.node)
        recording = patched_first(self.model, recorder)
        denoise_latent(recording, self.positive, noisy, self.sigmas.flip(0), self.node, self._callback)
        recorder.check_complete()
        self._replaying = patched_first(self.model, Replayer(cache, 0, len(cache.levels), 1.0))
        release_after_sampling(self._replaying, cache)
        return noisy

    def denoise(self, noisy, steps=None):
        """Clean LATENT samples, looking at the recorded original, in a few steps or in all of them."""
        levels = self.sigmas.tolist()[1:]
        sigmas = torch.tensor([0.0, *few(levels, steps or len(levels))]).flip(0)
        return denoise_latent(self._replaying, self.positive, noisy, sigmas, self.node, self._callback)


class Film:
    """The picture [1, 3, H, W] of the latest latent, rendered once for predictor, preview and trajectory."""

    def __init__(self, render, image, targets, progress):
        self._render, self._targets, self._progress = render, targets, progress
        self._latent, self._picture, self.frames = None, image.movedim(-1, 1), []

    def picture_of(self, latent):
        if latent is not self._latent:
            with torch.inference_mode():
                self._latent, self._picture = latent, self._render(latent).movedim(-1, 1)
        return self._picture

    def add(self, handles):
        """Adds the latest picture, with the points on it, to the frames, and has ComfyUI show it."""
        height, width = self._picture.shape[-2:]
        frame = draw_points(self._picture.movedim(1, -1), DragPoints.from_pixels(handles, self._targets, width, height))
        self.frames.append(frame.to(comfy.model_management.intermediate_device()))
        self._progress.show(frame)


def drag(
    model, vae, preview_vae, positive, image, points, region, settings, steps, strength, preview_steps, block,
    checkpointing, predict, node,
):  # fmt: skip
    """LATENT samples and IMAGE of the dragged picture, its DragPoints, the frames, the Rounds, and whether every loss
    was finite.

    image [1, H, W, 3] is whole latent cells, region [1, h, w] lies on them; preview_vae decodes the rounds' pictures;
    predict is a MotionPredictor, None for tracking.
    """
    check_noise_model(model, node)
    sigmas = inversion_sigmas(model, steps, strength, node)
    mention_guidance(model, node)
    count, noisiest = len(sigmas) - 1, float(sigmas[-1])
    total = 3 * count + settings.rounds * (settings.steps + min(preview_steps, count))
    progress = Progress(total)
    sampling = Sampling(model, vae, positive, sigmas, progress.tick, node)
    noisy = sampling.invert(image)

    def render(z):
        return preview_vae.decode(sampling.denoise(from_vp(model, z, noisiest), preview_steps))

    size = (image.shape[2], image.shape[1])
    handles, targets = points.to_pixels(*size)
    film = Film(render, image, targets, progress)
    film.add(handles)

    def show(done):
        film.picture_of(done.latent)
        film.add(done.handles)

    within = Gradients(sampling.model, positive, noisy, sigmas.flip(0), block, checkpointing, node, progress.tick)
    guide = Tracker() if predict is None else Predictor(predict, film.picture_of, image.movedim(-1, 1))
    if region is not None:
        region = region.to(model.load_device)
    # the latent that is optimised must be an ordinary tensor
    with torch.inference_mode(False):
        z = to_vp(model, noisy, noisiest)
        moved, rounds, finite = predict_and_move(z, handles, targets, size, within, guide, settings, region, show)
    if moved is not z:
        noisy = from_vp(model, moved, noisiest)
    if rounds:
        handles = rounds[-1].handles
    latent = sampling.denoise(noisy)
    picture = vae.decode(latent)
    progress.finish()
    return latent, picture, DragPoints.from_pixels(handles, targets, *size), torch.cat(film.frames), rounds, finite
