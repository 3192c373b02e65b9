"""State dicts that are meant for a network."""


def misfit(weights, network):
    """The first difference between the tensors of a file and those of a network, in words; None if all fit."""
    expected = network.state_dict()
    for key in {**expected, **weights}:
        if key not in weights:
            return f"{key} is missing"
        shape = list(weights[key].shape)
        if key not in expected:
            return f"{key} {shape} does not belong there"
        if shape != list(expected[key].shape):
            return f"{key} is {shape} instead of {list(expected[key].shape)}"
    return None
