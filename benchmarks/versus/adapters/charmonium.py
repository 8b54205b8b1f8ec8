"""charmonium.cache: `memoize` with `assume_purity=False`.

As it comes, this version assumes that functions read no globals, helpers included, which is not what its documentation
promises. The index is written at each call: for many processes on one store, its documentation says.
"""

import copy
import os

from charmonium.cache import DirObjStore, FileRWLock, MemoizedGroup, memoize
from charmonium.cache.memoize import DEFAULT_FREEZE_CONFIG

_config = copy.deepcopy(DEFAULT_FREEZE_CONFIG)
_config.assume_purity = False
_store = os.environ["VERSUS_STORE"]
os.makedirs(_store, exist_ok=True)
_group = MemoizedGroup(
    obj_store=DirObjStore(os.path.join(_store, "objects")),
    lock=FileRWLock(os.path.join(_store, "lock")),
    fine_grain_persistence=True,
    size="100 MiB",
    freeze_config=_config,
)
cached = memoize(group=_group)
