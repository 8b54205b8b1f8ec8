"""inviscid: `cached` as it comes."""

import os

from inviscid import cached

os.environ["INVISCID_STORE"] = os.environ["VERSUS_STORE"]

__all__ = ["cached"]
