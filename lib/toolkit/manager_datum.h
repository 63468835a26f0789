/*
 * manager_datum.h - what a manager holds, as the bytes in which it is sent and kept.
 *
 *     kind (1 byte) | integer, double: 8 bytes, those of this machine
 *                   | bytes, text: size (4), the bytes, a NUL
 *                   | list, map: count (4), the items; the keys, ascending, and their values in turn
 *
 * So the same value has the same bytes, whatever the order in which a map was put together.
 */
#ifndef WEIR_TOOLKIT_MANAGER_DATUM_H
#define WEIR_TOOLKIT_MANAGER_DATUM_H

#include <weir/manager.h>

/* base */
#include "base/buf.h"

enum { DATUM_LEVELS = 32, DATUM_HEAD_BYTES = 1 + 4 };

/* A datum as bytes, which somebody else has. */
struct encoded {
    const char *at;
    size_t bytes;
};

/* Adds it to the bytes. False: it is not as it may be. */
bool weir__datum_write(struct buf *to, const struct weir_datum *datum);

/* Adds the head of a list or map, whose items are to follow. */
void weir__datum_write_head(struct buf *to, enum weir_datum_kind kind, size_t count);

/* Behind the datum that begins there, NULL if it is not as it may be or does not end before `end`.
 * Adds the number of its items, of all levels, to *items. */
const char *weir__datum_check(const char *at, const char *end, size_t *items);

/* Reads what was checked. Items go to *room, which moves on, and what is behind the datum is returned.
 * Where room is NULL they are left out, and where they begin is returned. Bytes and text are pointed
 * to where they stand. */
const char *weir__datum_read(const char *at, struct weir_datum *ret, struct weir_datum **room);

bool weir__datum_is_key(const struct weir_datum *datum);

/* The order of keys: negative, 0 or positive. */
int weir__datum_compare(const struct weir_datum *a, const struct weir_datum *b);

#endif
