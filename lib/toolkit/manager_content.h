/*
 * manager_content.h - what one object of a manager holds: values at keys, or in a row.
 *
 * Always true: *budget is what all who share it may still hold. What does not fit is refused, and
 * then nothing has changed.
 */
#ifndef WEIR_TOOLKIT_MANAGER_CONTENT_H
#define WEIR_TOOLKIT_MANAGER_CONTENT_H

/* toolkit */
#include "toolkit/manager_datum.h"

struct item;

/* You may read count and datum_bytes. */
struct content {
    size_t *budget;
    size_t count;       /* values */
    size_t datum_bytes; /* of all values and keys */
    void *tree;         /* of those at keys */
    struct item **row;
    size_t first, in_row, room; /* those in a row begin at `first`; `room` are allocated */
};

void weir__content_init(struct content *content, size_t *budget);
void weir__content_release(struct content *content);

/* No bytes: there is none. */
struct encoded weir__content_at_key(const struct content *content, const struct weir_datum *key);
struct encoded weir__content_at(const struct content *content, size_t index);

/* These return false where there is no room. */
bool weir__content_set_key(struct content *content, struct encoded key, struct encoded value);
bool weir__content_set(struct content *content, size_t index, struct encoded value);
bool weir__content_insert(struct content *content, size_t index, struct encoded value);

void weir__content_remove_key(struct content *content, const struct weir_datum *key);
void weir__content_remove(struct content *content, size_t index);

/* Adds all values, in the order of their keys and each behind its key, or as they stand in the row. */
void weir__content_write(const struct content *content, struct buf *to);

#endif
