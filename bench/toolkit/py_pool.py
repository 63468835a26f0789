"""py_pool.py WORKERS TASKS: the same through multiprocessing.Pool.
py_pool.py create METHOD MEGABYTES WORKERS ROUNDS: creating a pool, until all workers are ready, by a process that has so
much memory in use; the median, without the first."""
import multiprocessing
import statistics
import sys
import time


def give_back(argument):
    return argument


def create(context, workers):
    began = time.monotonic()
    ready = context.Barrier(workers + 1)
    with context.Pool(workers, ready.wait):
        ready.wait()
        return time.monotonic() - began


if __name__ == "__main__":
    if sys.argv[1] == "create":
        method = sys.argv[2]
        megabytes, workers, rounds = map(int, sys.argv[3:])
        in_use = b"1" * (megabytes << 20)
        context = multiprocessing.get_context(method)
        seconds = statistics.median([create(context, workers) for _ in range(rounds + 1)][1:])
        print(f"creating {workers} workers, {method}, {megabytes} MB: python {seconds * 1e3:.2f} ms")
    else:
        workers, tasks = map(int, sys.argv[1:3])
        with multiprocessing.Pool(workers) as pool:
            began = time.monotonic()
            done = sum(1 for _ in pool.imap_unordered(give_back, range(tasks)))
            seconds = time.monotonic() - began
        print(f"python     {workers} workers: {done / seconds:.0f} tasks/s")
