/* lock.h - what the toolkit's files share about locks. */
#ifndef WEIR_TOOLKIT_LOCK_H
#define WEIR_TOOLKIT_LOCK_H

#include <weir/sync.h>

/* As weir_lock_acquire, until a moment of weir__now_ns; 0 does not wait. */
int weir__lock_acquire_until(struct weir_lock *lock, uint64_t deadline_ns);

/* Where what the lock guards is whole after every single store: a holder's death is no news. */
int weir__door_acquire(struct weir_lock *door, uint64_t deadline_ns);

#endif
