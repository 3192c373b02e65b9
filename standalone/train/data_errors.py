"""What is said of training data that cannot be used."""

import sys

MORE_PACKAGES = 'training on videos needs more packages: pip install "dragkit[train]"'


class DataError(ValueError):
    """A DATA folder that cannot be trained on."""


def warn(path, error):
    """Says on standard error that a file was skipped."""
    print(f"dragkit: skipped {path}: {error}", file=sys.stderr)
