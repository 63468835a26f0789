/* lock.h - what the toolkit's files share about locks. */
#ifndef WEIR_TOOLKIT_LOCK_H
#define WEIR_TOOLKIT_LOCK_H

#include <weir/sync.h>

/* As weir_lock_acquire, until a moment of weir__now_ns; 0 does not wait. */
int weir__lock_acquire_until(struct weir_lock *lock, uint64_t deadline_ns);

/* Where what the lock guards is whole after every single store: a holder's death is no news. */
int weir__door_acquire(struct weir_lock *door, uint64_t deadline_ns);

/* The word of a lock that somebody may hold, to be slept on: it changes when its holder releases it
 * or dies, and one who sleeps on it is woken. */
uint32_t *weir__lock_word(struct weir_lock *lock);

enum lock_holder { LOCK_FREE, LOCK_HELD, LOCK_HOLDER_DEAD };

/* Asks the kernel to wake one who sleeps on the word, if it is held. */
enum lock_holder weir__lock_watch(struct weir_lock *lock, uint32_t *ret_value);

/* The thread that holds it, as gettid tells it; 0: none. */
pid_t weir__lock_holder(struct weir_lock *lock);

#endif
