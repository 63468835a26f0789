"""never_again.py fork|spawn|forkserver SCENE: one of the ways in which CPython's multiprocessing hangs or goes wrong.

Says "shown" if it did so here, and "not shown" if all went well. The same scenes stand in test_never_again.c.
"""
import multiprocessing as mp
from multiprocessing import shared_memory
import os
import queue
import signal
import subprocess
import sys
import threading
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


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def give_back(argument):
    return argument


def gets_no(result):
    try:
        result.get(LONG)
        return False
    except mp.TimeoutError:
        return True


def killed_worker(context):
    """A worker is killed over its task, and who waits for the result waits for ever."""
    return gets_no(context.Pool(2).apply_async(die, (0,)))


def pool_without_its_idle_worker(context):
    """Its only worker is killed while it waits for a task, with the lock of the queue of tasks in its hands."""
    pool = context.Pool(1)
    pool.apply(give_back, (1,))
    time.sleep(0.5)
    kill(pool._pool[0])
    return pool


def replaced_worker(context):
    """The next worker never gets a task."""
    return gets_no(pool_without_its_idle_worker(context).apply_async(give_back, (1,)))


def terminate(context):
    """Nor does terminate() return."""
    thread = threading.Thread(target=pool_without_its_idle_worker(context).terminate, daemon=True)
    thread.start()
    thread.join(LONG)
    return thread.is_alive()


def imap_reads_all(context):
    """Nobody has asked for a result but the first, and the whole input has been read."""
    read = 0

    def numbers():
        nonlocal read
        for read in range(10000):
            yield read

    next(context.Pool(2).imap(give_back, numbers()))
    time.sleep(LONG)
    return read == 9999


class Unsendable(Exception):
    """Is made of two arguments, and tells only one to who makes it again."""

    def __init__(self, one, two):
        super().__init__(one)
        self.two = two


def fail(_):
    raise Unsendable(1, 2)


def unsendable_error(context):
    """An exception is sent that the parent cannot make again, and the pool is dead."""
    pool = context.Pool(2)
    pool.apply_async(fail, (0,))
    time.sleep(0.5)
    return gets_no(pool.apply_async(give_back, (1,)))


def rest(ready):
    ready.send(os.getpid())
    time.sleep(20 * LONG)


def be_parent(ready, method):
    context = mp.get_context(method)
    here, there = context.Pipe()
    context.Process(target=rest, args=(there,), daemon=True).start()
    ready.send(here.recv())
    time.sleep(20 * LONG)


def orphan(context):
    """A process is killed, and its daemonic child lives on."""
    here, there = context.Pipe()
    parent = context.Process(target=be_parent, args=(there, context.get_start_method()))
    parent.start()
    child = here.recv()
    kill(parent)
    time.sleep(LONG)
    try:
        os.kill(child, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


def take_lock(ready, lock):
    ready.send(None)
    with lock:
        pass


def fork_with_threads(context):
    """A thread holds a lock when the process is forked, and the child waits for it for ever."""
    lock = threading.Lock()

    def hold():
        with lock:
            time.sleep(1)

    threading.Thread(target=hold).start()
    return hangs(start(context, take_lock, lock))


SCENES = {scene.__name__: scene for scene in
          (queue_lock, condition_waiter, barrier_party, join_undrained, empty_when_full, attacher, killed_worker,
           replaced_worker, terminate, imap_reads_all, unsendable_error, orphan, fork_with_threads)}

if __name__ == "__main__":
    shown = SCENES[sys.argv[2]](mp.get_context(sys.argv[1]))
    print("shown" if shown else "not shown", flush=True)
    for child in mp.active_children():
        os.kill(child.pid, signal.SIGKILL)
    os._exit(0)  # without waiting for what hangs
