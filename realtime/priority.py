"""Which threads stand back where a processor is short: Linux alone lets each thread have a priority of its own."""

import os
import sys
import threading

NICENESS = 10  # a ninth of the time of a thread that does not stand back, where both want all


def stand_back() -> None:
    """Lets this thread's work wait for that of the others; on Windows and macOS it competes as before."""
    if sys.platform == "linux":
        this = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, this, os.getpriority(os.PRIO_PROCESS, this) + NICENESS)
