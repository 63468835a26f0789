#include "file/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *weir__text_count(uint64_t n, char *to)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, n);
    char *at = to;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
    return to;
}

const char *weir__text_bytes(uint64_t n, char *to)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)n / 1000;
    size_t unit = 0;
    while (value >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1000;
        unit++;
    }
    if (n < 1000)
        snprintf(to, TEXT_FIGURE, "%" PRIu64 " bytes", n);
    else
        snprintf(to, TEXT_FIGURE, "%.1f %s", value, units[unit]);
    return to;
}

const char *weir__text_limit(uint64_t n, char *to)
{
    if (n < UINT64_C(1) << 20 || n % (UINT64_C(1) << 20) != 0)
        return weir__text_bytes(n, to);
    snprintf(to, TEXT_FIGURE, "%" PRIu64 " MiB", n >> 20);
    return to;
}

const char *weir__text_input(const char *path)
{
    return strcmp(path, "-") == 0 ? "(standard input)" : path;
}
