"""What the text encoders of a pipeline make of a prompt."""

import torch

# what CLIP's tokenizer makes of the empty prompt; the second encoder of SDXL pads with 0
START, END, TOKENS = 49406, 49407, 77
PADS = (END, 0)


def _token_ids(tokenizer, prompt, pad):
    if tokenizer is None:
        return torch.tensor([[START, END] + [pad] * (TOKENS - 2)])
    length = tokenizer.model_max_length
    return tokenizer(prompt, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids


@torch.no_grad()
def embed(pipe, prompt, device):
    """Context [1, tokens, channels] of the prompt, and for SDXL the pooled prompt [1, channels], else None."""
    if not hasattr(pipe, "text_encoder_2"):
        ids = _token_ids(pipe.tokenizer, prompt, PADS[0])
        encode = pipe.text_encoder.to(device)
        context = encode(ids.to(device))[0]
        # what samples needs the room
        encode.to("cpu")
        return context, None
    pairs = ((pipe.text_encoder, pipe.tokenizer), (pipe.text_encoder_2, pipe.tokenizer_2))
    outputs = [
        encoder.to(device)(_token_ids(tokenizer, prompt, pad).to(device), output_hidden_states=True)
        for (encoder, tokenizer), pad in zip(pairs, PADS, strict=True)
    ]
    for encoder, _ in pairs:
        encoder.to("cpu")
    return torch.cat([output.hidden_states[-2] for output in outputs], -1), outputs[1][0]
