#!/usr/bin/env python3
"""sync_time.py FOLDER: microseconds that 8 KiB take to reach the disk of FOLDER (write and fdatasync; the median of 200)."""
import os
import statistics
import sys
import tempfile
import time


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    block = os.urandom(8192)
    times = []
    with tempfile.NamedTemporaryFile(dir=sys.argv[1]) as file:
        os.posix_fallocate(file.fileno(), 0, 200 * len(block))
        for number in range(200):
            began = time.perf_counter()
            os.pwrite(file.fileno(), block, number * len(block))
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    print(round(statistics.median(times) * 1e6))


if __name__ == "__main__":
    main()
