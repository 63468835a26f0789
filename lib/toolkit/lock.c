#include "toolkit/lock.h"

#include <errno.h>
#include <unistd.h>

/* shm */
#include "shm/bell.h"

/* base */
#include "base/clock.h"

static int init(struct weir_lock *lock, int type)
{
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    pthread_mutexattr_settype(&how, type);
    pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
    int refused = pthread_mutex_init(&lock->mutex, &how);
    pthread_mutexattr_destroy(&how);
    return refused == 0 ? 0 : WEIR_EOS;
}

int weir_lock_init(struct weir_lock *lock)
{
    return init(lock, PTHREAD_MUTEX_ERRORCHECK);
}

int weir_rlock_init(struct weir_lock *lock)
{
    return init(lock, PTHREAD_MUTEX_RECURSIVE);
}

static int lock_until(pthread_mutex_t *mutex, uint64_t deadline_ns)
{
    if (deadline_ns == CLOCK_NEVER)
        return pthread_mutex_lock(mutex);
    int got = pthread_mutex_trylock(mutex);
    if (got != EBUSY || deadline_ns == 0)
        return got;
    struct timespec until = {.tv_sec = (time_t)(deadline_ns / 1000000000),
                             .tv_nsec = (long)(deadline_ns % 1000000000)};
    return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
}

int weir__lock_acquire_until(struct weir_lock *lock, uint64_t deadline_ns)
{
    switch (lock_until(&lock->mutex, deadline_ns)) {
    case 0: return 0;
    case EOWNERDEAD:
        /* The lock is whole again; whether what it guards is, the caller finds out. */
        pthread_mutex_consistent(&lock->mutex);
        return WEIR_OWNER_DIED;
    case EBUSY:
    case ETIMEDOUT: return WEIR_TIMED_OUT;
    default: return WEIR_EUSAGE;
    }
}

int weir__door_acquire(struct weir_lock *door, uint64_t deadline_ns)
{
    int got = weir__lock_acquire_until(door, deadline_ns);
    return got == WEIR_OWNER_DIED ? 0 : got;
}

int weir_lock_acquire(struct weir_lock *lock, int64_t timeout_ms)
{
    return weir__lock_acquire_until(lock, timeout_ms == 0 ? 0 : weir__deadline_ns(timeout_ms));
}

int weir_lock_release(struct weir_lock *lock)
{
    return pthread_mutex_unlock(&lock->mutex) == 0 ? 0 : WEIR_EUSAGE;
}

/* A robust mutex has the word of the kernel's protocol (robust-futexes in its documentation), which
 * glibc keeps in __lock and cannot change, since processes with other versions share it. */
uint32_t *weir__lock_word(struct weir_lock *lock)
{
    return (uint32_t *)&lock->mutex.__data.__lock;
}

enum lock_holder weir__lock_watch(struct weir_lock *lock, uint32_t *ret_value)
{
    uint32_t *word = weir__lock_word(lock), value = bell_load(word);
    for (;;) {
        if ((value & FUTEX_OWNER_DIED) != 0)
            return LOCK_HOLDER_DEAD;
        if ((value & FUTEX_TID_MASK) == 0)
            return LOCK_FREE;
        if ((value & FUTEX_WAITERS) != 0 || bell_cas(word, &value, value | FUTEX_WAITERS)) {
            *ret_value = value | FUTEX_WAITERS;
            return LOCK_HELD;
        }
    }
}

pid_t weir__lock_holder(struct weir_lock *lock)
{
    return (pid_t)(bell_load(weir__lock_word(lock)) & FUTEX_TID_MASK);
}
