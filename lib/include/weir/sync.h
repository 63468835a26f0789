/*
 * sync.h - locks and what is built on them, across processes: those of Python's multiprocessing.
 *
 * Each is a struct that you place in memory that processes share (shared.h), alone or beside the
 * data that it guards, and make ready once with its ..._init before others use it. There is nothing
 * to release. They work between threads too.
 *
 *     struct counter { struct weir_lock lock; int64_t value; } *counter = shared.base;
 *     weir_lock_init(&counter->lock);
 *
 * Always true: whatever process dies, at whatever instruction, nobody else waits for ever because
 * of it. Who waits sleeps, and costs no processor time.
 *
 * What the functions return:
 *
 *     0                it is done
 *     WEIR_OWNER_DIED  it is done, and you hold the lock; its last holder died with it, so what the
 *                      lock guards may be half changed
 *     WEIR_TIMED_OUT   it is not done: the time is over
 *     WEIR_BROKEN      (barrier) it is not done: somebody died or gave up
 *     WEIR_EUSAGE      it is not done: this thread may not do that (see there)
 *
 * Times are milliseconds on the monotonic clock; 0 does not wait, WEIR_FOREVER waits without end.
 *
 * Processes that share them must be in one PID namespace. Do not unmap a lock that you hold.
 */
#ifndef WEIR_SYNC_H
#define WEIR_SYNC_H

#include <pthread.h>

#include <weir/err.h>

#define WEIR_FOREVER (-1)

/* Outcomes that a program decides on; errors are negative. */
enum weir_outcome {
    WEIR_TIMED_OUT = 1,
    WEIR_OWNER_DIED,
    WEIR_BROKEN,
    WEIR_CLOSED,    /* (queue) nothing more comes, or is taken */
    WEIR_TOO_LARGE, /* (queue) the next message is larger than the room for it */
    WEIR_DIFFERENT, /* (manager) what is there is not what was expected */
};

/* ---- Lock and RLock ---- */

/* Belongs to the thread that acquired it, which alone can release it. Its holder's death, of the
 * thread or of the process, gives it to the next. */
struct weir_lock {
    pthread_mutex_t mutex;
};

/* In memory that nobody uses yet. */
WEIR_PUBLIC int weir_lock_init(struct weir_lock *lock);

/* An RLock: its holder may acquire it again, and releases it as often. */
WEIR_PUBLIC int weir_rlock_init(struct weir_lock *lock);

/* WEIR_EUSAGE: this thread holds it already (an RLock: too many times). */
WEIR_PUBLIC int weir_lock_acquire(struct weir_lock *lock, int64_t timeout_ms);

/* WEIR_EUSAGE: this thread does not hold it. */
WEIR_PUBLIC int weir_lock_release(struct weir_lock *lock);

/* ---- Semaphore and BoundedSemaphore ---- */

/* A count that belongs to nobody: what a process has acquired and not released when it dies stays
 * acquired. Where that matters, use a lock. */
struct weir_semaphore {
    struct weir_lock door;      /* who waits for a unit holds it; the others wait for the door */
    struct weir_lock releasers; /* of a bounded one */
    uint32_t word;              /* units, and a bit: somebody is at the door */
    uint32_t limit;             /* 0: none */
};

#define WEIR_SEMAPHORE_MAX 0x3fffffffu

/* WEIR_EUSAGE: more than WEIR_SEMAPHORE_MAX. */
WEIR_PUBLIC int weir_semaphore_init(struct weir_semaphore *semaphore, uint32_t units);

/* One that never has more units than at first. */
WEIR_PUBLIC int weir_bounded_semaphore_init(struct weir_semaphore *semaphore, uint32_t units);

/* Takes a unit, and waits for one if there is none. */
WEIR_PUBLIC int weir_semaphore_acquire(struct weir_semaphore *semaphore, int64_t timeout_ms);

/* WEIR_EUSAGE: it has as many units as it may have. */
WEIR_PUBLIC int weir_semaphore_release(struct weir_semaphore *semaphore);

/* ---- Event ---- */

/* A flag to wait for. Who waits when it is set gets through, though it be cleared at once. */
struct weir_event {
    struct weir_lock setters;
    uint32_t word; /* how often it was set, and two bits: somebody waits, it is set */
};

/* It is not set at first. */
WEIR_PUBLIC int weir_event_init(struct weir_event *event);
/* Lets all who wait go on, and those who come later, until it is cleared. */
WEIR_PUBLIC int weir_event_set(struct weir_event *event);
/* Who comes from now on waits. */
WEIR_PUBLIC void weir_event_clear(struct weir_event *event);
WEIR_PUBLIC bool weir_event_is_set(const struct weir_event *event);
/* Waits until it is set; if it is, not at all. */
WEIR_PUBLIC int weir_event_wait(struct weir_event *event, int64_t timeout_ms);

/* ---- Condition ---- */

/*
 * To wait, holding a lock, until what it guards is as you want it:
 *
 *     weir_lock_acquire(&lock, WEIR_FOREVER);
 *     while (!as_i_want_it)
 *         weir_condition_wait(&changed, &lock, WEIR_FOREVER);
 *
 * There is no waking of one: it might be dead, with the wake in its hands. All are woken, and look
 * again.
 */
struct weir_condition {
    uint32_t word; /* how often it was rung, and a bit: somebody waits */
};

/* Nobody waits at first. */
WEIR_PUBLIC void weir_condition_init(struct weir_condition *condition);

/* Releases the lock, sleeps until somebody notifies, and acquires the lock again, however long that
 * takes: it is held again whatever is returned, except for WEIR_EUSAGE (this thread did not hold
 * it; an RLock must be held once). May return 0 without having been notified. */
WEIR_PUBLIC int weir_condition_wait(struct weir_condition *condition, struct weir_lock *lock,
                                    int64_t timeout_ms);

/* Wakes all who wait. Call it with the lock held. */
WEIR_PUBLIC void weir_condition_notify_all(struct weir_condition *condition);

/* ---- Barrier ---- */

#define WEIR_BARRIER_PARTIES 64

/*
 * Lets nobody go on until all its parties have come to it, again and again. A party is a thread that
 * has entered: from then on its death, and an end of the thread, breaks the barrier, wherever the
 * party is. A broken barrier stays so. Who dies before it enters is not missed: whoever started it
 * aborts.
 */
struct weir_barrier {
    struct weir_lock door;
    uint32_t word;    /* how often all had come, and a bit: broken */
    uint32_t entered; /* how often somebody did */
    uint32_t parties;
    uint32_t arrived;
    struct weir_lock lives[WEIR_BARRIER_PARTIES]; /* each held by its party */
};

/* WEIR_EUSAGE: no parties, or more than WEIR_BARRIER_PARTIES. */
WEIR_PUBLIC int weir_barrier_init(struct weir_barrier *barrier, uint32_t parties);

/* WEIR_EUSAGE: this thread has entered already, or there are as many parties as there may be;
 * WEIR_BROKEN: one of them is dead. */
WEIR_PUBLIC int weir_barrier_enter(struct weir_barrier *barrier);

/* Returns 0 when all have come, and WEIR_BROKEN if it is or gets broken before. Who times out breaks
 * it. WEIR_EUSAGE: this thread has not entered. */
WEIR_PUBLIC int weir_barrier_wait(struct weir_barrier *barrier, int64_t timeout_ms);

/* This thread is no party any more; another one may enter. WEIR_EUSAGE: it was none. */
WEIR_PUBLIC int weir_barrier_leave(struct weir_barrier *barrier);

/* Breaks it. Anybody may. */
WEIR_PUBLIC void weir_barrier_abort(struct weir_barrier *barrier);

#endif
