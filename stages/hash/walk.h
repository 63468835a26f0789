/*
 * walk.h - the files of some trees, one after the other, in an order that a successor goes on with.
 *
 * The names of a directory are read at once into the source's memory (weir_source_memory), which
 * outlives the worker, and are taken from there. The directories on the way are frames of a stack
 * there; the state says where in it the walk stands. What the last commit's state needs is never
 * overwritten before the next. A name that was read gives exactly one entry, whatever has become of
 * it, or is a directory that is walked.
 *
 * Directories are opened relative to the one before, and no link is followed unless asked for: what
 * is swapped during the walk never leads out of the tree.
 */
#ifndef WEIR_HASH_WALK_H
#define WEIR_HASH_WALK_H

#include <sys/stat.h>

#include <weir/stage.h>

struct walk_state {
    uint64_t frame; /* of the directory, plus one; 0: none */
    uint64_t at;    /* the next name */
    uint64_t end;   /* behind the stack */
    uint64_t roots; /* begun so far */
};

struct walk_options {
    const char *const *root;
    size_t roots;
    const char *const *include, *const *exclude;
    size_t includes, excludes;
    uint64_t max_depth;
    bool follow_symlinks, one_filesystem, hidden;
    bool look; /* st is wanted of every entry */
};

struct walk_entry {
    const char *path; /* borrowed until the next call */
    size_t path_bytes;
    mode_t type;    /* S_IFREG ..., 0: unknown */
    struct stat st; /* if `looked` */
    bool looked;
    int error; /* errno: why it could not be looked at or walked; 0 */
};

enum { WALK_OPEN_DIRECTORIES = 32 };

struct walk {
    struct weir_stage *stage;
    struct walk_state *state;
    struct walk_options options;
    int fd; /* the source's memory */
    char *base;
    uint64_t bytes;
    uint64_t floor; /* the committed state's end: what is below must stay */
    struct {
        uint64_t frame; /* plus one; 0: nothing open */
        int fd;
    } open[WALK_OPEN_DIRECTORIES];
    char *names; /* as getdents64(2) fills it */
    char *path;
    size_t path_capacity;
};

/* For open. The state is part of stage->state. */
int weir__walk_open(struct walk *walk, struct weir_stage *stage, struct walk_state *state,
                    const struct walk_options *options);
/* For produce, before the first weir__walk_next of the call: the state is the committed one. */
void weir__walk_begin(struct walk *walk);
/* 1 and an entry, 0 when there are no more, or a code. */
int weir__walk_next(struct walk *walk, struct walk_entry *ret);
/* Accepts a zeroed or half-opened one. */
void weir__walk_close(struct walk *walk);

/* openat(2), O_CLOEXEC, which waits while there are no descriptors, and takes paths of any length. */
int weir__open_path(int directory, const char *path, int flags);

/* What a type of files is called in options and columns ("fifo"), and in words ("a FIFO"). */
const char *weir__file_type_name(mode_t type);
const char *weir__file_type_text(mode_t type);
/* The type of that name, or 0. */
mode_t weir__file_type_find(const char *name, size_t bytes);

#endif
