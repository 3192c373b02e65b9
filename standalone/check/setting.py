"""What is checked on what."""

import time
from dataclasses import dataclass

import torch

MIB, GIB = 1 << 20, 1 << 30
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
NEEDS_CARD = "needs a card; --device is cpu"


@dataclass(frozen=True)
class Setting:
    """The device, and whether to be quick."""

    device: torch.device
    quick: bool = False

    @property
    def is_card(self):
        return self.device.type != "cpu"

    @property
    def is_cuda(self):
        return self.device.type == "cuda"

    def wait(self):
        """Until the device has done everything."""
        if self.is_cuda:
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()

    def timed(self, function):
        """Seconds, and what the function gives."""
        self.wait()
        start = time.perf_counter()
        found = function()
        self.wait()
        return time.perf_counter() - start, found

    def median(self, function, runs=5, warm_up=2):
        """Median seconds over runs."""
        for _ in range(warm_up):
            function()
        return sorted(self.timed(function)[0] for _ in range(runs))[runs // 2]

    def free(self):
        """Bytes of free memory on a CUDA device, None elsewhere."""
        if not self.is_cuda:
            return None
        torch.cuda.empty_cache()
        return torch.cuda.mem_get_info(self.device)[0]

    def peak(self, function):
        """(what the function gives, most bytes that were in use meanwhile; None where the device does not say)."""
        if not self.is_cuda:
            return function(), None
        self.wait()
        torch.cuda.reset_peak_memory_stats(self.device)
        found = function()
        self.wait()
        return found, torch.cuda.max_memory_allocated(self.device)
