"""Whether the pack works on this machine's device: `dragkit check`; may import models, methods and bench."""
