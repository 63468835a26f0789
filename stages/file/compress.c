#include "file/compress.h"

#include <string.h>

#include "file/archive.h"
#include "file/template.h"

static const struct {
    const char *suffix;
    int filter;
    uint64_t memory_bytes;
} kinds[] = {
    [COMPRESS_GZIP] = {".gz", ARCHIVE_FILTER_GZIP, (uint64_t)1 << 20},
    [COMPRESS_ZSTD] = {".zst", ARCHIVE_FILTER_ZSTD, (uint64_t)8 << 20},
    [COMPRESS_BZIP2] = {".bz2", ARCHIVE_FILTER_BZIP2, (uint64_t)8 << 20},
    [COMPRESS_XZ] = {".xz", ARCHIVE_FILTER_XZ, (uint64_t)48 << 20},
};

enum compression weir__compress_chosen(const struct weir_stage *stage)
{
    int64_t given = weir_option_number(stage, "compression");
    const char *path = weir_option_string(stage, "path");
    if (given != COMPRESS_AUTO)
        return given < 0 ? COMPRESS_NONE : (enum compression)given;
    for (enum compression compression = COMPRESS_GZIP; compression <= COMPRESS_XZ; compression++) {
        size_t n = strlen(path), suffix = strlen(kinds[compression].suffix);
        if (n > suffix && strcmp(path + n - suffix, kinds[compression].suffix) == 0)
            return compression;
    }
    return COMPRESS_NONE;
}

const char *weir__compress_suffix(enum compression compression)
{
    return kinds[compression].suffix;
}

int weir__compress_check(struct weir_stage *stage)
{
    const char *if_exists = weir_option_string(stage, "if_exists");
    if (weir__compress_chosen(stage) == COMPRESS_NONE || strcmp(if_exists, "append") != 0)
        return 0;
    return weir_option_error(stage, "if_exists", NULL, 0, 0, NULL,
                             "a compressed file cannot be appended to");
}

uint64_t weir__compress_memory(enum compression compression)
{
    return kinds[compression].memory_bytes;
}

/* bzip2 needs the most: one in a hundred and 600. */
size_t weir__compress_most(size_t capacity)
{
    return capacity - capacity / 64 - 1024;
}

/* The same bytes at any time; and no larger tables than a member can use. */
static int set_options(const struct archive_library *library, struct archive *archive,
                       enum compression compression)
{
    if (compression == COMPRESS_GZIP)
        return library->archive_write_set_filter_option(archive, NULL, "timestamp", NULL);
    if (compression == COMPRESS_XZ)
        return library->archive_write_set_filter_option(archive, NULL, "compression-level", "4");
    return ARCHIVE_OK;
}

static bool make_member(const struct archive_library *library, struct archive *archive,
                        struct archive_entry *entry, enum compression compression,
                        const char *bytes, size_t n, char *to, size_t capacity, size_t *ret_used)
{
    library->archive_entry_set_filetype(entry, AE_IFREG);
    return library->archive_write_add_filter(archive, kinds[compression].filter) == ARCHIVE_OK &&
           library->archive_write_set_format_raw(archive) == ARCHIVE_OK &&
           set_options(library, archive, compression) == ARCHIVE_OK &&
           library->archive_write_open_memory(archive, to, capacity, ret_used) == ARCHIVE_OK &&
           library->archive_write_header(archive, entry) == ARCHIVE_OK &&
           library->archive_write_data(archive, bytes, n) == (la_ssize_t)n &&
           library->archive_write_close(archive) == ARCHIVE_OK;
}

int weir__compress(struct weir_stage *stage, enum compression compression, const char *bytes,
                   size_t n, char *to, size_t capacity, size_t *ret_used)
{
    const struct archive_library *library = weir__archive();
    if (library == NULL)
        return weir_fail(stage, WEIR_EOS, "cannot compress: " ARCHIVE_MISSING);
    struct archive *archive = library->archive_write_new();
    struct archive_entry *entry = library->archive_entry_new();
    int rc = 0;
    if (archive == NULL || entry == NULL)
        rc = weir_fail(stage, WEIR_EOS, "no memory to compress");
    else if (!make_member(library, archive, entry, compression, bytes, n, to, capacity, ret_used)) {
        const char *why = library->archive_error_string(archive);
        rc = weir_fail(stage, WEIR_EOS, "cannot compress: %s",
                       why == NULL ? "libarchive gives no reason" : why);
    }
    library->archive_entry_free(entry);
    library->archive_write_free(archive);
    return rc;
}

/* ---- the stage ---- */

static bool compress_wanted(const struct weir_stage *stage)
{
    return weir__compress_chosen(stage) != COMPRESS_NONE && !weir__template_divides(stage);
}

static int compress_configure(struct weir_stage *stage)
{
    stage->memory_bytes = weir__compress_memory(weir__compress_chosen(stage));
    return 0;
}

static int compress_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    return weir_schema_copy(ret, stage->in) < 0 ? weir_fail(stage, WEIR_EOS, "no memory") : 0;
}

/* The cursor is how many bytes are compressed. */
static int compress_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                            struct weir_output *out)
{
    size_t most = weir__compress_most(out->capacity);
    if (*cursor > in->byte_count)
        return weir_fail(stage, WEIR_EINTERNAL, "its cursor is damaged");
    size_t left = in->byte_count - (size_t)*cursor, n = left < most ? left : most;
    int rc = 0;
    if (n > 0)
        rc = weir__compress(stage, weir__compress_chosen(stage), in->bytes + *cursor, n, out->bytes,
                            out->capacity, &out->used);
    *cursor = n < left ? *cursor + n : UINT64_MAX;
    if (n == left)
        out->records = in->records;
    return rc;
}

/* A process of its own, for what it makes of a batch depends on where that begins and ends. These are
 * settled once the stage before has committed it, whatever becomes of a worker. */
const struct weir_stage_type weir_file_compress = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "file.compress",
    .summary = "compresses bytes",
    .traits = WEIR_NO_FUSE | WEIR_INNER,
    .wanted = compress_wanted,
    .configure = compress_configure,
    .bind = compress_bind,
    .process = compress_process,
};
