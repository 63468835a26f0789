/*
 * blame.h - which record killed a worker, and what its successor is to do about it.
 *
 * While a stage's code runs, `struct trial` in the seat's shared words says on what. When the
 * worker has died in it the supervisor looks there. A death with a whole batch in hand accuses
 * nobody yet: the successor works on that batch one record at a time. A record that kills its
 * worker again and again is doomed: the next successor sets it aside, and the rest of the batch
 * goes through.
 *
 * Nothing here is shared: the trial is read after its writer is gone.
 */
#ifndef WEIR_BLAME_H
#define WEIR_BLAME_H

/* shm */
#include "shm/word.h"

#include <stddef.h>

#define TRIAL_WHOLE UINT64_MAX /* as trial.record: all records of the input at once */

/* What a seat's stages are working on. Only the seat writes. */
struct trial {
    struct word running; /* 0, or when a member's code was entered, and which: see trial_running */
    uint64_t ring, position; /* the input in hand */
    uint64_t record;         /* where in it: so many records, or bytes of raw input, stand before */
};

/* Microseconds of the monotonic clock, and the member. Never 0. */
static inline uint64_t trial_running(uint64_t now_us, uint32_t member)
{
    return now_us << 8 | (member + 1);
}

static inline uint32_t trial_member(uint64_t running)
{
    return (uint32_t)(running & 0xFF) - 1;
}

static inline uint64_t trial_since_us(uint64_t running)
{
    return running >> 8;
}

/* What a successor is told about the input in hand. It holds for that input only. */
struct caution {
    bool careful; /* one record at a time */
    bool doomed;  /* and this record is not worked on again, but set aside: */
    uint64_t ring, position, record;
    uint32_t member; /* whose code it kills */
    uint32_t deaths; /* how many workers it has killed */
    bool refused;    /* ... or ends the run, since no more records may be set aside */
    bool slow;       /* a batch took longer than one record may: nobody need be to blame */
    uint64_t time;   /* of the last death, seconds since 1970 */
    char reason[80]; /* "SIGSEGV" */
};

enum blame {
    BLAME_NOBODY, /* no stage's code was running */
    BLAME_NOTED,  /* the successor is to be careful, or it was not enough yet */
    BLAME_DOOMED, /* one more record has killed too many */
};

/* The deaths of one seat's workers. Zero-initialise. */
struct blame_book {
    uint64_t ring, position, record; /* what the last worker died on */
    uint32_t deaths, kills;          /* by the stage's own doing, and from outside */
    struct caution caution;
};

/* One death in a stage's code. */
struct death {
    const struct trial *trial;
    uint64_t running; /* the trial's word */
    bool foreign;     /* a signal that nobody of ours has sent: it says little about the record */
    bool late;        /* our own kill, of who took too long */
    bool published;   /* of the record that is doomed a part stands in the quarantine already */
    const char *reason;
};

/* Enters a death. It takes poison_after of the record's own doing, or BLAME_FOREIGN from outside, on
 * the same record to doom it. */
enum { BLAME_FOREIGN = 5 };
enum blame weir__blame_death(struct blame_book *book, const struct death *death,
                             uint32_t poison_after);

#endif
