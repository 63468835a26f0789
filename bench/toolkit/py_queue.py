"""py_queue.py PRODUCERS CONSUMERS BYTES MESSAGES: the same through multiprocessing.Queue."""
import multiprocessing
import sys
import time


def produce(queue, size, messages):
    message = b"x" * size
    for _ in range(messages):
        queue.put(message)


def consume(queue, messages):
    for _ in range(messages):
        queue.get()


if __name__ == "__main__":
    producers, consumers, size, messages = map(int, sys.argv[1:5])
    messages -= messages % (producers * consumers)
    queue = multiprocessing.Queue(1024)
    processes = [multiprocessing.Process(target=produce, args=(queue, size, messages // producers))
                 for _ in range(producers)]
    processes += [multiprocessing.Process(target=consume, args=(queue, messages // consumers))
                  for _ in range(consumers)]
    began = time.monotonic()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    seconds = time.monotonic() - began
    print(f"python     {producers}P{consumers}C {size} B: {messages / seconds:.0f} messages/s, "
          f"{messages * size / seconds / 1e6:.1f} MB/s")
