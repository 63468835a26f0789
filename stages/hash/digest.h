/* digest.h - reads a file once and makes its digests, with OpenSSL. */
#ifndef WEIR_HASH_DIGEST_H
#define WEIR_HASH_DIGEST_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { DIGEST_ALGORITHMS = 16, DIGEST_TEXT = 2 * EVP_MAX_MD_SIZE + 1 };

/* The algorithms, fetched once, each with a context that is used again for every file. */
struct digests {
    size_t count;
    EVP_MD *type[DIGEST_ALGORITHMS];
    EVP_MD_CTX *context[DIGEST_ALGORITHMS];
    char *buffer;
    bool base64;
    size_t bytes[DIGEST_ALGORITHMS]; /* of a digest */
    uint64_t timeout_ms;             /* for a file; 0: none */
};

enum digest_result {
    DIGEST_OK,
    DIGEST_CHANGED, /* its size or times are others than when it was opened */
    DIGEST_TIMED_OUT,
    DIGEST_UNREADABLE /* errno says why */
};

struct digest_file {
    uint64_t bytes; /* read */
    unsigned char digest[DIGEST_ALGORITHMS][EVP_MAX_MD_SIZE];
};

/* False if there is no such algorithm, or no memory. */
bool weir__digests_add(struct digests *digests, const char *algorithm);
/* False if there is no memory. */
bool weir__digests_open(struct digests *digests);
/* Accepts zeroed ones. */
void weir__digests_close(struct digests *digests);

/* Reads fd from where it stands to its end. before: as it was when it was opened. */
enum digest_result weir__digests_read(struct digests *digests, int fd, const struct stat *before,
                                      struct digest_file *ret);

/* By size, mtime and ctime: replacing a file changes the old one's ctime, and so does setting its other
 * times back. */
bool weir__file_has_changed(const struct stat *before, const struct stat *after);

/* Writes the digest of an algorithm to `to`, of DIGEST_TEXT bytes. Returns how many. */
size_t weir__digests_text(const struct digests *digests, size_t algorithm,
                          const struct digest_file *file, char *to);

#endif
