/* text.h - figures and paths as messages show them. */
#ifndef WEIR_FILE_TEXT_H
#define WEIR_FILE_TEXT_H

#include <stdint.h>

#define TEXT_FIGURE 32

/* These write to `to`, of TEXT_FIGURE bytes, and return it: 51,220 and 3.1 MB (powers of ten). */
const char *weir__text_count(uint64_t n, char *to);
const char *weir__text_bytes(uint64_t n, char *to);
/* 16 MiB where it is a whole number of them, as people write limits; else as above. */
const char *weir__text_limit(uint64_t n, char *to);

/* "-" is shown as "(standard input)". */
const char *weir__text_input(const char *path);

#endif
