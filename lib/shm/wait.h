/*
 * wait.h - sleeping until a shared word changes, and waking who sleeps.
 *
 * A seat sleeps on its own event word. Who waits does, each time round:
 *
 *     load the event word -> set its bit in the parked word -> fence -> look once more -> sleep on
 * the value loaded
 *
 * and who has made something to look at:
 *
 *     publish -> fence -> look at the parked word -> clear one bit -> add one to that seat's event
 * word -> wake
 *
 * One of the two fences comes first. If the waiter's, the waker sees the bit; if the waker's, the
 * waiter's look sees what was published. A waker that dies between clearing a bit and waking is
 * made good by recovery, which wakes everybody around whatever the bits say. Futexes never leave
 * wait.c.
 */
#ifndef WEIR_WAIT_H
#define WEIR_WAIT_H

/* shm */
#include "shm/word.h"

/* Sets, or clears, bits. Return what stood there before. */
uint64_t weir__word_set(struct word *word, uint64_t bits, enum step step);
uint64_t weir__word_clear(struct word *word, uint64_t bits, enum step step);

/* Sleeps while the event word still has the value, at most timeout_ms (-1: without end). May return
 * early. */
void weir__event_sleep(struct word *event, uint64_t value, int timeout_ms);

/* Adds one to the event word and wakes its seat. */
void weir__event_wake(struct word *event);

#endif
