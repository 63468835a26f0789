#include "kept/key_set.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file/kept.h"
#include "file/hash.h"

enum { PLACE_BITS = 40, FIRST_SLOTS = 1 << 12 };
#define PLACE_MASK ((UINT64_C(1) << PLACE_BITS) - 1)

static uint64_t entry_of(uint64_t hash, uint64_t place)
{
    return (hash & ~PLACE_MASK) | (place + 1);
}

/* The key at a place, which stands behind its length. */
static const char *key_at(const struct key_set *set, uint64_t place, uint32_t *ret_bytes)
{
    const char *at =
        place < set->written ? set->base + place : set->added.data + (place - set->written);
    memcpy(ret_bytes, at, sizeof(*ret_bytes));
    return at + sizeof(*ret_bytes);
}

static bool is_key(const struct key_set *set, uint64_t entry, const char *key, size_t bytes)
{
    uint32_t n;
    const char *other = key_at(set, (entry & PLACE_MASK) - 1, &n);
    return n == bytes && memcmp(other, key, n) == 0;
}

/* The slot of that key, or the free one where it would stand. */
static uint64_t find(const struct key_set *set, uint64_t hash, const char *key, size_t bytes)
{
    uint64_t s = hash & (set->slots - 1);
    while (set->slot[s] != 0 &&
           (((set->slot[s] ^ hash) & ~PLACE_MASK) != 0 || !is_key(set, set->slot[s], key, bytes)))
        s = (s + 1) & (set->slots - 1);
    return s;
}

static void put_again(struct key_set *set, uint64_t place)
{
    uint32_t bytes;
    const char *key = key_at(set, place, &bytes);
    uint64_t hash = hash_bytes(0, key, bytes), s = hash & (set->slots - 1);
    while (set->slot[s] != 0)
        s = (s + 1) & (set->slots - 1);
    set->slot[s] = entry_of(hash, place);
}

static int grow(struct weir_stage *stage, struct key_set *set)
{
    uint64_t *old = set->slot, olds = set->slots;
    uint64_t slots = olds == 0 ? FIRST_SLOTS : 2 * olds;
    if (slots > set->most)
        return weir_fail(stage, WEIR_ECONFIG,
                         "more than %" PRIu64 " different keys do not fit: give it more 'memory'",
                         set->used);
    set->slot = calloc(slots, sizeof(*set->slot));
    if (set->slot == NULL) {
        set->slot = old;
        return weir_fail(stage, WEIR_EOS, "out of memory");
    }
    set->slots = slots;
    for (uint64_t s = 0; s < olds; s++)
        if (old[s] != 0)
            put_again(set, (old[s] & PLACE_MASK) - 1);
    free(old);
    return 0;
}

static bool is_full(const struct key_set *set)
{
    return set->used >= set->slots / 8 * 7;
}

/* Maps what has been written. */
static int map(struct weir_stage *stage, struct key_set *set)
{
    if (set->written <= set->mapped)
        return 0;
    uint64_t bytes = 2 * set->written;
    void *base = set->base == NULL ? mmap(NULL, bytes, PROT_READ, MAP_SHARED, weir_kept(stage), 0)
                                   : mremap(set->base, set->mapped, bytes, MREMAP_MAYMOVE);
    if (base == MAP_FAILED)
        return weir_fail_errno(stage, WEIR_EOS, "cannot read the temporary file");
    set->base = base;
    set->mapped = bytes;
    return 0;
}

int weir__key_set_open(struct weir_stage *stage, struct key_set *set, uint64_t memory,
                       uint64_t bytes)
{
    /* While it grows there are two tables, the old one half as large. */
    for (set->most = FIRST_SLOTS; 3 * set->most * sizeof(*set->slot) <= memory;)
        set->most *= 2;
    set->written = bytes;
    int code = map(stage, set);
    if (code == 0)
        code = grow(stage, set);
    for (uint64_t at = 0; at < bytes && code == 0;) {
        uint32_t n = 0;
        if (bytes - at >= sizeof(n))
            key_at(set, at, &n);
        if (n == 0 || n > bytes - at - sizeof(n))
            return weir_fail(stage, WEIR_EINTERNAL, "the temporary file is damaged");
        if (is_full(set))
            code = grow(stage, set);
        if (code == 0)
            put_again(set, at);
        set->used++;
        at += sizeof(n) + n;
    }
    return code;
}

int weir__key_set_add(struct weir_stage *stage, struct key_set *set, const char *key, size_t bytes)
{
    uint64_t hash = hash_bytes(0, key, bytes);
    if (set->slot[find(set, hash, key, bytes)] != 0)
        return 0;
    int code = is_full(set) ? grow(stage, set) : 0;
    if (code < 0)
        return code;
    uint32_t n = (uint32_t)bytes;
    uint64_t place = set->written + set->added.used;
    set->slot[find(set, hash, key, bytes)] = entry_of(hash, place);
    set->used++;
    bytes_add(&set->added, &n, sizeof(n));
    bytes_add(&set->added, key, bytes);
    if (set->added.failed)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    return 1;
}

int weir__key_set_write(struct weir_stage *stage, struct key_set *set, uint64_t *bytes)
{
    int code = weir__kept_write(stage, set->added.data, set->added.used, set->written);
    if (code < 0)
        return code;
    set->written += set->added.used;
    set->added.used = 0;
    *bytes = set->written;
    return map(stage, set);
}

void weir__key_set_release(struct key_set *set)
{
    if (set->base != NULL)
        munmap(set->base, set->mapped);
    free(set->slot);
    free(set->added.data);
    *set = (struct key_set){0};
}
