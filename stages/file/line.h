/* line.h - lines of any length for outputs of any size. */
#ifndef WEIR_FILE_LINE_H
#define WEIR_FILE_LINE_H

#include <weir/stage.h>

/* A line that is put out piece by piece. Zero-initialise; free bytes. */
struct line {
    char *bytes;
    size_t used, capacity;
};

/* Makes room for so many more bytes behind `used`. False if there is no memory. */
bool weir__line_reserve(struct line *line, size_t more);
bool weir__line_add(struct line *line, const char *bytes, size_t n);
/* Copies what fits, from *done on. True if that was all; *done is 0 then. */
bool weir__line_put(const struct line *line, size_t *done, struct weir_output *out);

#endif
