#include "expr/arena.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (16u << 10)
#define ALIGN       16u

struct arena_block {
    struct arena_block *next;
    size_t capacity, used;
    _Alignas(ALIGN) char data[];
};

static struct arena_block *block_new(size_t n)
{
    size_t capacity = n > BLOCK_BYTES ? n : BLOCK_BYTES;
    struct arena_block *block = malloc(sizeof(*block) + capacity);
    if (block == NULL)
        return NULL;
    block->next = NULL;
    block->capacity = capacity;
    block->used = 0;
    return block;
}

/* The next block with room for n bytes: one kept from before, or a new one put in its place. */
static struct arena_block *block_next(struct arena *arena, size_t n)
{
    struct arena_block **link = arena->current == NULL ? &arena->first : &arena->current->next;
    struct arena_block *kept = *link;
    if (kept != NULL && kept->capacity >= n) {
        kept->used = 0;
        return kept;
    }
    struct arena_block *block = block_new(n);
    if (block == NULL)
        return NULL;
    block->next = kept == NULL ? NULL : kept->next;
    free(kept);
    *link = block;
    return block;
}

void *weir__arena_alloc(struct arena *arena, size_t n)
{
    if (n > (size_t)-1 / 2 || (arena->limit != 0 && n > arena->limit - arena->bytes))
        return NULL;
    size_t padded = (n + ALIGN - 1) / ALIGN * ALIGN;
    struct arena_block *block = arena->current;
    if (block == NULL || block->capacity - block->used < padded) {
        block = block_next(arena, padded);
        if (block == NULL)
            return NULL;
        arena->current = block;
    }
    void *piece = block->data + block->used;
    block->used += padded;
    arena->bytes += n;
    return piece;
}

void *weir__arena_zeroed(struct arena *arena, size_t n)
{
    void *piece = weir__arena_alloc(arena, n);
    if (piece != NULL)
        memset(piece, 0, n);
    return piece;
}

void weir__arena_shrink(struct arena *arena, size_t n)
{
    arena->current->used -= n / ALIGN * ALIGN;
    arena->bytes -= n;
}

void weir__arena_reset(struct arena *arena)
{
    arena->current = NULL;
    arena->bytes = 0;
}

void weir__arena_release(struct arena *arena)
{
    struct arena_block *next;
    for (struct arena_block *block = arena->first; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    arena->first = arena->current = NULL;
    arena->bytes = 0;
}
