/*
 * pipe.h - two connected ends, for messages: Pipe of Python's multiprocessing.
 *
 * An end is a descriptor, to be given to a child (process.h), to be waited for with others, also by
 * poll(2), and closed by close(2). A message is bytes, of any number, and comes whole or not at all,
 * also when its sender is killed in the middle. When nobody has the other end any more, however they
 * went, sending is refused at once, and who receives gets what was sent before, and then the end.
 *
 * Several may send at the same end. Of those who receive at one end only one at a time may do so.
 * Times and outcomes are as in sync.h.
 */
#ifndef WEIR_PIPE_H
#define WEIR_PIPE_H

#include <weir/sync.h>

/* One-way, ret_ends[0] receives and ret_ends[1] sends, as with pipe(2). Neither end is left to a
 * program that is executed. WEIR_EOS: the system refused. */
WEIR_PUBLIC int weir_pipe_create(int ret_ends[2], bool duplex, struct weir_err *err);

/* Returns 0; WEIR_TIMED_OUT: there was no room in time; WEIR_CLOSED: nobody has the other end;
 * WEIR_EUSAGE: this is no end that sends; WEIR_EOS: no memory or no descriptor. */
WEIR_PUBLIC int weir_pipe_send(int end, const void *message, size_t bytes, int64_t timeout_ms);

/* Returns 0; WEIR_TIMED_OUT; WEIR_CLOSED: all was received, and nobody has the other end;
 * WEIR_TOO_LARGE: the next message has *ret_bytes bytes, and stays; WEIR_EUSAGE: this is no end of a
 * pipe; WEIR_EOS: as above. */
WEIR_PUBLIC int weir_pipe_receive(int end, void *into, size_t room, size_t *ret_bytes,
                                  int64_t timeout_ms);

/*
 * Waits until something can be received at one of these ends: a message, or the end. Among them may
 * be whatever poll(2) takes, such as weir_process_fd; negative ones are passed over. Returns 0 with
 * *ret, which may be NULL, the place of the first of them in the list; WEIR_TIMED_OUT; WEIR_EUSAGE:
 * one of them is not open; WEIR_EOS.
 */
WEIR_PUBLIC int weir_pipe_wait(const int *ends, size_t count, size_t *ret, int64_t timeout_ms);

/* The same for one. */
WEIR_PUBLIC int weir_pipe_poll(int end, int64_t timeout_ms);

#endif
