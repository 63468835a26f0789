/* paths.h - files whose paths stand in a text, one after the other. */
#ifndef WEIR_HASH_PATHS_H
#define WEIR_HASH_PATHS_H

#include <stdio.h>

#include <weir/stage.h>

#include "hash/walk.h"

struct paths_state {
    uint64_t offset; /* of the next path */
};

struct paths {
    struct weir_stage *stage;
    struct paths_state *state;
    const char *name; /* of the text; "-": standard input */
    FILE *text;
    char end; /* of a path: '\n' or '\0' */
    char *path;
    size_t path_capacity;
};

/* For open. The state is part of stage->state. A text that is no regular file makes the stage
 * irreplaceable. */
int weir__paths_open(struct paths *paths, struct weir_stage *stage, struct paths_state *state,
                     const char *name, char end);
/* 1 and an entry, which has been looked at, 0 when there are no more, or a code. Links are followed;
 * a folder is an entry with an error. */
int weir__paths_next(struct paths *paths, struct walk_entry *ret);
/* Accepts a zeroed or half-opened one. */
void weir__paths_close(struct paths *paths);

#endif
