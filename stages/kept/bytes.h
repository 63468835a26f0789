/* bytes.h - bytes that grow, for rows and keys. */
#ifndef WEIR_STAGES_KEPT_BYTES_H
#define WEIR_STAGES_KEPT_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Zero-initialise; free data. failed: memory ran out, and what follows is not added. */
struct bytes {
    char *data;
    size_t used, capacity;
    bool failed;
};

static inline bool bytes_reserve(struct bytes *bytes, size_t more)
{
    if (bytes->capacity - bytes->used >= more)
        return true;
    size_t capacity = 2 * bytes->capacity + more + 64;
    char *data = realloc(bytes->data, capacity);
    if (data == NULL) {
        bytes->failed = true;
        return false;
    }
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

static inline void bytes_add(struct bytes *bytes, const void *data, size_t n)
{
    if (n == 0 || bytes->failed || !bytes_reserve(bytes, n))
        return;
    memcpy(bytes->data + bytes->used, data, n);
    bytes->used += n;
}

static inline void bytes_add_byte(struct bytes *bytes, unsigned byte)
{
    char one = (char)byte;
    bytes_add(bytes, &one, 1);
}

/* As order of bytes wants it: the high byte first. */
static inline void bytes_add_high_first(struct bytes *bytes, uint64_t number, unsigned n)
{
    while (n-- > 0)
        bytes_add_byte(bytes, (unsigned)(number >> (8 * n)) & 0xFF);
}

#endif
