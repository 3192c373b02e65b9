"""What is solved for a held region, kept between runs: while arrows are pulled the region stays."""

from ..kernels.motion.biharmonic import Plates

PLATES = Plates()
