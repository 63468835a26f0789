#include "web/seen.h"

#include <stdlib.h>
#include <xxhash.h>

/* Of the key, or where it would stand. */
static struct seen_key *place(const struct seen *seen, struct seen_key key)
{
    size_t at = key.low & (seen->capacity - 1);
    while ((seen->key[at].low | seen->key[at].high) != 0 &&
           (seen->key[at].low != key.low || seen->key[at].high != key.high))
        at = (at + 1) & (seen->capacity - 1);
    return &seen->key[at];
}

static bool grow(struct seen *seen)
{
    struct seen larger = {.count = seen->count,
                          .capacity = seen->capacity == 0 ? 1024 : 2 * seen->capacity};
    larger.key = calloc(larger.capacity, sizeof(*larger.key));
    if (larger.key == NULL)
        return false;
    for (size_t i = 0; i < seen->capacity; i++)
        if ((seen->key[i].low | seen->key[i].high) != 0)
            *place(&larger, seen->key[i]) = seen->key[i];
    free(seen->key);
    *seen = larger;
    return true;
}

int weir__seen_add(struct seen *seen, const char *text, size_t n)
{
    XXH128_hash_t hash = XXH3_128bits(text, n);
    struct seen_key key = {hash.low64, hash.high64};
    if (seen->count >= seen->capacity / 4 * 3 && (seen->count >= SEEN_MOST || !grow(seen)))
        return -1;
    struct seen_key *found = place(seen, key);
    if ((found->low | found->high) != 0)
        return 0;
    *found = key;
    seen->count++;
    return 1;
}

void weir__seen_release(struct seen *seen)
{
    free(seen->key);
    *seen = (struct seen){0};
}
