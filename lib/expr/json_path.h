/*
 * json_path.h - ways to a value within JSON: $.a.b[0], $."a b"[#-1], the pointers /a/b/0 of RFC 6901
 * (where ~1 is / and ~0 is ~ in a key), or a key alone.
 */
#ifndef WEIR_EXPR_JSON_PATH_H
#define WEIR_EXPR_JSON_PATH_H

#include <stdbool.h>
#include <stdint.h>

/* expr */
#include "expr/utf8.h"

#define JSON_KEY_MAX 256 /* bytes */

/* A pointer's 0 may be a key or a place. */
struct json_step {
    bool has_key, has_place, from_end;
    struct text key; /* in buffer, or in the path */
    int64_t place;   /* from 0; from_end: from the last one, which is 1 */
    char buffer[JSON_KEY_MAX];
};

/* The step that begins at path[*at], which is moved to its end. False at the end of the path, and,
 * with *at UINT32_MAX, where it cannot be read. */
bool weir__json_step(struct text path, uint32_t *at, struct json_step *ret);
bool weir__json_path_is_known(struct text path);

#endif
