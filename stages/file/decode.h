/* decode.h - text of other encodings as UTF-8. */
#ifndef WEIR_FILE_DECODE_H
#define WEIR_FILE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The choices of an option `encoding`, in their order, and what is said about it. */
#define ENCODINGS "utf-8|utf-16|utf-16le|utf-16be|latin1|windows-1252|auto"
#define ENCODING_HELP                                                                              \
    "what the files are written in; auto: UTF-16 with a byte order mark, else UTF-8, or "          \
    "windows-1252 where a file does not begin as UTF-8 does"
enum encoding {
    ENCODING_UTF8,
    ENCODING_UTF16, /* by its byte order mark; without one as utf-16le */
    ENCODING_UTF16LE,
    ENCODING_UTF16BE,
    ENCODING_LATIN1,
    ENCODING_WINDOWS1252, /* the five bytes that it leaves open are control characters, as browsers
                             have it */
    ENCODING_AUTO,        /* as weir__decode_guess says */
};

/* UTF-16 with a byte order mark; else UTF-8 if the n bytes that a file begins with are, or
 * windows-1252. */
enum encoding weir__decode_guess(const char *bytes, size_t n);

/* A text that comes in pieces, but for the byte order mark of UTF-16. Zero-initialise but for encoding. */
struct decode {
    enum encoding encoding;
    uint64_t offset; /* of the next byte that is not decoded */
};

enum { DECODE_MOST = 4 }; /* bytes of a character, before and after */

/*
 * Decodes from *used bytes into `from` on until n, or until `room` bytes of `to` are used but for
 * fewer than DECODE_MOST. Moves *used; what is left, less than a character, belongs before the next
 * piece, unless the text has `ended`. Returns how many bytes were made, or -1 at bytes that are no
 * character of UTF-16 (offset says where).
 */
long weir__decode(struct decode *decode, const char *from, size_t n, bool ended, size_t *used,
                  char *to, size_t room);

#endif
