"""Every kernel as a case: what it makes of seeded inputs on a device, and how near that must be to the CPU's."""

from dataclasses import dataclass

import torch

# of a single formula in float32, and of a network, whose convolutions a card computes with 10 bits (TF32)
FORMULA, NETWORK = 1e-4, 5e-3


@dataclass(frozen=True)
class Case:
    """run(Given) -> tensors; `modules` of the kernels that it goes through.

    tolerance is the largest difference, in parts of the largest value. share is the part of the values that may differ
    by more, where a rounding decides what a value is made of. spare is how many waits more than on a small picture a
    large one may cost: a pass more over holes, a list more of places that are computed one by one.
    """

    name: str
    modules: tuple
    run: object
    tolerance: float = FORMULA
    share: float = 0.0
    spare: int = 0


def tensors_of(found):
    """The tensors in what a kernel gives, in order."""
    if isinstance(found, torch.Tensor):
        return [found]
    if isinstance(found, int | float):
        return [torch.tensor(float(found))]
    return [tensor for one in (found.values() if isinstance(found, dict) else found) for tensor in tensors_of(one)]


def compare(found, expected, tolerance):
    """(largest difference in parts of the largest value, part of the values that differ by more than tolerance) of
    tensors on the CPU; infinite and all where shapes differ or a number is not finite."""
    largest, beyond, count = 0.0, 0, 0
    for one, other in zip(found, expected, strict=True):
        if one.shape != other.shape or not torch.isfinite(one.to(other.dtype)).all():
            return float("inf"), 1.0
        if not other.numel():
            continue
        if other.is_complex():
            one, other = torch.view_as_real(one), torch.view_as_real(other)
        one, other = one.double(), other.double()
        difference = (one - other).abs() / other.abs().max().clamp(min=1e-9)
        largest = max(largest, difference.max().item())
        beyond += int((difference > tolerance).sum())
        count += difference.numel()
    return largest, beyond / max(count, 1)
