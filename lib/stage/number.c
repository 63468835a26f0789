#include "stage/option.h"

#include <stdio.h>
#include <string.h>

/* A suffix and what it multiplies by. Where one begins another, the longer stands first. */
struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit count_units[] = {
    {"k", 1000}, {"M", 1000 * 1000}, {"G", 1000 * 1000 * 1000}, {NULL, 0}};

static const struct unit bytes_units[] = {{"KiB", 1LL << 10},
                                          {"MiB", 1LL << 20},
                                          {"GiB", 1LL << 30},
                                          {"TiB", 1LL << 40},
                                          {"kB", 1000},
                                          {"KB", 1000},
                                          {"MB", 1000 * 1000},
                                          {"GB", 1000 * 1000 * 1000},
                                          {"TB", 1000LL * 1000 * 1000 * 1000},
                                          {"B", 1},
                                          {NULL, 0}};

/* Longest first: they must be written in this order, each at most once. */
static const struct unit duration_units[] = {{"d", 86400000}, {"h", 3600000}, {"ms", 1},
                                             {"m", 60000},    {"s", 1000},    {NULL, 0}};

static const struct unit rate_units[] = {{"/s", 1}, {"/m", 60}, {"/h", 3600}, {NULL, 0}};

/* ---- pieces; each moves *text behind what it read ---- */

/* Digits, with single underscores between them. */
static bool take_digits(const char **text, int64_t *ret)
{
    const char *c = *text;
    int64_t value = 0;
    if (*c < '0' || *c > '9')
        return false;
    for (; (*c >= '0' && *c <= '9') || (*c == '_' && c[1] >= '0' && c[1] <= '9'); c++) {
        if (*c == '_')
            continue;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *c - '0', &value))
            return false;
    }
    *text = c;
    *ret = value;
    return true;
}

/* "1", "0.5": digits with at most `places` behind a point, as a whole number of 10 to the -places.
 */
static bool take_decimal(const char **text, int places, int64_t *ret)
{
    int64_t value;
    if (!take_digits(text, &value))
        return false;
    bool point = **text == '.' && (*text)[1] >= '0' && (*text)[1] <= '9';
    if (point)
        (*text)++;
    for (int i = 0; i < places; i++) {
        int digit = 0;
        if (point && **text >= '0' && **text <= '9')
            digit = *(*text)++ - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *ret = value;
    return true;
}

static const struct unit *take_unit(const char **text, const struct unit *units)
{
    for (; units->name != NULL; units++) {
        size_t n = strlen(units->name);
        if (strncmp(*text, units->name, n) == 0) {
            *text += n;
            return units;
        }
    }
    return NULL;
}

/* ---- types ---- */

static bool read_scaled(const char *text, const struct unit *units, int64_t *ret)
{
    int64_t value;
    if (!take_digits(&text, &value))
        return false;
    if (*text != '\0') {
        const struct unit *unit = take_unit(&text, units);
        if (unit == NULL || *text != '\0' || __builtin_mul_overflow(value, unit->factor, &value))
            return false;
    }
    *ret = value;
    return true;
}

static bool read_duration(const char *text, int64_t *ret)
{
    int64_t total = 0, smallest = INT64_MAX;
    if (strcmp(text, "0") == 0) {
        *ret = 0;
        return true;
    }
    do {
        int64_t value;
        if (!take_digits(&text, &value))
            return false;
        const struct unit *unit = take_unit(&text, duration_units);
        if (unit == NULL || unit->factor >= smallest)
            return false;
        smallest = unit->factor;
        if (__builtin_mul_overflow(value, unit->factor, &value) ||
            __builtin_add_overflow(total, value, &total))
            return false;
    } while (*text != '\0');
    *ret = total;
    return true;
}

static bool read_rate(const char *text, int64_t *ret)
{
    int64_t thousandths;
    if (!take_decimal(&text, 3, &thousandths))
        return false;
    const struct unit *unit = take_unit(&text, rate_units);
    if (unit == NULL || *text != '\0')
        return false;
    *ret = thousandths / unit->factor + (thousandths % unit->factor * 2 >= unit->factor);
    return true;
}

static bool read_percent(const char *text, int64_t *ret)
{
    int64_t millionths;
    if (!take_decimal(&text, 4, &millionths) || strcmp(text, "%") != 0 || millionths > 1000000)
        return false;
    *ret = millionths;
    return true;
}

static bool read_bool(const char *text, int64_t *ret)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    for (int i = 0; i < 6; i++)
        if (strcmp(text, words[i]) == 0) {
            *ret = i % 2;
            return true;
        }
    return false;
}

static bool read_char(const char *text, int64_t *ret)
{
    if (text[0] != '\0' && text[1] == '\0')
        *ret = (unsigned char)text[0];
    else if (strcmp(text, "\\t") == 0)
        *ret = '\t';
    else
        return false;
    return true;
}

bool weir__option_is_number(enum weir_option_type type)
{
    switch (type) {
    case WEIR_OPT_BOOL:
    case WEIR_OPT_CHAR:
    case WEIR_OPT_COUNT:
    case WEIR_OPT_BYTES:
    case WEIR_OPT_DURATION:
    case WEIR_OPT_RATE:
    case WEIR_OPT_PERCENT: return true;
    default: return false;
    }
}

const char *weir__option_type_text(enum weir_option_type type)
{
    switch (type) {
    case WEIR_OPT_STRING: return "text";
    case WEIR_OPT_CHAR: return "one character (one byte) like ; or \\t";
    case WEIR_OPT_PATH: return "the path of a file";
    case WEIR_OPT_BOOL: return "true or false (or yes, no, on, off)";
    case WEIR_OPT_COUNT: return "a number like 1000, 1_000 or 2k";
    case WEIR_OPT_BYTES: return "a number of bytes like 4096, 64KiB or 1GB";
    case WEIR_OPT_DURATION: return "a duration like 2s, 100ms or 1m30s";
    case WEIR_OPT_RATE: return "a rate like 5/s, 300/m or 1000/h";
    case WEIR_OPT_PERCENT: return "a percentage from 0% to 100% like 5% or 0.1%";
    case WEIR_OPT_ENUM: return "one of a few words";
    case WEIR_OPT_LIST: return "a list like [a, b]";
    case WEIR_OPT_MAP: return "a map like {name: value}";
    case WEIR_OPT_EXPR: return "an expression";
    case WEIR_OPT_EXPR_MAP: return "a map like {column: expression}";
    case WEIR_OPT_STAGES: return "a map like {name: {option: value}}";
    case WEIR_OPT_SECRET: return "text that is never shown";
    }
    return "text";
}

int weir__option_number(enum weir_option_type type, const char *text, int64_t *ret,
                        const char **ret_message)
{
    bool good = false;
    switch (type) {
    case WEIR_OPT_BOOL: good = read_bool(text, ret); break;
    case WEIR_OPT_CHAR: good = read_char(text, ret); break;
    case WEIR_OPT_COUNT: good = read_scaled(text, count_units, ret); break;
    case WEIR_OPT_BYTES: good = read_scaled(text, bytes_units, ret); break;
    case WEIR_OPT_DURATION: good = read_duration(text, ret); break;
    case WEIR_OPT_RATE: good = read_rate(text, ret); break;
    case WEIR_OPT_PERCENT: good = read_percent(text, ret); break;
    default: break;
    }
    if (good)
        return 0;
    *ret_message = weir__option_type_text(type);
    return WEIR_ECONFIG;
}

int weir__option_choice(const char *choices, const char *text)
{
    size_t length = strlen(text);
    for (int i = 0;; i++) {
        size_t n = strcspn(choices, "|");
        if (n == length && memcmp(choices, text, n) == 0)
            return i;
        if (choices[n] == '\0')
            return -1;
        choices += n + 1;
    }
}

bool weir__option_next_member(const char **members, struct option_member *ret)
{
    const char *begin = *members;
    size_t n = strcspn(begin, "|"), name = strcspn(begin, ":|");
    if (n == 0)
        return false;
    snprintf(ret->name, sizeof(ret->name), "%.*s", (int)name, begin);
    const char *type = begin + name;
    ret->type = n - name != strlen(":count")     ? WEIR_OPT_STRING
                : memcmp(type, ":count", 6) == 0 ? WEIR_OPT_COUNT
                : memcmp(type, ":bytes", 6) == 0 ? WEIR_OPT_BYTES
                                                 : WEIR_OPT_STRING;
    *members = begin + n + (begin[n] == '|');
    return true;
}

bool weir__option_in_range(enum weir_option_type type, const char *range, int64_t value)
{
    char from[32];
    const char *message;
    int64_t end;
    if (range == NULL)
        return true;
    const char *dots = strstr(range, "..");
    if (dots == NULL || (size_t)(dots - range) >= sizeof(from))
        return false;
    snprintf(from, sizeof(from), "%.*s", (int)(dots - range), range);
    if (weir__option_number(type, from, &end, &message) < 0 || value < end)
        return false;
    if (dots[2] == '\0')
        return true;
    return weir__option_number(type, dots + 2, &end, &message) == 0 && value <= end;
}
