"""From a FLOW to a moved picture or latent: the inverse, the holes, their filling; may import points and what points
may."""
