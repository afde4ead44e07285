"""Becomes another program that the kernel kills when the thread that started it ends.

Run as a script, `python child.py PARENT_PID PROGRAM ARGUMENTS...`: setting this between fork and exec in the parent
would not be safe in a process with threads. On systems other than Linux it only becomes the program. A child that
goes on as the program that it was, forked before there were threads, calls `end_with` itself.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>; it survives execve


def end_with(parent: int, number: signal.Signals) -> None:
    """Have the kernel send us that signal when the parent ends (Linux), and make sure that it is still there."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        sys.exit("the parent ended before its child began")


def main() -> None:
    """Be killed with the parent, and become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    end_with(parent, signal.SIGKILL)
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
