"""recovery.py executor|pool [DEADLINE]: what becomes of the tasks when one worker is killed, in Python's own pools.

300 tasks of 4 ms for three workers; the worker of task 100 kills itself with SIGKILL, the first time. Prints one line:
the pool, how many tasks came back, how many did not, and what was seen.
"""
import concurrent.futures
import multiprocessing
import os
import signal
import sys
import time

TASKS = 300
VICTIM = 100
WORKERS = 3
WORK_SECONDS = 0.004

killed = multiprocessing.Value("b", 0)


def work(number):
    end = time.monotonic() + WORK_SECONDS
    if number == VICTIM and not killed.value:
        killed.value = 1
        os.kill(os.getpid(), signal.SIGKILL)
    while time.monotonic() < end:
        pass
    return number


def try_executor(deadline):
    began = time.monotonic()
    done, errors = 0, set()
    with concurrent.futures.ProcessPoolExecutor(WORKERS, multiprocessing.get_context("fork")) as executor:
        for task in [executor.submit(work, number) for number in range(TASKS)]:
            try:
                task.result(timeout=deadline)
                done += 1
            except Exception as error:  # what is raised is the finding
                errors.add(type(error).__name__)
    return done, f"{' '.join(sorted(errors)) or 'no error'} after {time.monotonic() - began:.1f} s"


def try_pool(deadline):
    done = []
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        tasks = pool.map_async(work, range(TASKS), chunksize=1)
        try:
            done = tasks.get(timeout=deadline)
            seen = "returned"
        except multiprocessing.TimeoutError:
            seen = f"map had not returned after {deadline:.0f} s"
    return len(done), seen


def main():
    name = sys.argv[1]
    deadline = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    done, seen = {"executor": try_executor, "pool": try_pool}[name](deadline)
    print(f"{name}\t{done}\t{TASKS - done}\t{seen}")


main()
