/* links.h - the digests of files with several links that this worker has read. Bounded: one that is found
 * late may push another one out, which is then read again. */
#ifndef WEIR_HASH_LINKS_H
#define WEIR_HASH_LINKS_H

#include "hash/digest.h"

struct links {
    const struct digests *digests;
    size_t digest_bytes;   /* of all digests of a file */
    struct stat *slot;     /* the file whose digests they are; zeroed: free */
    unsigned char *digest; /* digest_bytes a slot */
};

/* False if there is no memory. digests is borrowed. */
bool weir__links_open(struct links *links, const struct digests *digests);
/* The bytes that it holds. */
size_t weir__links_bytes(const struct digests *digests);
/* st: of the open file. False if it was not read before, or not as it is now. */
bool weir__links_find(const struct links *links, const struct stat *st, struct digest_file *ret);
/* st: as it was before and after the file was read. */
void weir__links_add(struct links *links, const struct stat *st, const struct digest_file *file);
/* Accepts zeroed ones. */
void weir__links_close(struct links *links);

#endif
