"""A video with a known motion."""

import torch
from dragkit.standalone.pictures import to_pil


def film(path, count=24):
    """A square of noise runs to the right over a still one, 3 pixels a frame."""
    import av

    generator = torch.Generator().manual_seed(0)
    ground, thing = (
        torch.nn.functional.interpolate(torch.rand(1, 3, n, n, generator=generator), (size, size), mode="bicubic")[0]
        for n, size in ((24, 192), (8, 64))
    )
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 192, 192, "yuv420p", 4_000_000
        for i in range(count):
            picture = ground.clone()
            picture[:, 64:128, 20 + 3 * i : 84 + 3 * i] = thing
            for packet in stream.encode(av.VideoFrame.from_image(to_pil(picture))):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
