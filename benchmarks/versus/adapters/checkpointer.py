"""checkpointer: `checkpoint` with `capture=True`, which adds the globals that the function and its helpers read."""

import os

from checkpointer import checkpoint

cached = checkpoint(directory=os.environ["VERSUS_STORE"], capture=True, verbosity=0)
