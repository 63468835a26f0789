/*
 * compress.h - compressed output: file.compress makes a member of each batch of bytes, between the stage that
 * formats and file.write. What stands in the file is complete after every commit, and members one after
 * the other are what gzip, zstd, bzip2 and xz take for one file.
 */
#ifndef WEIR_FILE_COMPRESS_H
#define WEIR_FILE_COMPRESS_H

#include <weir/stage.h>

#define COMPRESS_OPTION                                                                            \
    {                                                                                              \
        "compression", WEIR_OPT_ENUM, "auto", "none|gzip|zstd|bzip2|xz|auto", false,               \
            "how the file is compressed; auto: as the end of its name says, .gz, .zst, .bz2 or "   \
            ".xz"                                                                                  \
    }

enum compression {
    COMPRESS_NONE,
    COMPRESS_GZIP,
    COMPRESS_ZSTD,
    COMPRESS_BZIP2,
    COMPRESS_XZ,
    COMPRESS_AUTO
};

extern const struct weir_stage_type weir_file_compress;

/* What the options say; never COMPRESS_AUTO. */
enum compression weir__compress_chosen(const struct weir_stage *stage);
/* ".gz"; NULL of none. */
const char *weir__compress_suffix(enum compression compression);
/* For configure: a compressed file cannot be appended to. */
int weir__compress_check(struct weir_stage *stage);

/* What a worker that calls weir__compress holds beside its own. */
uint64_t weir__compress_memory(enum compression compression);
/* How many bytes surely fit into so many as one member. */
size_t weir__compress_most(size_t capacity);
/* Makes a member of n bytes. 0, or a code after weir_fail. */
int weir__compress(struct weir_stage *stage, enum compression compression, const char *bytes,
                   size_t n, char *to, size_t capacity, size_t *ret_used);

#endif
