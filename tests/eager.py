"""A plugin for pytest that has every function take the short way as soon as it can.

    python -m pytest -p tests.eager

A test calls a function a few times in a process in which much has just moved, so that the short way is hardly ever gone.
With this it is, from the second hit on and at once, and all that the tests know of hits holds for it too.
"""

from inviscid import moved, shortcut

moved._RESTLESS = -1.0
shortcut._HITS = 1
