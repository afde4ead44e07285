"""Becomes another program that the kernel kills when the thread that started it ends.

Run as a script, `python child.py PARENT_PID PROGRAM ARGUMENTS...`: setting this between fork and exec in the parent
would not be safe in a process with threads. On systems other than Linux it only becomes the program.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>; it survives execve


def main() -> None:
    """Ask for the signal, make sure that the parent is still there, and become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent ended before its child began")
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
