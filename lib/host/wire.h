/*
 * wire.h - what a program and the supervisor of its run say to each other.
 *
 * Messages over a socket of sequenced packets. The text of one goes along as a file in memory, so
 * that no message is ever cut, and the socket's buffer holds many. Both are of one version, which
 * the supervisor's first message shows.
 */
#ifndef WEIR_HOST_WIRE_H
#define WEIR_HOST_WIRE_H

#include <weir/err.h>

enum wire_kind {
    WIRE_JOB,      /* to the supervisor, first: struct job as canonical text */
    WIRE_CANCEL,   /* to it: stop the run */
    WIRE_SEEN,     /* to it: the last progress was seen, and another one may be sent */
    WIRE_HELLO,    /* from it, first: its version */
    WIRE_CHANNEL,  /* the stage's id, NUL, its schema; with the descriptors of its channel */
    WIRE_PLAN,     /* struct weir_job_plan */
    WIRE_EVENT,    /* a line */
    WIRE_PROGRESS, /* a receipt */
    WIRE_ERRORS,   /* struct weir_err, one or more: the job is wrong. The last message */
    WIRE_END,      /* a receipt; with an error before it (code 0: none). The last message */
};

enum { WIRE_FDS = 4 };

struct wire_message {
    enum wire_kind kind;
    char *bytes; /* owned; a NUL stands behind them */
    size_t byte_count;
    int fd[WIRE_FDS]; /* owned */
    unsigned fds;
};

/* What of these bytes is there: the caller's descriptors stay his. */
struct wire_part {
    const void *bytes;
    size_t byte_count;
};

enum wire_state { WIRE_GOT, WIRE_NOTHING, WIRE_CLOSED };

/* Sends the parts as one text. WIRE_NOTHING: the socket's buffer is full, or there is no memory. May
 * be called without parts from a signal handler. */
enum wire_state weir__wire_send(int socket, enum wire_kind kind, const struct wire_part *part,
                                unsigned parts, const int *fds, unsigned fd_count);

/* Does not wait. A message that cannot be read is as if the other side were gone. */
enum wire_state weir__wire_receive(int socket, struct wire_message *ret);
void weir__wire_release(struct wire_message *message);

#endif
