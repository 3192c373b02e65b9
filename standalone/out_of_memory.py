"""What is said when a device's memory is used up."""

import sys
from contextlib import contextmanager

from .user_input import UserError


@contextmanager
def memory_named():
    """Makes of torch's OutOfMemoryError a UserError, one sentence that says what to do."""
    try:
        yield
    except RuntimeError as error:
        # torch is slow to import, and without it nothing can have run out
        if "torch" not in sys.modules or not isinstance(error, sys.modules["torch"].OutOfMemoryError):
            raise
        # the frames hold what filled the memory
        error.with_traceback(None)
        raise UserError(
            "the device's memory is used up; use a smaller picture, or close other programs that use it"
        ) from None
