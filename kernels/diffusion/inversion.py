"""Inversion along a diffusion model's probability flow dx/dsigma = v(x, sigma), towards more noise.

x is what the model itself works on: x_0 + sigma eps where noise is predicted, (1 - sigma) x_0 + sigma eps for flow
matching. For both v = (x - denoised) / sigma (Karras et al. 2022, Eq. 1 and 3), and Euler's steps lead back.
"""

# where a step evaluates v, at the level that it goes to. next: where it is (DDIM inversion, FastDrag). predict: where
# the last velocity leads, at the first step where it is (Uni-Inv, Jiao et al. 2025)
METHODS = ("predict", "next")


def invert(velocity, x, sigmas, method="next", refinement=0, callback=None, scales=None):
    """x, which is at sigmas[0], noised along ascending sigmas, with one evaluation per step; velocity(x, i) is v at
    sigmas[i] and is never asked at sigmas[0], where flow matching's is 0 / 0.

    Each of `refinement` fixed-point iterations per step evaluates it again at the latent found, so that Euler's steps
    from there return the same way. callback(i, x) after each step. With scales, `next` stays where it is in
    x / scales[i]: published as such for VP latents, whose scale is sqrt(1 + sigma^2).
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; it must be one of {', '.join(METHODS)}")
    last = None
    for i in range(1, len(sigmas)):
        step = sigmas[i] - sigmas[i - 1]
        if method == "next":
            guess = x if scales is None else x * (scales[i] / scales[i - 1])
        else:
            guess = x if last is None else x + step * last
        for _ in range(1 + refinement):
            last = velocity(guess, i)
            guess = x + step * last
        x = guess
        if callback is not None:
            callback(i - 1, x)
    return x
