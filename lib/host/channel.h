/*
 * channel.h - a ring of frames between a program and one worker, one of which puts and the other
 * takes.
 *
 * Always true: what stands between the taken and the published position is whole frames. The
 * position of what is published goes forward with the number of records in one step, as a ledger
 * does: two copies, and a sequence that says which. So a worker that puts may die behind any line:
 * its successor finds how many records were published, and goes on behind them. One that takes lets
 * the ring have a frame's room back once its own transaction is committed, and its successor takes
 * from there.
 *
 * A side that sleeps says so, looks once more, and polls its bell; the other rings it after having
 * changed anything. Bells may ring in vain.
 *
 * Neither side trusts what the other has written: lengths and positions are checked.
 */
#ifndef WEIR_HOST_CHANNEL_H
#define WEIR_HOST_CHANNEL_H

/* shm */
#include "shm/segment.h"

enum channel_side { CHANNEL_PUTTER, CHANNEL_TAKER };

struct channel_words;

struct channel {
    struct segment segment;
    struct channel_words *words;
    char *ring; /* twice, one behind the other: what wraps around stands in one piece */
    uint64_t ring_bytes;
    uint64_t at;      /* this side's position: behind what it has put, or taken */
    uint64_t records; /* put so far; the putter's own */
    int bell[2];      /* eventfds: that of the putter, of the taker */
};

/* What it needs in another process: its memory and its bells. */
enum { CHANNEL_FDS = 3 };

/* A ring in which a frame of so many bytes fits, and some MiB at least. WEIR_EOS. */
int weir__channel_create(struct channel *channel, uint64_t frame_bytes, struct weir_err *err);
void weir__channel_fds(const struct channel *channel, int fds[CHANNEL_FDS]);
/* The descriptors become the channel's if it succeeds. WEIR_EOS, WEIR_EINTERNAL. */
int weir__channel_attach(struct channel *channel, const int fds[CHANNEL_FDS],
                         enum channel_side side, struct weir_err *err);
void weir__channel_release(struct channel *channel);

/* ---- the putter ---- */

/* Room for the payload of one frame, and how large it is; 0 if there is none. */
char *weir__channel_room(struct channel *channel, size_t *ret_bytes);
void weir__channel_put(struct channel *channel, size_t bytes, uint32_t records);
/* No more will come. */
void weir__channel_end(struct channel *channel);
/* Whether all that was put was taken. */
bool weir__channel_is_empty(const struct channel *channel);

/* ---- the taker ---- */

struct channel_frame {
    const char *bytes;
    uint32_t byte_count, records;
};

enum channel_state { CHANNEL_FRAME, CHANNEL_NOTHING, CHANNEL_ENDED, CHANNEL_DAMAGED };

/* The next frame, whose bytes stay until its room is given back. */
enum channel_state weir__channel_take(struct channel *channel, struct channel_frame *ret);
/* Gives back the room of what was taken up to a position. */
void weir__channel_give_back(struct channel *channel, uint64_t position);
/* A successor begins here. */
void weir__channel_take_from(struct channel *channel, uint64_t position);

/* ---- waiting ---- */

/* Says that this side is about to sleep: it is to look once more. */
void weir__channel_doze(struct channel *channel, enum channel_side side);
/* Sleeps so long, or until its bell rings. */
void weir__channel_sleep(const struct channel *channel, enum channel_side side, int timeout_ms);
/* Forgets that its bell has rung: to be done before it looks. */
void weir__channel_hear(const struct channel *channel, enum channel_side side);
/* Rings the other side's bell, whether it sleeps or not. */
void weir__channel_ring(const struct channel *channel, enum channel_side side);

#endif
