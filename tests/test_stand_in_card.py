"""The stand-in for a card that other tests lean on: numbers, what it refuses, what it counts."""

import pytest
import torch

from .stand_in_card import CARD, CardTensor, stand_in_card


@pytest.fixture
def waits():
    with stand_in_card() as found:
        yield found


def test_it_computes_and_says_where(waits):
    x = torch.arange(4.0).to(CARD)
    x[1:] += 5
    y = torch.complex(x, 2 * x).conj()
    assert isinstance(y, CardTensor) and x.device == CARD
    assert x.tolist() == [0, 6, 7, 8] and y.imag.tolist() == [0, -12, -14, -16]
    assert x.new_tensor([3]).tolist() == [3] and x[[0, -1]].tolist() == [0, 8]
    z = x.clone().requires_grad_()
    (z * z).sum().backward()
    assert z.grad.tolist() == [0, 12, 14, 16]


def test_tensors_of_two_devices_do_not_meet(waits):
    x = torch.ones(3, device=CARD)
    with pytest.raises(RuntimeError, match="same device"):
        x + torch.ones(3)
    with pytest.raises(RuntimeError, match="same device"):
        torch.ones(3)[x > 0]
    # what is on the card may be indexed from the CPU
    assert x[torch.tensor([0, 2])].tolist() == [1, 1]
    with pytest.raises(TypeError, match="numpy"):
        x.numpy()
    # numbers of no dimension may come from the CPU
    assert (x + torch.tensor(2.0)).tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    ("ask", "count"),
    [
        (lambda x: x.sum().item(), 1),
        (lambda x: bool((x > 0).all()), 1),
        (lambda x: x.tolist(), 1),
        (lambda x: x.nonzero(), 1),
        (lambda x: x[x > 0], 1),
        (lambda x: x.cpu(), 1),
        (lambda x: torch.equal(x, x), 1),
        (lambda x: x.new_tensor([1.0]), 1),
        (lambda x: torch.tensor([1.0], device=x.device), 1),
        (lambda x: x.copy_(torch.ones(3)), 1),
        (lambda x: torch.linalg.cholesky(torch.eye(3, device=x.device)), 1),
        (lambda x: torch.ones(3).to(CARD, non_blocking=True), 0),
        (lambda x: torch.where(x > 0, x, 0).sum(), 0),
        (lambda x: x.masked_fill(x > 0, 2), 0),
        (lambda x: torch.linalg.cholesky_ex(torch.eye(3, device=x.device)), 0),
        (lambda x: [one + 1 for one in x], 0),
    ],
)
def test_it_counts_where_a_card_would_be_waited_for(waits, ask, count):
    x = torch.ones(3, device=CARD)
    waits.clear()
    ask(x)
    assert len(waits) == count, waits
