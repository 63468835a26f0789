#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char empty[1] = "";

void weir__buf_init(struct buf *buf)
{
    *buf = (struct buf){.data = empty};
}

void weir__buf_release(struct buf *buf)
{
    if (buf->data != empty)
        free(buf->data);
    weir__buf_init(buf);
}

/* Makes room for n more bytes and a NUL. */
static bool buf_grow(struct buf *buf, size_t n)
{
    if (buf->failed || n > SIZE_MAX / 2 - buf->len - 1) {
        buf->failed = true;
        return false;
    }
    size_t want = buf->len + n + 1;
    if (want <= buf->capacity)
        return true;
    size_t capacity = buf->capacity < 64 ? 64 : buf->capacity * 2;
    if (capacity < want)
        capacity = want;
    char *data = realloc(buf->data == empty ? NULL : buf->data, capacity);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void weir__buf_add(struct buf *buf, const void *bytes, size_t n)
{
    if (!buf_grow(buf, n))
        return;
    if (n > 0)
        memcpy(buf->data + buf->len, bytes, n);
    buf->len += n;
    buf->data[buf->len] = '\0';
}

void weir__buf_puts(struct buf *buf, const char *text)
{
    weir__buf_add(buf, text, strlen(text));
}

void weir__buf_putc(struct buf *buf, char c)
{
    weir__buf_add(buf, &c, 1);
}

void weir__buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n >= 0 && buf_grow(buf, (size_t)n)) {
        vsnprintf(buf->data + buf->len, (size_t)n + 1, format, again);
        buf->len += (size_t)n;
    } else {
        buf->failed = true;
    }
    va_end(again);
}

void weir__buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    weir__buf_vprintf(buf, format, args);
    va_end(args);
}

void weir__buf_truncate(struct buf *buf, size_t len)
{
    if (len < buf->len) {
        buf->len = len;
        buf->data[len] = '\0';
    }
}

char *weir__buf_detach(struct buf *buf)
{
    char *data = NULL;
    if (!buf->failed)
        data = buf->data == empty ? calloc(1, 1) : buf->data;
    else if (buf->data != empty)
        free(buf->data);
    weir__buf_init(buf);
    return data;
}
