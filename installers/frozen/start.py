"""Where the frozen program begins.

It has no Python beside it to be asked for a module: `-m watcher.tray`, as the program starts its
own helpers, is understood here.
"""

import runpy
import sys

if sys.argv[1:2] == ["-m"] and sys.argv[2:3] and sys.argv[2].split(".")[0] == "watcher":
    module = sys.argv[2]
    sys.argv[1:3] = []
    runpy.run_module(module, run_name="__main__", alter_sys=True)
else:
    from watcher.__main__ import main

    main()
