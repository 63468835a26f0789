/*
 * queue.h - a bounded queue between processes, for any number of producers and consumers: Queue of
 * Python's multiprocessing.
 *
 * A message is bytes, of any number up to the queue's own. Messages come out in the order in which
 * they were put in; what one put_many puts in stays together. There is no thread behind it: what put
 * has returned for is in the queue, and a process may end at once.
 *
 * When a process dies in the middle, at whatever instruction:
 *
 *     in put       its message is in the queue, whole, or it never was
 *     in get       its message is still there, for the next consumer, or went with the process
 *     waiting      somebody else gets its turn
 *
 * Nothing else is lost, and nobody else waits for ever because of it. What a consumer has got is
 * its own: if it dies over it, the queue does not know. Nor does a queue know who will ever put
 * again: if producers may die, close it when they are gone.
 *
 * The queue's memory is without a name. A child that is forked has the queue; any process can attach
 * it by its descriptor. Times are as in sync.h.
 */
#ifndef WEIR_QUEUE_H
#define WEIR_QUEUE_H

#include <sys/uio.h>

#include <weir/sync.h>

struct weir_queue;

/* At most so many messages, of at most so many bytes together; the bytes are rounded up to a power
 * of two. WEIR_EUSAGE: more than 2^29 of either or none; WEIR_EOS: memory. */
WEIR_PUBLIC int weir_queue_create(struct weir_queue **ret, size_t messages, size_t bytes,
                                  struct weir_err *err);

/* The descriptor stays the caller's. WEIR_EUSAGE: it is not that of a queue. */
WEIR_PUBLIC int weir_queue_attach_fd(struct weir_queue **ret, int fd, struct weir_err *err);

/* Lets go of the queue in this process. The last one frees it. */
WEIR_PUBLIC void weir_queue_release(struct weir_queue *queue);

/* To be given to other processes. */
WEIR_PUBLIC int weir_queue_fd(const struct weir_queue *queue);

/* Returns 0, WEIR_TIMED_OUT (there was no room in time), WEIR_CLOSED, or WEIR_EUSAGE: the message
 * is larger than the queue. */
WEIR_PUBLIC int weir_queue_put(struct weir_queue *queue, const void *message, size_t bytes,
                               int64_t timeout_ms);

/* Puts as many as there comes room for in time; *ret_count says how many those were, whatever is
 * returned. 0 is returned for all of them only. */
WEIR_PUBLIC int weir_queue_put_many(struct weir_queue *queue, const struct iovec *messages,
                                    size_t count, size_t *ret_count, int64_t timeout_ms);

/*
 * Takes one message. Returns 0; WEIR_TIMED_OUT: none came in time; WEIR_CLOSED: the queue is closed
 * and empty, so none will ever come, which every consumer is told; WEIR_TOO_LARGE: the next one has
 * *ret_bytes bytes, which is more than there is room for, and stays where it is.
 */
WEIR_PUBLIC int weir_queue_get(struct weir_queue *queue, void *into, size_t room, size_t *ret_bytes,
                               int64_t timeout_ms);

/* Waits for one, and takes with it as many as are there and have room, one behind the other, at
 * most `most`. Fills ret_bytes[] and *ret_count. */
WEIR_PUBLIC int weir_queue_get_many(struct weir_queue *queue, void *into, size_t room,
                                    size_t *ret_bytes, size_t most, size_t *ret_count,
                                    int64_t timeout_ms);

/* Nothing can be put in from now on. What is in it can still be taken out. */
WEIR_PUBLIC void weir_queue_close(struct weir_queue *queue);

/*
 * JoinableQueue: to wait until all that was put in is not only taken out, but done with. Consumers say
 * so once for each message. What one had taken when it died is not done with, unless somebody else
 * says so in its place.
 */

/* WEIR_EUSAGE: all that was taken out is done with already. */
WEIR_PUBLIC int weir_queue_task_done(struct weir_queue *queue);

/* Returns 0 when all that was ever put in is done with, or WEIR_TIMED_OUT. */
WEIR_PUBLIC int weir_queue_join(struct weir_queue *queue, int64_t timeout_ms);

/* How many messages are in it: true at one moment during the call. */
WEIR_PUBLIC size_t weir_queue_size(const struct weir_queue *queue);
/* It has none: true at one moment during the call. */
WEIR_PUBLIC bool weir_queue_empty(const struct weir_queue *queue);
/* It has as many messages as it may have; its bytes may be used up before. */
WEIR_PUBLIC bool weir_queue_full(const struct weir_queue *queue);

#endif
