"""py_array.py: the twin of samples/toolkit/array.c."""
import multiprocessing

WORKERS, NUMBERS = 4, 1000000


def fill(array, worker):
    for i in range(len(array) * worker // WORKERS, len(array) * (worker + 1) // WORKERS):
        array[i] = i / 2


if __name__ == "__main__":
    array = multiprocessing.RawArray("d", NUMBERS)
    workers = [multiprocessing.Process(target=fill, args=(array, worker)) for worker in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    right = sum(array[i] == i / 2 for i in range(NUMBERS))
    print(f"{right} of {NUMBERS} numbers are right")
