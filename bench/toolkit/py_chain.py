"""py_chain.py <IN >OUT: the twin of samples/toolkit/chain.c."""
import multiprocessing
import os
import sys


def read_lines(lines):
    for line in os.fdopen(0):
        lines.put(line)
    lines.put(None)


def transform(lines, results):
    while (line := lines.get()) is not None:
        try:
            id, quantity, price = line.split(",")
            results.put(f"{int(id)},{int(quantity) * float(price):.2f}\n")
        except ValueError:
            continue  # the header
    results.put(None)


def write_lines(results):
    while (line := results.get()) is not None:
        sys.stdout.write(line)
    sys.stdout.flush()


if __name__ == "__main__":
    lines, results = multiprocessing.Queue(4096), multiprocessing.Queue(4096)
    processes = [multiprocessing.Process(target=target, args=args) for target, args in
                 ((read_lines, (lines,)), (transform, (lines, results)), (write_lines, (results,)))]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
