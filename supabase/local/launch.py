"""Become another program that cannot outlive the stack, as an unprivileged user if need be.

Run by path with `-I -S` (10 ms of start-up), so it imports nothing of ours:
    launch.py <parent pid> <signal on the parent's death> <uid or -> <may read all: 0|1> <program> …
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_READ_SEARCH = 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522


def drop_to(libc: ctypes.CDLL, uid: int, *, may_read_all: bool) -> None:
    """Give up root. `may_read_all` keeps the right to walk folders closed to others.

    Continuous integration clones below /root or a 0700 temporary folder; without that one
    capability the server, which refuses to be root, could not reach its own binaries.
    """
    import pwd

    account = pwd.getpwuid(uid)
    if may_read_all:
        # Without this bit access(2) forgets capabilities of anybody but root, and initdb asks it.
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(uid)
    if may_read_all:
        bit = 1 << CAP_DAC_READ_SEARCH
        header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
        # effective, permitted, inheritable for capabilities 0 to 31, then the same for 32 to 63
        sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
        if libc.capset(header, sets) != 0:
            # A container may withhold that one: then none of the others may stay either.
            none = (ctypes.c_uint32 * 6)()
            if libc.capset(header, none) != 0:
                sys.exit("capabilities can be neither kept nor dropped")
        else:
            libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0)


def main(arguments: list[str]) -> None:
    parent, death_signal, uid, may_read_all = arguments[:4]
    program = arguments[4:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if uid != "-":
            drop_to(libc, int(uid), may_read_all=may_read_all == "1")
        # After the change of user: changing credentials clears the setting.
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != int(parent):
            os.kill(os.getpid(), signal.SIGKILL)  # the parent died before the line above
    os.execv(program[0], program)  # noqa: S606 - replacing this process is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
