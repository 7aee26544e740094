"""What the C library does with memory that was given back."""

import ctypes

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1 << 20


def return_large_blocks() -> None:
    """Large blocks go back to the system as soon as they are free. Left to itself, glibc raises its bound for "large"
    with the first block that is freed, and from then on a worker keeps the 19 MB of every password hash at a time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # another C library
    mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
