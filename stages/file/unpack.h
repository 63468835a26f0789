/* unpack.h - compressed files as the bytes in them: gzip, bzip2, xz and zstd, through libarchive. */
#ifndef WEIR_FILE_UNPACK_H
#define WEIR_FILE_UNPACK_H

#include <stdbool.h>
#include <sys/types.h>

struct unpack;

/* How many bytes of a file weir__unpack_is_packed wants to see. */
enum { UNPACK_MAGIC = 10 };

/* True if a file that begins with these n bytes is compressed in a way that is known here. */
bool weir__unpack_is_packed(const char *bytes, size_t n);

/* Begins with what fd stands at; fd stays the caller's. NULL where it cannot be: then *ret_why says
 * why. */
struct unpack *weir__unpack_open(int fd, const char **ret_why);
/* The next bytes, at most n; 0 at the end, -1 for damage or an error (weir__unpack_error). */
ssize_t weir__unpack_read(struct unpack *unpack, void *to, size_t n);
/* What was wrong, for people. Borrowed. */
const char *weir__unpack_error(const struct unpack *unpack);
void weir__unpack_close(struct unpack *unpack);

#endif
