/* seen.h - texts that were there before, told apart by 128 bits of a hash. */
#ifndef WEIR_WEB_SEEN_H
#define WEIR_WEB_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEEN_MOST = 3 << 20, SEEN_BYTES = 96 << 20 }; /* texts, and their memory while it grows */

/* Zero-initialise. */
struct seen {
    struct seen_key {
        uint64_t low, high; /* both 0: empty */
    } * key;
    size_t count, capacity;
};

/* 1: it is new; 0: it is not; -1: there are too many, or there is no memory. */
int weir__seen_add(struct seen *seen, const char *text, size_t n);
void weir__seen_release(struct seen *seen);

#endif
