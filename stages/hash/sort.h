/* sort.h - puts records of a file in the order of their keys, in bounded memory. */
#ifndef WEIR_HASH_SORT_H
#define WEIR_HASH_SORT_H

#include <weir/stage.h>

/* A record: this, the key, the text. */
struct sort_head {
    uint32_t key_bytes, text_bytes;
};

struct sort {
    struct weir_stage *stage;
    int fd;           /* open for reading and writing */
    const char *name; /* for messages */
    size_t memory;    /* bytes that are sorted at a time */
    /* Takes the texts, in order; records of the same key as they stood. 0, or another value, which
     * weir__sort_run returns at once. */
    int (*put)(void *context, const char *text, size_t bytes);
    void *context;
};

/* Sorts the first bytes of the file, and writes behind them what does not fit memory. 0, what put
 * returned, or a code after weir_fail. */
int weir__sort_run(const struct sort *sort, uint64_t bytes);

#endif
