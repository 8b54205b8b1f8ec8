"""A cache that looks at the function's own text and nothing else: what the comparison has to find wanting."""

import functools
import hashlib
import inspect
import os
import pickle


def cached(function):  # noqa: ANN001, ANN201, D103  as the peers' decorators
    @functools.wraps(function)
    def serve(*args):  # noqa: ANN002, ANN202  as above
        key = hashlib.sha256(repr((inspect.getsource(function), args)).encode()).hexdigest()
        file = os.path.join(os.environ["VERSUS_STORE"], key)
        if os.path.exists(file):
            with open(file, "rb") as stored:
                return pickle.load(stored)  # noqa: S301  written below
        value = function(*args)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as stored:
            pickle.dump(value, stored)
        return value

    return serve
