"""From a few drags to a FLOW, in every way there is; may import warp and what warp may."""
