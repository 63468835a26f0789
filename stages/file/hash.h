/* hash.h - a hash of values, for tables of one run. */
#ifndef WEIR_STAGES_FILE_HASH_H
#define WEIR_STAGES_FILE_HASH_H

#include <stdint.h>
#include <string.h>

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product =
        (unsigned __int128)(a ^ 0x9E3779B97F4A7C15) * (b ^ 0xC2B2AE3D27D4EB4F);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Goes on from `hash`. */
static inline uint64_t hash_bytes(uint64_t hash, const char *data, size_t bytes)
{
    uint64_t word;
    size_t at = 0;
    hash ^= bytes;
    for (; at + sizeof(word) <= bytes; at += sizeof(word)) {
        memcpy(&word, data + at, sizeof(word));
        hash = hash_mix(hash, word);
    }
    word = 0;
    for (size_t left = bytes - at; left > 0; left--)
        word = word << 8 | (unsigned char)data[at + left - 1];
    return hash_mix(hash, word);
}

#endif
