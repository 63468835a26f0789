#include "toolkit/lock.h"

#include <errno.h>

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
