"""A Python that runs a few lines beside the program."""

import sys

#: To be followed by the code and its arguments. Without installed packages it starts in a tenth of
#: the time, and coverage is not measured in it.
BARE = (sys.executable, "-I", "-S", "-c")
