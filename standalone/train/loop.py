"""The loop that trains the demo model's networks."""

from pathlib import Path

import torch
from tqdm import tqdm

from .checkpoints import read_checkpoint, restore, save_checkpoint
from .ema import Ema
from .learning_rate import cosine


def choices_of(seed, step):
    """The generator of a step, so that a run that goes on makes the choices it would have made."""
    return torch.Generator().manual_seed(seed * 1_000_003 + step)


def run(module, loss_of, steps, learning_rate, checkpoint, decay=0.999):
    """Trains `module` by AdamW with warm-up and cosine decay on loss_of(step); resumes from the checkpoint file if it
    is there, writes it every 500 steps, returns the averaged module."""
    optimizer = torch.optim.AdamW(
        [p for p in module.parameters() if p.requires_grad], lr=learning_rate, betas=(0.9, 0.995), weight_decay=1e-4
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: cosine(step, steps, 200))
    ema, checkpoint = Ema(module, decay), Path(checkpoint)
    parts = {"module": module, "ema": ema.module, "optimizer": optimizer, "schedule": schedule}
    state = read_checkpoint(checkpoint)
    if state:
        restore(parts, state)
    start = state.get("step", 0)
    bar = tqdm(range(start, steps), initial=start, total=steps, mininterval=10, desc=checkpoint.stem)
    mean_loss = None
    for step in bar:
        loss = loss_of(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 0.5)
        optimizer.step()
        schedule.step()
        ema.update(module, step)
        mean_loss = loss.item() if mean_loss is None else 0.99 * mean_loss + 0.01 * loss.item()
        bar.set_postfix(loss=f"{mean_loss:.4f}", refresh=False)
        if (step + 1) % 500 == 0 or step + 1 == steps:
            save_checkpoint(checkpoint, parts, step=step + 1)
    return ema.module
