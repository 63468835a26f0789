"""py_primes.py [LIMIT]: the twin of samples/toolkit/primes.c."""
import multiprocessing
import sys
import time

RANGES = 200


def is_prime(n):
    if n < 4:
        return n > 1
    if n % 2 == 0:
        return False
    i = 3
    while i * i <= n:
        if n % i == 0:
            return False
        i += 2
    return True


def sum_range(limits):
    return sum(n for n in range(*limits) if is_prime(n))


if __name__ == "__main__":
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else 10000000
    began = time.monotonic()
    with multiprocessing.Pool() as pool:
        print(sum(pool.map(sum_range, [(limit * i // RANGES, limit * (i + 1) // RANGES)
                                       for i in range(RANGES)], 1)))
    print(f"python, {multiprocessing.cpu_count()} workers {time.monotonic() - began:.2f} s", file=sys.stderr)
