"""Turns the current process into one that can do little harm: no network, bounded memory, dies with its parent.

The system call filter is seccomp(2) mode 2 set through prctl(2); it needs no privilege, only ``PR_SET_NO_NEW_PRIVS``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
from dataclasses import dataclass

from iesi_kg.store import allocator

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ALLOW = 0x7FFF0000
SECCOMP_RET_ERRNO = 0x00050000
LOAD_WORD, JUMP_EQUAL, JUMP_GREATER_EQUAL, RETURN = 0x20, 0x15, 0x35, 0x06
OFFSET_NUMBER, OFFSET_ARCHITECTURE = 0, 4
X32_BIT = 0x40000000


@dataclass(frozen=True, slots=True)
class Machine:
    """The audit number of an architecture and the system calls denied on it."""

    audit: int
    denied: tuple[int, ...]


# socket, connect, bind, listen, accept, accept4, socketpair,
# execve, execveat, ptrace, process_vm_writev, io_uring_setup
MACHINES = {
    "x86_64": Machine(0xC000003E, (41, 42, 49, 50, 43, 288, 53, 59, 322, 101, 311, 425)),
    "aarch64": Machine(0xC00000B7, (198, 203, 200, 201, 202, 242, 199, 221, 281, 117, 271, 425)),
}


class _Program(ctypes.Structure):
    """``struct sock_fprog`` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def die_with(parent: int) -> None:
    """Be killed when the thread that started this process ends; exit at once if it already has."""
    _prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:
        raise SystemExit(0)


def limit_memory(size: int) -> None:
    """Bound the address space, and leave no core file behind when the bound is met."""
    allocator.few_arenas()  # else each thread reserves address space that no query uses
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


def bound_memory(size: int) -> None:
    """Lower the bound of the address space for a while, 0 to take it back to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (min(size, hard) if size and hard >= 0 else size or hard, hard))


def deny_network() -> bool:
    """Refuse sockets and new programs to this thread and those it starts; False where the kernel has no such filter."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return False
    program = _assemble(machine)
    descriptor = _Program(len(program) // 8, program)
    if _prctl(PR_SET_NO_NEW_PRIVS, 1) != 0:
        return False
    return _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(descriptor)) == 0


def _assemble(machine: Machine) -> bytes:
    """The filter: another architecture, the x32 calls and the denied numbers end at the last instruction."""
    checks = [(JUMP_GREATER_EQUAL, X32_BIT), *((JUMP_EQUAL, number) for number in machine.denied)]
    body = [(LOAD_WORD, 0, 0, OFFSET_NUMBER)]
    for index, (code, value) in enumerate(checks):
        body.append((code, len(checks) - index, 0, value))
    body.append((RETURN, 0, 0, SECCOMP_RET_ALLOW))
    body.append((RETURN, 0, 0, SECCOMP_RET_ERRNO | errno.EACCES))
    head = [(LOAD_WORD, 0, 0, OFFSET_ARCHITECTURE), (JUMP_EQUAL, 0, len(body) - 1, machine.audit)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in head + body)


def _prctl(option: int, *arguments: int) -> int:
    call = ctypes.CDLL(None, use_errno=True).prctl
    padded = [*arguments, 0, 0, 0, 0][:4]
    return int(call(option, *(ctypes.c_ulong(value) for value in padded)))
