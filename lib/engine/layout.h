/*
 * layout.h - what stands in a run's segment, and views of it.
 *
 *     struct run_words | text | for each group: struct group_words, struct seat_words a seat
 *     | for each group and port: the rings' tails and slots | the payloads
 *
 * Everything is an offset from the segment's base, computed from the blueprint. Words that
 * different seats write are WORD_APART apart.
 */
#ifndef WEIR_LAYOUT_H
#define WEIR_LAYOUT_H

#include <stddef.h>

/* shm */
#include "shm/segment.h"
#include "shm/word.h"
/* flow */
#include "flow/edge.h"
/* engine */
#include "engine/blame.h"
#include "engine/blueprint.h"

#define SEGMENT_MAGIC 0x3172696557ull /* "Weir1" */
enum { SEGMENT_VERSION = 1 };

/* What the supervisor has decided for the run. A worker looks at it whenever it waits. */
enum run_word { RUN_GO, RUN_DRAIN, RUN_PUBLISH, RUN_DISCARD };

struct run_words {
    uint64_t magic;
    uint32_t version;
    uint32_t copy_bytes; /* sizeof(struct ledger_copy): another build of ours does not match */
    uint64_t bytes;
    uint64_t text_bytes, text_hash;
    struct lone_word run; /* only the supervisor writes */
};

struct group_words {
    struct lone_word next[GROUP_INPUTS]; /* of each edge that the group reads */
    struct lone_word parked_in;          /* a bit a seat: waits for input */
    struct lone_word parked_out;         /* a bit a seat: waits for an output slot */
    struct lone_word parked_handed; /* a bit a seat: waits for what the split before hands on */
};

/*
 * Of a group that reads splits: claims as a ring has them, for the split of that position, and
 * what each split has handed on to the next. There are twice as many of those: split n may hand on
 * again in the same place as n - 2 * SPLITS_AHEAD, since n is taken after n - SPLITS_AHEAD + 1 was,
 * and that one after n - 2 * SPLITS_AHEAD + 1, who reads it, was released.
 *
 * Behind the splits stands one more for each seat, without anything to read: its end. So a seat's
 * last transaction has the number of what it holds, and no number is left out, however many splits
 * stay unread.
 */
enum { SPLITS_AHEAD = 128 };

struct split_words {
    struct slot claim[SPLITS_AHEAD];
    struct lone_word handed[2 * SPLITS_AHEAD];
};

struct member_counts {
    uint64_t in, out, dropped, null_dropped, rejected, failed, quarantined, bytes, slow_bytes;
};

/* How much of the output of the input in hand a port has had: bytes where it carries text, records.
 */
struct made {
    uint64_t bytes, records;
};

/*
 * Everything that a transaction changes. The ledger holds two; the sequence's parity says which one
 * is valid.
 *
 * A commit may fall in the middle of an input, since its output is larger than a slot. It publishes
 * that output and settles nothing: state and totals stay as they were before the input. A successor
 * works on the input again from where it is settled, and passes over what `passed` says is
 * published already.
 */
struct ledger_copy {
    uint64_t tail[GROUP_PORTS];
    uint64_t emitted[GROUP_PORTS]; /* records that are settled */
    uint64_t area[GROUP_PORTS]; /* the position, plus one, that used the port's large area last */
    uint64_t number;            /* the output's: of the input in hand, or a source's own count */
    uint32_t part[GROUP_PORTS]; /* of number, published so far */
    /* Yes or no; not bool, since damaged memory may hold anything. */
    uint8_t input_done;   /* the input below is to be released by the commit's tail */
    uint8_t expects_part; /* the next input is the part behind the one below */
    uint8_t enough;       /* a member wants no more: what follows is the last transaction */
    uint8_t last;         /* the commit's tail closes the seat */
    uint8_t done;         /* and tells its producers that it wants no more */
    uint32_t input_ring;
    uint64_t input_position;
    uint64_t settled; /* of the input in hand: so many records, or bytes of raw input */
    struct made passed[GROUP_PORTS];          /* made of what is not settled, and published */
    struct member_counts open[GROUP_MEMBERS]; /* what the same has contributed so far */
    struct member_counts total[GROUP_MEMBERS];
    uint64_t wait_in_ns, wait_out_ns;
    _Alignas(8) char state[GROUP_MEMBERS][MEMBER_STATE];
};

struct seat_words {
    struct lone_word event; /* others write: who waits here sleeps on it */
    /* From here on only this seat writes. */
    struct lone_word sequence;
    struct word closed; /* its LAST transaction is committed */
    struct word done;   /* it takes no further input */
    struct word failed; /* its stage failed at this number, plus one; err says how */
    struct word ready;  /* bumped when the stage is open */
    struct trial trial;
    uint32_t irreplaceable;
    struct weir_err err;
    char published[512];
    struct ledger_copy copy[2];
};

/* One process's view of the whole: pointers into its own mapping. */
struct run_view {
    struct segment segment;
    struct blueprint *blueprint;
    struct run_words *words;
};

static inline struct group_words *view_group(const struct run_view *view, uint32_t group)
{
    return (struct group_words *)(void *)(view->segment.base +
                                          view->blueprint->group[group].words_offset);
}

static inline struct seat_words *view_seat(const struct run_view *view, uint32_t group,
                                           uint32_t seat)
{
    struct seat_words *first =
        (struct seat_words *)(void *)(view->segment.base +
                                      view->blueprint->group[group].seat_offset);
    return &first[seat];
}

/* The ring of a seat's port. */
struct ring weir__view_ring(const struct run_view *view, uint32_t group, uint32_t seat,
                            uint32_t port);

/* What a group that reads splits has of its own. */
struct split_words *weir__view_splits(const struct run_view *view, uint32_t group);

/* The edges that a group reads, one an input: the rings of all ports that lead there; or its splits
 * and, behind them, an end for each seat. ret has room for GROUP_INPUTS. Returns the array of all
 * rings, to be freed, or NULL when memory ran out. */
struct ring *weir__view_edges(const struct run_view *view, uint32_t group, struct edge *ret);

/* True if every seat of the group has the word: for CLOSED and DONE. */
bool weir__view_all_closed(const struct run_view *view, uint32_t group);
bool weir__view_all_done(const struct run_view *view, uint32_t group);

/* True if nobody takes from that input any more. */
bool weir__view_reader_done(const struct run_view *view, const struct reader *reader);

/* True if everybody who reads what the group's members put out is DONE. Rejects are not that. */
bool weir__view_unwanted(const struct run_view *view, uint32_t group);

/* True if nothing more will come to the group: every seat that feeds it is CLOSED. Who reads splits
 * takes its end instead. */
bool weir__view_input_closed(const struct run_view *view, uint32_t group);

/* Wakes every seat of a group, and of those before and after it: after CLOSED, DONE, and recovery.
 */
void weir__view_wake_group(const struct run_view *view, uint32_t group);
void weir__view_wake_around(const struct run_view *view, uint32_t group);

/* Adds what a seat has counted. */
void weir__counts_add(struct member_counts *to, const struct member_counts *more);

/* The valid copy of a seat's ledger, for figures: may be torn while the seat commits. */
const struct ledger_copy *weir__view_ledger(const struct run_view *view, uint32_t group,
                                            uint32_t seat);

#endif
