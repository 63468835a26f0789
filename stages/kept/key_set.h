/*
 * key_set.h - keys that have been seen.
 *
 * The keys stand in the file that the seat keeps, one behind the other, and as pages of that file
 * in memory; the table of where each one stands is the seat's own and is made anew by a successor.
 */
#ifndef WEIR_STAGES_KEPT_KEY_SET_H
#define WEIR_STAGES_KEPT_KEY_SET_H

#include <weir/stage.h>

#include "kept/bytes.h"

/* Zero-initialise; release. */
struct key_set {
    uint64_t *slot; /* where the key stands plus one, and bits of its hash; 0: free */
    uint64_t slots, used, most;
    struct bytes added; /* keys that are not in the file yet */
    uint64_t written;   /* bytes of the file */
    char *base;
    uint64_t mapped;
};

/* Reads back so many bytes of keys. memory is what the table may take. 0 or a negative code. */
int weir__key_set_open(struct weir_stage *stage, struct key_set *set, uint64_t memory,
                       uint64_t bytes);
/* Adds a key. 1: it is new, 0: it was there, or a negative code. */
int weir__key_set_add(struct weir_stage *stage, struct key_set *set, const char *key, size_t bytes);
/* Writes what was added to the file, before a commit. Moves *bytes. 0 or a negative code. */
int weir__key_set_write(struct weir_stage *stage, struct key_set *set, uint64_t *bytes);
void weir__key_set_release(struct key_set *set);

#endif
