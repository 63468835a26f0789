#include "hash/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 256 << 10, PAGE = 4096 }; /* a piece stays in the processor's cache */

bool weir__digests_add(struct digests *digests, const char *algorithm)
{
    EVP_MD *type = EVP_MD_fetch(NULL, algorithm, NULL);
    if (type == NULL)
        return false;
    digests->bytes[digests->count] = (size_t)EVP_MD_get_size(type);
    digests->type[digests->count++] = type;
    return true;
}

bool weir__digests_open(struct digests *digests)
{
    bool all = (digests->buffer = aligned_alloc(PAGE, PIECE)) != NULL;
    for (size_t i = 0; i < digests->count; i++)
        all = (digests->context[i] = EVP_MD_CTX_new()) != NULL && all;
    return all;
}

void weir__digests_close(struct digests *digests)
{
    for (size_t i = 0; i < digests->count; i++) {
        EVP_MD_CTX_free(digests->context[i]);
        EVP_MD_free(digests->type[i]);
    }
    free(digests->buffer);
    *digests = (struct digests){0};
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool weir__file_has_changed(const struct stat *before, const struct stat *after)
{
    return before->st_size != after->st_size || !same_time(&before->st_mtim, &after->st_mtim) ||
           !same_time(&before->st_ctim, &after->st_ctim);
}

/* What OpenSSL refuses is our own fault: its algorithms take any bytes. */
static void must(int done)
{
    if (done != 1)
        abort();
}

/* The files of /proc and /sys have other sizes than they say: those are read until nothing comes.
 * For the others the piece that reaches the size is the last one; what is appended meanwhile shows
 * in the size afterwards. */
static enum digest_result read_all(struct digests *digests, int fd, const struct stat *before,
                                   uint64_t *ret_bytes)
{
    uint64_t size = (uint64_t)before->st_size, begun_ms = digests->timeout_ms > 0 ? now_ms() : 0;
    *ret_bytes = 0;
    do {
        ssize_t got = read(fd, digests->buffer, PIECE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return DIGEST_UNREADABLE;
        if (got == 0)
            break;
        for (size_t i = 0; i < digests->count; i++)
            must(EVP_DigestUpdate(digests->context[i], digests->buffer, (size_t)got));
        *ret_bytes += (uint64_t)got;
        if (digests->timeout_ms > 0 && now_ms() - begun_ms > digests->timeout_ms)
            return DIGEST_TIMED_OUT;
    } while (*ret_bytes != size);
    return DIGEST_OK;
}

enum digest_result weir__digests_read(struct digests *digests, int fd, const struct stat *before,
                                      struct digest_file *ret)
{
    struct stat after;
    if (before->st_size > PIECE)
        posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    for (size_t i = 0; i < digests->count; i++)
        must(EVP_DigestInit_ex2(digests->context[i], digests->type[i], NULL));
    enum digest_result result = read_all(digests, fd, before, &ret->bytes);
    if (result != DIGEST_OK)
        return result;
    if (fstat(fd, &after) < 0)
        return DIGEST_UNREADABLE;
    if (weir__file_has_changed(before, &after))
        return DIGEST_CHANGED;
    for (size_t i = 0; i < digests->count; i++)
        must(EVP_DigestFinal_ex(digests->context[i], ret->digest[i], NULL));
    return DIGEST_OK;
}

size_t weir__digests_text(const struct digests *digests, size_t algorithm,
                          const struct digest_file *file, char *to)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *digest = file->digest[algorithm];
    size_t n = digests->bytes[algorithm];
    if (digests->base64)
        return (size_t)EVP_EncodeBlock((unsigned char *)to, digest, (int)n);
    for (size_t i = 0; i < n; i++) {
        *to++ = digits[digest[i] >> 4];
        *to++ = digits[digest[i] & 15];
    }
    return 2 * n;
}
