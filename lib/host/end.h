/*
 * end.h - the program's end of a channel: a source that puts records, or a sink that takes them.
 */
#ifndef WEIR_HOST_END_H
#define WEIR_HOST_END_H

#include <weir/weir.h>

/* flow */
#include "flow/pack.h"
/* host */
#include "host/channel.h"
#include "host/job.h"

/* Records that are put, until there are enough for a frame. */
struct weir_feed {
    struct weir_schema schema;
    struct channel *channel;
    uint64_t max_record;
    uint64_t records; /* in all */
    bool *all;        /* one a column */

    uint64_t *entry; /* column by column, room for FEED_RECORDS each */
    struct weir_column *column;
    uint32_t held, first; /* records of the batch, and the first of them that is not in the ring */
    char *heap;
    size_t heap_bytes, heap_capacity;
};

struct run_end {
    char *id; /* owned */
    bool is_source;
    bool idle;   /* a source that had nothing to put */
    bool ended;  /* it will have no more */
    bool closed; /* and the channel knows */
    struct weir_host_source source;
    struct weir_host_sink sink;
    bool attached; /* the supervisor has given its channel */
    struct channel channel;
    struct weir_feed feed; /* its schema is a sink's, too */
    struct unpacked unpacked;
};

/* What the supervisor says of its channel: the text behind the id is the schema's. The descriptors
 * become the end's if it succeeds. */
int weir__end_attach(struct run_end *end, const int fds[CHANNEL_FDS], uint64_t max_record,
                     const char *schema, struct weir_err *err);
void weir__end_release(struct run_end *end);

/* Puts or takes what there is, for a while. Whether anything was done; a negative code: what the
 * program's function returned, or damage. */
int weir__end_exchange(struct run_end *end, struct weir_err *err);

/* Its bell will ring when there is something to do. */
void weir__end_doze(struct run_end *end);

#endif
