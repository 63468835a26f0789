#include "expr/json_text.h"

/* expr */
#include "expr/utf8.h"

void weir__json_put_text(struct buf *to, const char *text, size_t n)
{
    weir__buf_putc(to, '"');
    for (size_t i = 0, bytes; i < n; i += bytes) {
        uint32_t point;
        bytes = weir__utf8_decode(text + i, n - i > 4 ? 4 : (uint32_t)(n - i), &point);
        if (point == '"' || point == '\\')
            weir__buf_printf(to, "\\%c", (char)point);
        else if (point < 0x20 || point == 0x7F)
            weir__buf_printf(to, "\\u%04x", point);
        else if ((point & UTF8_BROKEN) != 0)
            weir__buf_puts(to, "\\ufffd");
        else
            weir__buf_add(to, text + i, bytes);
    }
    weir__buf_putc(to, '"');
}
