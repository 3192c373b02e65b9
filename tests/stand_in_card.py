"""A card where there is none: tensors that say they are on another device, compute on the CPU, refuse to meet tensors
of the CPU as a card's do, and count where a card would make the program wait for it.

The device is called meta, since torch knows of no other that every machine has; unlike its own, these hold numbers.
"""

from contextlib import contextmanager

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

CARD, CPU = torch.device("meta"), torch.device("cpu")
aten = torch.ops.aten
# the size of what comes out, or a number, has to be known before the program goes on
WAITS = {
    aten._local_scalar_dense, aten.nonzero, aten.masked_select, aten.equal, aten.unique_dim, aten._unique2,
    aten._unique, aten.unique_consecutive, aten.bincount, aten.repeat_interleave, aten._linalg_check_errors,
}  # fmt: skip
CROSSES = {aten._to_copy, aten.copy_}
INDEXES = {aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_, aten._unsafe_index}


class CardTensor(torch.Tensor):
    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype,
            layout=inner.layout, device=CARD,
        )  # fmt: skip

    def __init__(self, inner):
        self.inner = inner

    def __repr__(self):
        return f"CardTensor({self.inner!r})"

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError(f"{func} outside of the stand-in")


def _on(device):
    return None if device is None else torch.device(device)


class _Dispatch(TorchDispatchMode):
    def __init__(self, waits):
        super().__init__()
        self.waits = waits

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs, outer = dict(kwargs or {}), {}

        def unwrapped(x):
            if isinstance(x, CardTensor):
                outer[id(x.inner)] = x
                return x.inner
            return x

        packet = func.overloadpacket
        tensors = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, torch.Tensor)]
        cards = [x for x in tensors if isinstance(x, CardTensor)]
        asked = _on(kwargs.get("device"))
        to_card = asked == CARD if asked is not None else bool(cards)
        self._check(func, packet, args, tensors, cards)
        if packet in WAITS and cards or packet in CROSSES and self._crosses(packet, args, kwargs, to_card):
            self.waits.append(str(packet))
        if packet in INDEXES and cards:
            self._count_index(packet, args)
        if asked is not None:
            kwargs["device"] = CPU
        # a copy to another device is one that is made in any case
        if packet is aten._to_copy and asked is not None and bool(cards) != to_card:
            kwargs["memory_format"] = kwargs.get("memory_format") or torch.preserve_format
        inner_args, inner_kwargs = tree_map(unwrapped, (args, kwargs))
        out = func(*inner_args, **inner_kwargs)
        if packet is aten._local_scalar_dense:
            return out

        def wrapped(x):
            if not isinstance(x, torch.Tensor):
                return x
            # what was changed in place is itself again
            if id(x) in outer:
                return outer[id(x)]
            return CardTensor(x.resolve_conj().resolve_neg()) if to_card else x

        return tree_map(wrapped, out)

    @staticmethod
    def _crosses(packet, args, kwargs, to_card):
        if packet is aten.copy_:
            return isinstance(args[0], CardTensor) != isinstance(args[1], CardTensor) and not (
                args[2] if len(args) > 2 else kwargs.get("non_blocking")
            )
        return isinstance(args[0], CardTensor) != to_card and not kwargs.get("non_blocking")

    @staticmethod
    def _check(func, packet, args, tensors, cards):
        if not cards or packet in CROSSES:
            return
        for tensor in tensors:
            if not isinstance(tensor, CardTensor) and tensor.ndim > 0:
                if packet in INDEXES and isinstance(args[0], CardTensor) and any(tensor is x for x in args[1]):
                    continue
                raise RuntimeError(f"{func}: Expected all tensors to be on the same device, but one is on the CPU")

    def _count_index(self, packet, args):
        indices = [x for x in args[1] if x is not None]
        masks = [x for x in indices if x.dtype in (torch.bool, torch.uint8)]
        fills = packet is not aten.index and len(args) > 2 and args[2].numel() == 1 and not isinstance(
            args[2], CardTensor
        )  # fmt: skip
        if masks and not (fills and len(indices) == 1):
            self.waits.append(f"{packet} by a mask")
        self.waits.extend(f"{packet} by an index on the CPU" for x in indices if not isinstance(x, CardTensor))


class _Functions(TorchFunctionMode):
    """What torch does for its own tensors without telling a mode of dispatch."""

    def __init__(self, waits):
        super().__init__()
        self.waits = waits

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is torch.Tensor.tolist and isinstance(args[0], CardTensor):
            self.waits.append("tolist")
            return args[0].inner.tolist()
        if func is torch.Tensor.numpy and isinstance(args[0], CardTensor):
            raise TypeError("can't convert a tensor of the card to numpy; copy it to the CPU first")
        made = func in (torch.tensor, torch.as_tensor) and _on(kwargs.get("device")) == CARD
        if made or (func is torch.Tensor.new_tensor and isinstance(args[0], CardTensor)):
            # counted where it is copied
            rest = {key: value for key, value in kwargs.items() if key != "device"}
            if func is torch.Tensor.new_tensor:
                return torch.tensor(args[1], dtype=rest.get("dtype", args[0].dtype)).to(CARD)
            return func(*args, **rest).to(CARD)
        if func in (torch.Tensor.__getitem__, torch.Tensor.__setitem__) and isinstance(args[0], CardTensor):
            # torch makes tensors on the device of lists in an index
            parts = args[1] if isinstance(args[1], tuple) else (args[1],)
            parts = tuple(torch.tensor(part).to(CARD) if isinstance(part, list) else part for part in parts)
            args = (args[0], parts if isinstance(args[1], tuple) else parts[0], *args[2:])
        return func(*args, **kwargs)


@contextmanager
def stand_in_card():
    """Within this context CARD is a device that works; gives the list of what has waited for it."""
    waits = []
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with _Dispatch(waits), _Functions(waits):
            yield waits
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(before)
