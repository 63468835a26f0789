/*
 * archive.h - libarchive, which is loaded when the first compressed file is met: it brings some forty
 * megabytes of address space with it, that other runs need not have.
 */
#ifndef WEIR_FILE_ARCHIVE_H
#define WEIR_FILE_ARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#define ARCHIVE_FUNCTIONS(X)                                                                       \
    X(archive_read_new)                                                                            \
    X(archive_read_free)                                                                           \
    X(archive_read_support_filter_gzip)                                                            \
    X(archive_read_support_filter_bzip2)                                                           \
    X(archive_read_support_filter_xz)                                                              \
    X(archive_read_support_filter_zstd)                                                            \
    X(archive_read_support_format_raw)                                                             \
    X(archive_read_support_format_empty)                                                           \
    X(archive_read_open_fd)                                                                        \
    X(archive_read_next_header)                                                                    \
    X(archive_read_data)                                                                           \
    X(archive_write_new)                                                                           \
    X(archive_write_free)                                                                          \
    X(archive_write_add_filter)                                                                    \
    X(archive_write_set_filter_option)                                                             \
    X(archive_write_set_format_raw)                                                                \
    X(archive_write_open_memory)                                                                   \
    X(archive_write_header)                                                                        \
    X(archive_write_data)                                                                          \
    X(archive_write_close)                                                                         \
    X(archive_entry_new)                                                                           \
    X(archive_entry_set_filetype)                                                                  \
    X(archive_entry_free)                                                                          \
    X(archive_error_string)

struct archive_library {
#define ARCHIVE_MEMBER(name) __typeof__(name) *name;
    ARCHIVE_FUNCTIONS(ARCHIVE_MEMBER)
#undef ARCHIVE_MEMBER
};

#define ARCHIVE_MISSING "the library libarchive (libarchive13) is not there"

/* NULL if it cannot be loaded. */
const struct archive_library *weir__archive(void);

#endif
