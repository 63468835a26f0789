#include "human.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1000000u
#define NS_PER_S  1000000000u

struct human human_count(uint64_t n)
{
    struct human ret = {""};
    char digits[24];
    int count = snprintf(digits, sizeof(digits), "%" PRIu64, n);
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            ret.text[used++] = ',';
        ret.text[used++] = digits[i];
    }
    return ret;
}

/* Picks the largest unit of which there is at least one after rounding to what is shown. */
static struct human scaled(uint64_t bytes, unsigned base, const char *const *unit, unsigned units)
{
    struct human ret;
    double value = (double)bytes;
    unsigned i = 0;
    while (i + 1 < units && value >= base - 0.5) {
        value /= base;
        i++;
    }
    bool whole = i == 0 || value >= 99.95;
    snprintf(ret.text, sizeof(ret.text), "%.*f %s", whole ? 0 : 1, value, unit[i]);
    return ret;
}

struct human human_bytes(uint64_t bytes)
{
    static const char *const unit[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
    return scaled(bytes, 1000, unit, sizeof(unit) / sizeof(unit[0]));
}

struct human human_memory(uint64_t bytes)
{
    static const char *const unit[] = {"MiB", "GiB", "TiB", "PiB"};
    uint64_t mebibytes = bytes / 1048576 + (bytes % 1048576 != 0);
    return scaled(mebibytes, 1024, unit, sizeof(unit) / sizeof(unit[0]));
}

struct human human_duration(uint64_t ns)
{
    struct human ret;
    uint64_t s = (ns + NS_PER_S / 2) / NS_PER_S;
    if (ns < 1000 * (uint64_t)NS_PER_MS - NS_PER_MS / 2)
        snprintf(ret.text, sizeof(ret.text), "%" PRIu64 " ms", (ns + NS_PER_MS / 2) / NS_PER_MS);
    else if (ns < 20 * (uint64_t)NS_PER_S)
        snprintf(ret.text, sizeof(ret.text), "%.1f s", (double)ns / NS_PER_S);
    else if (s < 60)
        snprintf(ret.text, sizeof(ret.text), "%" PRIu64 " s", s);
    else if (s < 3600)
        snprintf(ret.text, sizeof(ret.text), "%" PRIu64 " min %02" PRIu64 " s", s / 60, s % 60);
    else
        snprintf(ret.text, sizeof(ret.text), "%" PRIu64 " h %02" PRIu64 " min", s / 3600,
                 s / 60 % 60);
    return ret;
}

struct human human_clock(uint64_t seconds)
{
    struct human ret;
    uint64_t hours = seconds / 3600, minutes = seconds / 60 % 60;
    if (hours > 0)
        snprintf(ret.text, sizeof(ret.text), "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, hours, minutes,
                 seconds % 60);
    else
        snprintf(ret.text, sizeof(ret.text), "%" PRIu64 ":%02" PRIu64, minutes, seconds % 60);
    return ret;
}

/* Reads digits. False if there are none or the number is too large to be meant; what is left fits
 * in 64 bits in any unit. */
static bool read_number(const char **text, uint64_t *ret)
{
    const char *at = *text;
    uint64_t n = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        n = n * 10 + (uint64_t)(*at - '0');
        if (n > 100000000)
            return false;
    }
    if (at == *text)
        return false;
    *text = at;
    *ret = n;
    return true;
}

/* Reads a unit and returns its milliseconds, 0 for an unknown one. No unit at all is seconds. */
static uint64_t read_unit(const char **text)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    if (**text == '\0')
        return 1000;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t length = strlen(units[i].name);
        if (strncmp(*text, units[i].name, length) == 0) {
            *text += length;
            return units[i].ms;
        }
    }
    return 0;
}

bool human_read_duration(const char *text, uint64_t *ret_ms)
{
    uint64_t total = 0, smallest = UINT64_MAX;
    do {
        uint64_t n;
        if (!read_number(&text, &n))
            return false;
        uint64_t unit = read_unit(&text);
        if (unit == 0 || unit >= smallest) /* "30s1m" is a slip of the pen */
            return false;
        smallest = unit;
        total += n * unit;
    } while (*text != '\0');
    *ret_ms = total;
    return total > 0;
}
