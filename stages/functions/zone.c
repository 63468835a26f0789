/*
 * zone.c - time zones, by the machine's tz database (RFC 8536, version 2 and later).
 *
 * glibc knows one zone at a time for a whole process, by a variable of the environment; so the file
 * of the zone is read here.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "functions/functions.h"

#define SUBJECT "time zones"

#define ZONES          "/usr/share/zoneinfo/"
#define FILE_BYTES_MAX (256u << 10)
#define HEADER_BYTES   44
#define DAY_SECONDS    86400
#define FIRST_SECOND   INT64_C(-62135596800) /* 0001-01-01 00:00:00 */
#define LAST_SECOND    INT64_C(253402300799) /* 9999-12-31 23:59:59 */
#define MICROS         1000000

/* The week-th (5: the last) weekday (0: Sunday) of a month, and so many seconds. */
struct rule {
    int month, week, weekday;
    int64_t time;
};

/* Offsets are in seconds east of UTC. */
struct zone {
    char *file;
    uint32_t changes, types;
    const unsigned char *times, *index, *type; /* in file */
    bool has_rule;                             /* for what comes behind the last change */
    bool has_summer;
    int32_t standard, summer;
    struct rule begin, end; /* of summer time */
};

/* ---- numbers of the file: the most significant byte comes first ---- */

static int64_t read_signed(const unsigned char *at, int bytes)
{
    uint64_t value = (at[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

static uint32_t read_count(const unsigned char *header, int i)
{
    return (uint32_t)read_signed(header + 20 + 4 * i, 4);
}

/* ---- the rule in the last line: CET-1CEST,M3.5.0,M10.5.0/3 ---- */

static bool take(const char **at, char c)
{
    bool there = **at == c;
    *at += there;
    return there;
}

static bool take_number(const char **at, int most, int *ret)
{
    int value = 0;
    if (!isdigit((unsigned char)**at))
        return false;
    while (isdigit((unsigned char)**at) && value <= most)
        value = value * 10 + (*(*at)++ - '0');
    *ret = value;
    return value <= most;
}

/* [+-]hours[:minutes[:seconds]] */
static bool take_time(const char **at, int64_t *ret)
{
    int hours, minutes = 0, seconds = 0;
    bool negative = take(at, '-');
    if (!negative)
        take(at, '+');
    if (!take_number(at, 167, &hours) || (take(at, ':') && !take_number(at, 59, &minutes)) ||
        (take(at, ':') && !take_number(at, 59, &seconds)))
        return false;
    *ret = (hours * INT64_C(3600) + minutes * 60 + seconds) * (negative ? -1 : 1);
    return true;
}

static bool take_name(const char **at)
{
    const char *begin = *at;
    if (take(at, '<')) {
        *at += strcspn(*at, ">");
        return take(at, '>');
    }
    while (isalpha((unsigned char)**at))
        ++*at;
    return *at - begin >= 3;
}

/* M3.5.0[/time]: the only kind that the database uses. */
static bool take_rule(const char **at, struct rule *ret)
{
    ret->time = 2 * 3600;
    return take(at, ',') && take(at, 'M') && take_number(at, 12, &ret->month) && ret->month > 0 &&
           take(at, '.') && take_number(at, 5, &ret->week) && ret->week > 0 && take(at, '.') &&
           take_number(at, 6, &ret->weekday) && (!take(at, '/') || take_time(at, &ret->time));
}

static bool read_rule(struct zone *zone, const char *at)
{
    int64_t west;
    if (*at == '\n')
        return true; /* none */
    if (!take_name(&at) || !take_time(&at, &west))
        return false;
    zone->has_rule = true;
    zone->standard = (int32_t)-west;
    if (*at == '\n')
        return true;
    west -= 3600;
    if (!take_name(&at) || (*at != ',' && !take_time(&at, &west)) ||
        !take_rule(&at, &zone->begin) || !take_rule(&at, &zone->end))
        return false;
    zone->has_summer = true;
    zone->summer = (int32_t)-west;
    return *at == '\n';
}

/* ---- the file ---- */

/* The bytes behind a header that it announces. */
static size_t block_bytes(const unsigned char *header, size_t time_bytes)
{
    size_t utc = read_count(header, 0), standard = read_count(header, 1);
    size_t leaps = read_count(header, 2), changes = read_count(header, 3);
    size_t types = read_count(header, 4), letters = read_count(header, 5);
    return changes * (time_bytes + 1) + types * 6 + letters + leaps * (time_bytes + 4) + standard +
           utc;
}

static bool is_header(const unsigned char *at, size_t left)
{
    return left >= HEADER_BYTES && memcmp(at, "TZif", 4) == 0 && at[4] >= '2' &&
           block_bytes(at, 8) <= left - HEADER_BYTES;
}

/* length bytes, with a NUL behind. */
static bool read_zone(struct zone *zone, size_t length)
{
    const unsigned char *at = (const unsigned char *)zone->file, *end = at + length;
    if (length < HEADER_BYTES || memcmp(at, "TZif", 4) != 0 ||
        block_bytes(at, 4) > length - HEADER_BYTES)
        return false;
    at += HEADER_BYTES + block_bytes(at, 4); /* of version 1: what comes behind says more */
    if (!is_header(at, (size_t)(end - at)))
        return false;
    zone->changes = read_count(at, 3);
    zone->types = read_count(at, 4);
    zone->times = at + HEADER_BYTES;
    zone->index = zone->times + 8 * (size_t)zone->changes;
    zone->type = zone->index + zone->changes;
    for (uint32_t i = 0; i < zone->changes; i++)
        if (zone->index[i] >= zone->types)
            return false;
    at += HEADER_BYTES + block_bytes(at, 8);
    return zone->types > 0 && at < end && *at == '\n' && read_rule(zone, (const char *)at + 1);
}

/* The whole file with a NUL behind, its length through ret_length; NULL with errno set. */
static char *load(const char *path, size_t *ret_length)
{
    char *data = malloc(FILE_BYTES_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = data == NULL || fd < 0 ? -1 : read(fd, data, FILE_BYTES_MAX);
    if (fd >= 0)
        close(fd);
    if (n < 0) {
        free(data);
        return NULL;
    }
    data[n] = '\0';
    *ret_length = (size_t)n;
    return data;
}

static bool is_name(struct weir_value name)
{
    for (uint32_t i = 0; i < name.length; i++)
        if (!isalnum((unsigned char)name.data[i]) && strchr("_+-/", name.data[i]) == NULL)
            return false;
    return name.length > 0 && name.length < 64 && name.data[0] != '/';
}

static void release(void *state)
{
    struct zone *zone = state;
    if (zone != NULL)
        free(zone->file);
    free(zone);
}

static int prepare(const struct weir_value *constant, void **ret_state, struct weir_err *err)
{
    char path[sizeof(ZONES) + 64];
    struct weir_value name = constant[1];
    size_t length = 0;
    struct zone *zone = calloc(1, sizeof(*zone));
    if (zone == NULL)
        return weir_err_set(err, WEIR_EOS, "out of memory");
    snprintf(path, sizeof(path), "%s%.*s", ZONES, (int)name.length, name.data);
    if (is_name(name))
        zone->file = load(path, &length);
    if (zone->file != NULL && read_zone(zone, length)) {
        *ret_state = zone;
        return 0;
    }
    release(zone);
    weir_err_set(err, WEIR_ECONFIG, "there is no time zone '%.60s' in %s",
                 is_name(name) ? path + strlen(ZONES) : "", ZONES);
    snprintf(err->note, sizeof(err->note), "they are called 'Europe/Berlin', 'UTC', ...%s",
             access(ZONES, R_OK) == 0 ? "" : "; Debian's package tzdata has them");
    return err->code;
}

/* ---- the offset at a time ---- */

static int64_t floor_divide(int64_t a, int64_t by)
{
    return a / by - (a % by < 0);
}

static int64_t days_before_year(int64_t year)
{
    int64_t before = year - 1;
    return before * 365 + floor_divide(before, 4) - floor_divide(before, 100) +
           floor_divide(before, 400) - 719162;
}

static int64_t year_of(int64_t days)
{
    int64_t year = 1970 + floor_divide(days * 400, 146097);
    while (days_before_year(year) > days)
        year--;
    while (days_before_year(year + 1) <= days)
        year++;
    return year;
}

/* When a rule takes effect in a year, in seconds of the clock that is right until then. */
static int64_t rule_second(const struct rule *rule, int64_t year)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    bool leap = days_before_year(year + 1) - days_before_year(year) == 366;
    int64_t first = days_before_year(year) + before[rule->month - 1] + (leap && rule->month > 2);
    int days = before[rule->month] - before[rule->month - 1] + (leap && rule->month == 2);
    int weekday = (int)(first + 4 - floor_divide(first + 4, 7) * 7); /* 1970-01-01: Thursday */
    int day = (rule->weekday - weekday + 7) % 7 + 7 * (rule->week - 1);
    while (day >= days)
        day -= 7;
    return (first + day) * DAY_SECONDS + rule->time;
}

static int32_t rule_offset(const struct zone *zone, int64_t second)
{
    if (!zone->has_summer)
        return zone->standard;
    int64_t year = year_of(floor_divide(second + zone->standard, DAY_SECONDS));
    int64_t begin = rule_second(&zone->begin, year) - zone->standard;
    int64_t end = rule_second(&zone->end, year) - zone->summer;
    bool is_summer =
        begin < end ? second >= begin && second < end : second >= begin || second < end;
    return is_summer ? zone->summer : zone->standard;
}

static int32_t type_offset(const struct zone *zone, uint32_t type)
{
    return (int32_t)read_signed(zone->type + 6 * (size_t)type, 4);
}

static int32_t offset_at(const struct zone *zone, int64_t second)
{
    uint32_t low = 0, high = zone->changes; /* the first change behind it lies between */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (read_signed(zone->times + 8 * (size_t)middle, 8) <= second)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->changes && zone->has_rule)
        return rule_offset(zone, second);
    return type_offset(zone, low == 0 ? 0 : zone->index[low - 1]);
}

/* ---- functions ---- */

static void give(struct weir_call *call, int64_t micros)
{
    int64_t second = floor_divide(micros, MICROS);
    if (second < FIRST_SECOND || second > LAST_SECOND)
        weir_call_fail(call, -1, "the result is not within the years 1 to 9999");
    else
        weir_call_give_integer(call, micros);
}

static void from_utc(struct weir_call *call)
{
    int64_t x = weir_call_integer(call, 0);
    give(call, x + offset_at(weir_call_state(call), floor_divide(x, MICROS)) * INT64_C(1000000));
}

/* A local time that there is twice is taken for the later one, one that is skipped for that much
 * after the change, as PostgreSQL and DuckDB do. */
static void to_utc(struct weir_call *call)
{
    const struct zone *zone = weir_call_state(call);
    int64_t x = weir_call_integer(call, 0), second = floor_divide(x, MICROS);
    int64_t before = offset_at(zone, second - DAY_SECONDS);
    int64_t after = offset_at(zone, second + DAY_SECONDS);
    bool is_after = offset_at(zone, second - after) == after;
    give(call, x - (is_after ? after : before) * MICROS);
}

/* ---- the table ---- */

const struct weir_function weir__functions_zone[] = {
    {{"from_utc", SUBJECT, "from_utc(x, zone)", "the local time in a zone when it is x in UTC",
      "from_utc(timestamp '2026-07-01 12:00:00', 'Europe/Berlin') -> 2026-07-01 14:00:00"},
     "mc",
     2,
     WEIR_TIMESTAMP,
     prepare,
     release,
     from_utc},
    {{"to_utc", SUBJECT, "to_utc(x, zone)", "the time in UTC when it is x in a zone",
      "to_utc(timestamp '2026-01-01 12:00:00', 'America/New_York') -> 2026-01-01 17:00:00"},
     "mc",
     2,
     WEIR_TIMESTAMP,
     prepare,
     release,
     to_utc},
    {.help = {.name = NULL}},
};
