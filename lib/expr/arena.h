/*
 * arena.h - memory that is given out piece by piece and taken back all at once.
 *
 * Zero-initialise; release when done. weir__arena_reset keeps the blocks for the next round, so
 * that a steady load allocates nothing. Pieces are aligned to 16 bytes.
 */
#ifndef WEIR_EXPR_ARENA_H
#define WEIR_EXPR_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *first, *current;
    size_t bytes; /* given out since the last reset */
    size_t limit; /* of bytes; 0: none */
};

/* n bytes, not cleared; NULL when memory or the limit ran out. */
void *weir__arena_alloc(struct arena *arena, size_t n);
void *weir__arena_zeroed(struct arena *arena, size_t n);
/* Returns the last n bytes of the newest piece: the piece turned out shorter than was asked for. */
void weir__arena_shrink(struct arena *arena, size_t n);
void weir__arena_reset(struct arena *arena);
void weir__arena_release(struct arena *arena);

#endif
