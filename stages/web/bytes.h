/* bytes.h - bytes that grow. A failure is kept: look once, at the end. */
#ifndef WEIR_WEB_BYTES_H
#define WEIR_WEB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise; free(data) when done. */
struct bytes {
    char *data; /* behind the last byte stands a NUL, once there was one added */
    size_t count, capacity;
    bool failed; /* memory ran out; what is there is not whole */
};

void weir__bytes_clear(struct bytes *bytes);
void weir__bytes_add(struct bytes *bytes, const void *data, size_t n);
void weir__bytes_say(struct bytes *bytes, const char *text);
/* Drops what stands behind the first `count`. */
void weir__bytes_cut(struct bytes *bytes, size_t count);
/* A character in UTF-8. */
void weir__bytes_character(struct bytes *bytes, uint32_t character);
/* A JSON string with its quotes, of text in UTF-8. */
void weir__bytes_json(struct bytes *bytes, const char *text, size_t n);
/* The text with every run of blanks as one space, and none at its ends. */
void weir__bytes_squeezed(struct bytes *bytes, const char *text, size_t n);

#endif
