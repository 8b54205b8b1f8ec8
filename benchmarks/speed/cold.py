"""One call in a process of its own: `cold.py LIBRARY STORE`. Prints whether the body ran.

Nothing is imported that the library and a small function don't need.
"""

import sys

name, store = sys.argv[1:]
ran = []


def square(number):  # noqa: ANN001, ANN201, D103  any user's function
    sys.audit("speed.ran")
    return number * number


if name == "floor":
    import floor

    call = floor.in_files(square, store)
elif name == "joblib":
    from joblib import Memory

    call = Memory(store, verbose=0).cache(square)
elif name == "diskcache":
    from diskcache import Cache

    call = Cache(store).memoize()(square)
elif name == "checkpointer":
    from checkpointer import checkpoint

    call = checkpoint(directory=store, storage="pickle", verbosity=0)(square)
else:
    from inviscid import cached

    call = cached(store=store)(square)
sys.addaudithook(lambda event, args: ran.append(event) if event == "speed.ran" else None)
assert call(12) == 144
print(len(ran))
