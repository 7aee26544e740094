"""What the C library does with memory that was given back."""

import ctypes

_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_BYTES = 1 << 20
_ARENAS = 2


def spare_memory() -> None:
    """Large blocks go back to the system as soon as they are free, and all threads take the small ones from the same
    two places. Left to itself, glibc raises its bound for "large" with the first block that is freed, and from then on
    a worker keeps the 19 MB of every password hash at a time; and it gives each of the first sixteen threads (on two
    processors) a place of its own, whose free blocks no other thread may use: some 60 MB under mixed work.

    To be called before there are threads.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # another C library
    mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    mallopt(_M_ARENA_MAX, _ARENAS)
