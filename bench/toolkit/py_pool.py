"""py_pool.py WORKERS TASKS: the same through multiprocessing.Pool.
py_pool.py create WORKERS ROUNDS: creating a pool, until all workers are ready; the median."""
import multiprocessing
import statistics
import sys
import time


def give_back(argument):
    return argument


def create(workers):
    began = time.monotonic()
    ready = multiprocessing.Barrier(workers + 1)
    with multiprocessing.Pool(workers, ready.wait):
        ready.wait()
        return time.monotonic() - began


if __name__ == "__main__":
    if sys.argv[1] == "create":
        seconds = statistics.median(create(int(sys.argv[2])) for _ in range(int(sys.argv[3])))
        print(f"creating {sys.argv[2]} workers: python {seconds * 1e3:.2f} ms")
    else:
        workers, tasks = map(int, sys.argv[1:3])
        with multiprocessing.Pool(workers) as pool:
            began = time.monotonic()
            done = sum(1 for _ in pool.imap_unordered(give_back, range(tasks)))
            seconds = time.monotonic() - began
        print(f"python     {workers} workers: {done / seconds:.0f} tasks/s")
