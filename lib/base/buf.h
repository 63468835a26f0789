/*
 * buf.h - a growing run of bytes.
 *
 * Always true: data[len] is NUL once anything was added, and data is never NULL ("" before). You
 * may read data and len, and shorten with weir__buf_truncate. You must not keep data across a call
 * that adds. When memory runs out `failed` is set and further additions do nothing: check it once,
 * at the end.
 */
#ifndef WEIR_BUF_H
#define WEIR_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data;
    size_t len, capacity;
    bool failed;
};

void weir__buf_init(struct buf *buf);
void weir__buf_release(struct buf *buf);
void weir__buf_add(struct buf *buf, const void *bytes, size_t n);
void weir__buf_puts(struct buf *buf, const char *text);
void weir__buf_putc(struct buf *buf, char c);
void weir__buf_printf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void weir__buf_vprintf(struct buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
void weir__buf_truncate(struct buf *buf, size_t len);
/* Gives the bytes away (to be freed with free), NULL if it failed. The buf is as after init. */
char *weir__buf_detach(struct buf *buf);

#endif
