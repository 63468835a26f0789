"""never_again.py fork|spawn SCENE: one of the ways in which CPython's multiprocessing hangs or goes wrong.

Says "shown" if it did so here, and "not shown" if all went well. The same scenes stand in test_never_again.c.
"""
import multiprocessing as mp
from multiprocessing import shared_memory
import os
import queue
import signal
import subprocess
import sys
import time

LONG = 3  # seconds: who needs longer, waits for ever


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def start(context, function, *arguments):
    """Runs function(ready, *arguments) in a child, and returns it half a second after it said that it is ready."""
    here, there = context.Pipe()
    process = context.Process(target=function, args=(there,) + arguments, daemon=True)
    process.start()
    here.recv()
    time.sleep(0.5)
    return process


def hangs(process):
    process.join(LONG)
    return process.is_alive()


def take(ready, messages):
    ready.send(None)
    messages.get()


def queue_lock(context):
    """A process is killed in get(), which holds the lock, and nobody else gets what is there."""
    messages = context.Queue()
    kill(start(context, take, messages))
    messages.put("here")
    try:
        messages.get(timeout=LONG)
        return False
    except queue.Empty:
        return True


def wait_at_condition(ready, condition):
    with condition:
        ready.send(None)
        condition.wait()


def notify(ready, condition):
    ready.send(None)
    with condition:
        condition.notify_all()


def condition_waiter(context):
    """A process is killed in wait(), and whoever notifies waits for it."""
    condition = context.Condition()
    kill(start(context, wait_at_condition, condition))
    return hangs(start(context, notify, condition))


def wait_at_barrier(ready, barrier):
    ready.send(None)
    barrier.wait()


def barrier_party(context):
    """A process is killed at the barrier, and the others wait for ever."""
    barrier = context.Barrier(3)
    kill(start(context, wait_at_barrier, barrier))
    others = [start(context, wait_at_barrier, barrier) for _ in range(2)]
    return any([hangs(process) for process in others])


def put_much(ready, messages):
    ready.send(None)
    messages.put(b"x" * 1000000)


def join_undrained(context):
    """A process that has put something does not end before somebody takes it."""
    return hangs(start(context, put_much, context.Queue()))


def empty_when_full(context):
    """A queue says that it is empty, though something was put in."""
    messages = context.Queue()
    for _ in range(1000):
        messages.put(1)
        if messages.empty():
            return True
        messages.get()
    return False


ATTACH = """
from multiprocessing import shared_memory
import sys
shared_memory.SharedMemory(sys.argv[1]).close()
"""


def attacher(context):
    """Another program attaches shared memory and ends, and the memory loses its name."""
    memory = shared_memory.SharedMemory(create=True, size=4096)
    subprocess.run([sys.executable, "-c", ATTACH, memory.name], stderr=subprocess.DEVNULL, check=True)
    end = time.monotonic() + LONG  # it is the other one's resource tracker that takes it away, at its end
    while time.monotonic() < end:
        try:
            shared_memory.SharedMemory(memory.name).close()
        except FileNotFoundError:
            return True
        time.sleep(0.1)
    memory.unlink()
    return False


SCENES = {scene.__name__: scene for scene in
          (queue_lock, condition_waiter, barrier_party, join_undrained, empty_when_full, attacher)}

if __name__ == "__main__":
    shown = SCENES[sys.argv[2]](mp.get_context(sys.argv[1]))
    print("shown" if shown else "not shown", flush=True)
    for child in mp.active_children():
        kill(child)
    os._exit(0)  # without waiting for what hangs
