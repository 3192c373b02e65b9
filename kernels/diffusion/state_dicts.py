"""State dicts that are meant for a network."""


def misfit(weights, network):
    """The first difference between the tensors of a file and those of a network, in words; None if all fit."""
    return misfit_shapes(weights, {key: list(value.shape) for key, value in network.state_dict().items()})


def misfit_shapes(weights, expected):
    """As misfit, of a network given as {name: shape, a list}."""
    for key in {**expected, **weights}:
        if key not in weights:
            return f"{key} is missing"
        shape = list(weights[key].shape)
        if key not in expected:
            return f"{key} {shape} does not belong there"
        if shape != expected[key]:
            return f"{key} is {shape} instead of {expected[key]}"
    return None


def within(weights, prefix):
    """The part of a state dict below prefix (with its dot)."""
    return {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
