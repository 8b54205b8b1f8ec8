"""joblib: `Memory.cache`, as its documentation shows it."""

import os

from joblib import Memory

cached = Memory(os.environ["VERSUS_STORE"], verbose=0).cache
