#include "hash/links.h"

#include <stdlib.h>
#include <string.h>

#include "hash/cache.h"

enum { SLOTS = 16384 };

static size_t digest_bytes(const struct digests *digests)
{
    size_t bytes = 0;
    for (size_t i = 0; i < digests->count; i++)
        bytes += digests->bytes[i];
    return bytes;
}

size_t weir__links_bytes(const struct digests *digests)
{
    return SLOTS * (sizeof(struct stat) + digest_bytes(digests));
}

bool weir__links_open(struct links *links, const struct digests *digests)
{
    *links = (struct links){.digests = digests, .digest_bytes = digest_bytes(digests)};
    links->slot = calloc(SLOTS, sizeof(*links->slot));
    links->digest = calloc(SLOTS, links->digest_bytes);
    return links->slot != NULL && links->digest != NULL;
}

static size_t slot_of(const struct stat *st)
{
    return (size_t)(st->st_ino ^ st->st_dev) % SLOTS;
}

bool weir__links_find(const struct links *links, const struct stat *st, struct digest_file *ret)
{
    size_t s = slot_of(st);
    const struct stat *slot = &links->slot[s];
    if (st->st_nlink < 2 || slot->st_ino != st->st_ino || slot->st_dev != st->st_dev ||
        weir__file_has_changed(slot, st))
        return false;
    const unsigned char *at = links->digest + s * links->digest_bytes;
    for (size_t i = 0; i < links->digests->count; at += links->digests->bytes[i++])
        memcpy(ret->digest[i], at, links->digests->bytes[i]);
    ret->bytes = (uint64_t)st->st_size;
    return true;
}

void weir__links_add(struct links *links, const struct stat *st, const struct digest_file *file)
{
    size_t s = slot_of(st);
    if (st->st_nlink < 2 || file->bytes != (uint64_t)st->st_size || !weir__cache_is_settled(st))
        return;
    links->slot[s] = *st;
    unsigned char *at = links->digest + s * links->digest_bytes;
    for (size_t i = 0; i < links->digests->count; at += links->digests->bytes[i++])
        memcpy(at, file->digest[i], links->digests->bytes[i]);
}

void weir__links_close(struct links *links)
{
    free(links->slot);
    free(links->digest);
    *links = (struct links){0};
}
