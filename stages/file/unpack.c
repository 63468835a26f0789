#include "file/unpack.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "file/archive.h"

#define BLOCK_BYTES ((size_t)128 << 10)

struct unpack {
    const struct archive_library *library;
    struct archive *archive;
    bool begun, ended;
};

/* ---- files ---- */

bool weir__unpack_is_packed(const char *bytes, size_t n)
{
    static const struct {
        const char *begin;
        size_t n;
    } known[] = {{"\x1f\x8b\x08", 3},
                 {"\x28\xb5\x2f\xfd", 4},
                 {"\xfd"
                  "7zXZ\0",
                  6}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (n >= known[i].n && memcmp(bytes, known[i].begin, known[i].n) == 0)
            return true;
    /* "BZh" might begin a text: of bzip2 there is more to see. */
    return n >= UNPACK_MAGIC && memcmp(bytes, "BZh", 3) == 0 && memcmp(bytes + 4, "1AY&SY", 6) == 0;
}

struct unpack *weir__unpack_open(int fd, const char **ret_why)
{
    const struct archive_library *library = weir__archive();
    *ret_why = ARCHIVE_MISSING;
    if (library == NULL)
        return NULL;
    *ret_why = "out of memory";
    struct unpack *unpack = calloc(1, sizeof(*unpack));
    struct archive *archive = library->archive_read_new();
    if (unpack == NULL || archive == NULL) {
        free(unpack);
        library->archive_read_free(archive);
        return NULL;
    }
    unpack->library = library;
    unpack->archive = archive;
    library->archive_read_support_filter_gzip(archive);
    library->archive_read_support_filter_bzip2(archive);
    library->archive_read_support_filter_xz(archive);
    library->archive_read_support_filter_zstd(archive);
    library->archive_read_support_format_raw(archive);
    library->archive_read_support_format_empty(archive);
    library->archive_read_open_fd(archive, fd,
                                  BLOCK_BYTES); /* a failure is told by the first read */
    return unpack;
}

/* 1 if there is something to read, 0 for a file with nothing in it, -1. */
static int begin(struct unpack *unpack)
{
    struct archive_entry *ignored;
    int rc = unpack->library->archive_read_next_header(unpack->archive, &ignored);
    unpack->begun = true;
    unpack->ended = rc == ARCHIVE_EOF;
    return rc == ARCHIVE_OK ? 1 : rc == ARCHIVE_EOF ? 0 : -1;
}

ssize_t weir__unpack_read(struct unpack *unpack, void *to, size_t n)
{
    if (!unpack->begun) {
        int rc = begin(unpack);
        if (rc <= 0)
            return rc;
    }
    if (unpack->ended)
        return 0;
    la_ssize_t got;
    do
        got = unpack->library->archive_read_data(unpack->archive, to, n);
    while (got == ARCHIVE_RETRY);
    unpack->ended = got == 0;
    return got < 0 ? -1 : (ssize_t)got;
}

const char *weir__unpack_error(const struct unpack *unpack)
{
    const char *text = unpack->library->archive_error_string(unpack->archive);
    return text == NULL ? "it is damaged" : text;
}

void weir__unpack_close(struct unpack *unpack)
{
    if (unpack != NULL)
        unpack->library->archive_read_free(unpack->archive);
    free(unpack);
}
