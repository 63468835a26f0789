"""python_queues.py w2|w3 IN OUT: three processes joined by multiprocessing.Queue.

One reads, one transforms, one writes: what a pipeline in Python looks like when each stage is a process. An item of
a queue is a batch of 1000 rows, for with one row an item it is three times as slow. None is the end of the stream.
"""
import csv
import itertools
import multiprocessing
import sys

from python_csv import WORKS

BATCH_ROWS = 1000
QUEUE_BATCHES = 20


def read(source, out_queue):
    with open(source, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        while batch := list(itertools.islice(rows, BATCH_ROWS)):
            out_queue.put(batch)
    out_queue.put(None)


def change(transform, in_queue, out_queue):
    while (batch := in_queue.get()) is not None:
        out_queue.put(list(transform(batch)))
    out_queue.put(None)


def write(header, in_queue, target):
    with open(target, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        while (batch := in_queue.get()) is not None:
            writer.writerows(batch)


def main():
    work, source, target = sys.argv[1:4]
    header, transform = WORKS[work]
    raw = multiprocessing.Queue(QUEUE_BATCHES)
    changed = multiprocessing.Queue(QUEUE_BATCHES)
    stages = [(read, (source, raw)), (change, (transform, raw, changed)), (write, (header, changed, target))]
    processes = [multiprocessing.Process(target=function, args=args) for function, args in stages]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    sys.exit(any(process.exitcode for process in processes))


if __name__ == "__main__":
    main()
