"""Consistency by self-attention (FastDrag, Sec. 3.4): what the original's self-attention saw replaces the edit's.

Kept is the normalised hidden state that enters self-attention. Projecting it again gives exactly the keys and values
of the recording run, at half their memory and no extra work.
"""

import torch

# free device memory, in bytes, that the policy "auto" leaves alone
RESERVE = 2 << 30


class KVCacheError(ValueError):
    """A cache that does not fit what is being sampled; the message says what differs."""


class KVCache:
    """Hidden states [B, tokens, channels] by (step, block): `levels` are the ascending noise levels (sigmas or
    timesteps) of the steps, blocks any hashable names.

    device_policy "gpu" keeps entries where they are made, "cpu" in pinned memory with the next step fetched while one
    runs, "auto" as "gpu" while free_memory() (bytes) leaves a reserve.
    """

    def __init__(self, levels, device_policy="auto", free_memory=None):
        self.levels = tuple(float(level) for level in levels)
        self.device_policy, self.free_memory = device_policy, free_memory
        self.entries, self._fetched = {}, {}

    @property
    def nbytes(self):
        return sum(entry.nbytes for entry in self.entries.values())

    def step_of(self, level):
        """Index of the step recorded at this noise level (within 0.1 %). KVCacheError if there is none."""
        step = min(range(len(self.levels)), key=lambda i: abs(self.levels[i] - level))
        if abs(self.levels[step] - level) > 1e-3 * max(self.levels[step], 1e-3):
            raise KVCacheError(
                f"KV cache: the sampler is at noise level {level:.4g}, which the inversion did not record; "
                "connect the SIGMAS that KV-Cache Inversion returned"
            )
        return step

    def put(self, step, block, hidden):
        hidden = hidden.detach()
        keep = self.device_policy == "gpu" or hidden.device.type == "cpu"
        if self.device_policy == "auto" and not keep:
            keep = self.free_memory() - hidden.nbytes > RESERVE
        if keep:
            self.entries[step, block] = hidden.clone()
        else:
            pinned = torch.empty(hidden.shape, dtype=hidden.dtype, pin_memory=True)
            self.entries[step, block] = pinned.copy_(hidden, non_blocking=True)

    def get(self, step, block, device):
        """The entry on `device`; those of the step before it in noise level are fetched meanwhile. KVCacheError
        if there is none."""
        entry = self.entries.get((step, block))
        if entry is None:
            raise KVCacheError(
                f"KV cache: nothing was recorded in block {block} at noise level {self.levels[step]:.4g}; record and "
                "sample with the same model"
            )
        if entry.device == device:
            return entry
        for due in (step, step - 1):
            if due not in self._fetched and due >= 0:
                self._fetched[due] = self._fetch(due, device)
        for passed in [other for other in self._fetched if other > step]:
            del self._fetched[passed]
        ready, copies = self._fetched[step]
        torch.cuda.current_stream(device).wait_event(ready)
        copies[block].record_stream(torch.cuda.current_stream(device))
        return copies[block]

    def _fetch(self, step, device):
        stream = torch.cuda.Stream(device)
        # recording copies to pinned memory without waiting; they were queued on the current stream
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            copies = {
                block: entry.to(device, non_blocking=True) for (at, block), entry in self.entries.items() if at == step
            }
            return stream.record_event(), copies

    def release(self):
        """Drops device copies of entries that live in pinned memory."""
        self._fetched.clear()


def replay(cache, step, block, hidden, strength=1.0):
    """What keys and values are projected from: the cached state, mixed with the block's own hidden state
    [n * B, tokens, channels] by strength 0..1. A recording of B latents serves each of n chunks (guidance branches)."""
    entry = cache.get(step, block, hidden.device)
    if entry.shape[1:] != hidden.shape[1:] or hidden.shape[0] % entry.shape[0]:
        raise KVCacheError(
            f"KV cache: recorded for {entry.shape[0]} latent(s) of {entry.shape[1]} x {entry.shape[2]} values in block "
            f"{block}, but the sampler has {hidden.shape[0]} of {hidden.shape[1]} x {hidden.shape[2]}; "
            "record and sample with the same model, size and batch"
        )
    entry = entry.to(hidden.dtype).repeat(hidden.shape[0] // entry.shape[0], 1, 1)
    return entry if strength == 1 else torch.lerp(hidden, entry, strength)
