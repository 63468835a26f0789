"""py_manager.py CLIENTS CALLS: the same through a dict of multiprocessing.Manager."""
import multiprocessing
import sys
import time


def set_values(values, calls):
    for i in range(calls):
        values["key"] = i


if __name__ == "__main__":
    clients, calls = map(int, sys.argv[1:3])
    manager = multiprocessing.Manager()
    values = manager.dict()
    processes = [multiprocessing.Process(target=set_values, args=(values, calls // clients)) for _ in range(clients)]
    began = time.monotonic()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(f"python     {clients} clients: {calls // clients * clients / (time.monotonic() - began):.0f} calls/s")
