/*
 * segment.h - the memory that processes share.
 *
 * A sealed memfd: it has no name, so nothing can stay behind; it is preallocated in full, so that
 * running out of memory is an error at the start and never a SIGBUS in the middle. It is zeroed,
 * kept out of core dumps, and not handed on to children of a worker.
 */
#ifndef WEIR_SEGMENT_H
#define WEIR_SEGMENT_H

#include <weir/err.h>

struct segment {
    int fd;
    char *base;
    size_t bytes;
};

/* name is what /proc shows for it. WEIR_EOS on failure: memory, or a kernel without memfd. The
 * creator owns it. */
int weir__segment_create(struct segment *segment, const char *name, size_t bytes,
                         struct weir_err *err);

/* The same, but only the first `reserved` bytes are there. The rest is to be reserved before anybody
 * touches it: false, and nothing lost, if there is no memory for it now. */
int weir__segment_create_sparse(struct segment *segment, const char *name, size_t bytes,
                                size_t reserved, struct weir_err *err);
bool weir__segment_reserve(const struct segment *segment, size_t from, size_t bytes);

/* The whole of it in an empty file of the caller's, which becomes the segment's whatever is returned.
 * It is not sealed: only a memfd can be. */
int weir__segment_fill(struct segment *segment, int fd, size_t bytes, struct weir_err *err);

/* Maps all of a segment that another process made. The caller's descriptor stays its own.
 * WEIR_EUSAGE: it is not a segment's. */
int weir__segment_attach(struct segment *segment, int fd, struct weir_err *err);

/* In a worker: no child of this process will have the mapping. */
void weir__segment_keep_from_children(const struct segment *segment);

/* Touches the pages of a range, so that the first use does not pay for it in the middle of the
 * work. */
void weir__segment_populate(void *from, size_t bytes);

void weir__segment_release(struct segment *segment);

#endif
