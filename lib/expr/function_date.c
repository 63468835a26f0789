#include "expr/function.h"
#include "expr/moment.h"

#include <strings.h>

#define SUBJECT "dates and times"

/* ---- parts ---- */

bool weir__part_find(struct text name, enum moment_part *ret)
{
    static const struct {
        const char *name;
        enum moment_part part;
    } parts[] = {
        {"microsecond", PART_MICROSECOND},
        {"millisecond", PART_MILLISECOND},
        {"second", PART_SECOND},
        {"minute", PART_MINUTE},
        {"hour", PART_HOUR},
        {"day", PART_DAY},
        {"week", PART_WEEK},
        {"month", PART_MONTH},
        {"quarter", PART_QUARTER},
        {"year", PART_YEAR},
        {"dayofweek", PART_DAYOFWEEK},
        {"dow", PART_DAYOFWEEK},
        {"isodow", PART_ISODOW},
        {"dayofyear", PART_DAYOFYEAR},
        {"doy", PART_DAYOFYEAR},
        {"isoyear", PART_ISOYEAR},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t n = strlen(parts[i].name);
        bool plural =
            name.length == n + 1 && (name.data[n] | 0x20) == 's' && parts[i].part <= PART_YEAR;
        if ((name.length == n || plural) && strncasecmp(name.data, parts[i].name, n) == 0) {
            *ret = parts[i].part;
            return true;
        }
    }
    return false;
}

/* What the check has found to be a part. */
static enum moment_part part_at(const struct weir_call *call, uint32_t i)
{
    enum moment_part part = PART_DAY;
    weir__part_find(call_text(call, i), &part);
    return part;
}

static int64_t value_of(enum moment_part part, int64_t micros)
{
    struct civil civil = weir__civil_of(micros);
    int64_t days = floor_divide(micros, DAY), year;
    switch (part) {
    case PART_MICROSECOND: return civil.time % MINUTE;
    case PART_MILLISECOND: return civil.time % MINUTE / 1000;
    case PART_SECOND: return civil.time % MINUTE / SECOND;
    case PART_MINUTE: return civil.time % HOUR / MINUTE;
    case PART_HOUR: return civil.time / HOUR;
    case PART_DAY: return civil.day;
    case PART_WEEK: return weir__iso_week(days, &year);
    case PART_MONTH: return civil.month;
    case PART_QUARTER: return (civil.month + 2) / 3;
    case PART_YEAR: return civil.year;
    case PART_DAYOFWEEK: return weir__iso_weekday(days) % 7;
    case PART_ISODOW: return weir__iso_weekday(days);
    case PART_DAYOFYEAR: return days - weir__days_of(civil.year, 1, 1) + 1;
    case PART_ISOYEAR: break;
    }
    weir__iso_week(days, &year);
    return year;
}

FUNCTION(date_part)
{
    call_give_integer(call, value_of(part_at(call, 0), call_integer(call, 1)));
}

#define PART_FUNCTION(name, part)                                                                  \
    FUNCTION(name)                                                                                 \
    {                                                                                              \
        call_give_integer(call, value_of(part, call_integer(call, 0)));                            \
    }

PART_FUNCTION(year, PART_YEAR)
PART_FUNCTION(quarter, PART_QUARTER)
PART_FUNCTION(month, PART_MONTH)
PART_FUNCTION(week, PART_WEEK)
PART_FUNCTION(day, PART_DAY)
PART_FUNCTION(hour, PART_HOUR)
PART_FUNCTION(minute, PART_MINUTE)
PART_FUNCTION(second, PART_SECOND)
PART_FUNCTION(millisecond, PART_MILLISECOND)
PART_FUNCTION(microsecond, PART_MICROSECOND)
PART_FUNCTION(dayofweek, PART_DAYOFWEEK)
PART_FUNCTION(isodow, PART_ISODOW)
PART_FUNCTION(dayofyear, PART_DAYOFYEAR)
PART_FUNCTION(isoyear, PART_ISOYEAR)

/* ---- results ---- */

static void give_date(struct weir_call *call, int64_t days)
{
    if (date_in_range(days))
        call_give_integer(call, days);
    else
        weir__eval_fail(call->run, call->term, call->row, REASON_MOMENT_RESULT, NO_VALUE);
}

static void give_timestamp(struct weir_call *call, bool is_known, int64_t micros)
{
    if (is_known && timestamp_in_range(micros))
        call_give_integer(call, micros);
    else
        weir__eval_fail(call->run, call->term, call->row, REASON_MOMENT_RESULT, NO_VALUE);
}

/* ---- sums ---- */

/* The length of a unit; 0 for those of months. */
static int64_t micros_in(enum moment_part part)
{
    static const int64_t micros[] = {
        [PART_MICROSECOND] = 1, [PART_MILLISECOND] = 1000, [PART_SECOND] = SECOND,
        [PART_MINUTE] = MINUTE, [PART_HOUR] = HOUR,        [PART_DAY] = DAY,
        [PART_WEEK] = 7 * DAY,  [PART_YEAR] = 0,
    };
    return micros[part];
}

static int64_t months_in(enum moment_part part)
{
    return part == PART_YEAR ? 12 : part == PART_QUARTER ? 3 : 1;
}

static bool add(int64_t micros, int64_t count, enum moment_part unit, int64_t *ret)
{
    int64_t more;
    if (micros_in(unit) == 0)
        return !__builtin_mul_overflow(count, months_in(unit), &more) &&
               weir__add_months(micros, more, ret);
    return !__builtin_mul_overflow(count, micros_in(unit), &more) &&
           !__builtin_add_overflow(micros, more, ret);
}

FUNCTION(add_interval)
{
    int64_t sum = 0;
    bool is_known = add(call_integer(call, 0), call_integer(call, 1), part_at(call, 2), &sum);
    give_timestamp(call, is_known, sum);
}

FUNCTION(add_days)
{
    int64_t days;
    if (__builtin_add_overflow(call_integer(call, 0), call_integer(call, 1), &days))
        days = INT64_MAX;
    give_date(call, days);
}

const struct function weir__function_add_interval = {
    .help = {.name = "interval"}, .eval = weir__function_rows, .row = call_add_interval};
const struct function weir__function_add_days = {
    .help = {.name = "days"}, .eval = weir__function_rows, .row = call_add_days};

/* ---- differences ---- */

/* Which one of the units of a part it lies in, counted from any fixed point. */
static int64_t unit_of(enum moment_part part, int64_t micros)
{
    struct civil civil;
    switch (part) {
    case PART_WEEK: return floor_divide(floor_divide(micros, DAY) + 3, 7); /* from Monday */
    case PART_MONTH:
    case PART_QUARTER:
    case PART_YEAR:
        civil = weir__civil_of(micros);
        return (civil.year * 12 + civil.month - 1) / months_in(part);
    default: break;
    }
    return floor_divide(micros, micros_in(part));
}

FUNCTION(date_diff)
{
    enum moment_part part = part_at(call, 0);
    call_give_integer(call,
                      unit_of(part, call_integer(call, 2)) - unit_of(part, call_integer(call, 1)));
}

/* Whole units from `from` on, which is not behind `to`. */
static int64_t whole_units(enum moment_part part, int64_t from, int64_t to)
{
    if (micros_in(part) != 0)
        return (to - from) / micros_in(part);
    int64_t count = unit_of(PART_MONTH, to) - unit_of(PART_MONTH, from), sum;
    if (count > 0 && (!weir__add_months(from, count, &sum) || sum > to))
        count--;
    return count / months_in(part);
}

FUNCTION(date_sub)
{
    enum moment_part part = part_at(call, 0);
    int64_t from = call_integer(call, 1), to = call_integer(call, 2);
    call_give_integer(call,
                      from <= to ? whole_units(part, from, to) : -whole_units(part, to, from));
}

/* ---- making ---- */

static int64_t begin_of(enum moment_part part, int64_t micros)
{
    struct civil civil = weir__civil_of(micros);
    int64_t months;
    switch (part) {
    case PART_WEEK: return (floor_divide(micros, DAY) + 1 - value_of(PART_ISODOW, micros)) * DAY;
    case PART_MONTH:
    case PART_QUARTER:
    case PART_YEAR:
        months = months_in(part);
        return weir__days_of(civil.year, (int)((civil.month - 1) / months * months) + 1, 1) * DAY;
    default: break;
    }
    return floor_divide(micros, micros_in(part)) * micros_in(part);
}

FUNCTION(date_trunc)
{
    enum moment_part part = part_at(call, 0);
    int64_t x = call_integer(call, 1);
    if (call->term->type == WEIR_DATE)
        give_date(call, floor_divide(begin_of(part, x * DAY), DAY));
    else
        give_timestamp(call, true, begin_of(part, x));
}

FUNCTION(last_day)
{
    struct civil civil = weir__civil_of(call_integer(call, 0));
    civil.day = weir__days_in_month(civil.year, civil.month);
    call_give_integer(call, weir__days_of(civil.year, civil.month, civil.day));
}

/* The date of three arguments. */
static bool read_date(struct weir_call *call, int64_t *ret)
{
    int64_t year = call_integer(call, 0), month = call_integer(call, 1),
            day = call_integer(call, 2);
    bool is_date = year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
                   day <= weir__days_in_month(year, (int)month);
    if (is_date)
        *ret = weir__days_of(year, (int)month, day);
    else
        weir__call_fail(call, NO_VALUE, "there is no such day");
    return is_date;
}

FUNCTION(make_date)
{
    int64_t days;
    if (read_date(call, &days))
        call_give_integer(call, days);
}

/* A number of seconds in microseconds, half away from zero. */
static bool micros_of_seconds(struct number seconds, int64_t *ret)
{
    const struct number million = number_integer(SECOND);
    struct number micros;
    if (weir__number_multiply(&seconds, &million, &micros) != REASON_NONE ||
        weir__number_to_exact(&micros, &micros) != REASON_NONE ||
        weir__number_round(&micros, 0, &micros) != REASON_NONE || !weir__number_is_int64(&micros))
        return false;
    *ret = (int64_t)micros.exact;
    return true;
}

FUNCTION(make_timestamp)
{
    int64_t hour = call_integer(call, 3), minute = call_integer(call, 4), days, micros;
    if (!read_date(call, &days))
        return;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        !micros_of_seconds(call_number(call, 5), &micros) || micros < 0 || micros >= MINUTE)
        weir__call_fail(call, NO_VALUE, "there is no such time of the day");
    else
        call_give_integer(call, days * DAY + hour * HOUR + minute * MINUTE + micros);
}

FUNCTION(to_timestamp)
{
    int64_t micros = 0;
    bool is_known = micros_of_seconds(call_number(call, 0), &micros);
    give_timestamp(call, is_known, micros);
}

FUNCTION(epoch)
{
    int64_t micros = call_integer(call, 0);
    struct number seconds = {.exact = micros, .scale = 6};
    if (micros % SECOND == 0)
        seconds = number_integer(micros / SECOND);
    weir__call_give_number(call, REASON_NONE, &seconds);
}

FUNCTION(epoch_ms)
{
    call_give_integer(call, floor_divide(call_integer(call, 0), 1000));
}

FUNCTION(epoch_us)
{
    call_give_integer(call, call_integer(call, 0));
}

/* ---- the table ---- */

#define PART_ROW(name, help, example)                                                              \
    ROW(name, "m", 1, INTEGER, #name "(x)", help, #name "(" example)

const struct function weir__functions_date[] = {
    {.help = {"date_add", SUBJECT, "date_add(x, interval n unit)",
              "x and that much time, as a timestamp; the same as x + interval n unit",
              "date_add(date '2026-01-31', interval 1 month) -> 2026-02-28 00:00:00"},
     .form = FORM_DATE_ADD,
     .least = 2,
     .most = 2},
    ROW(date_diff, "umm", 3, INTEGER, "date_diff(unit, from, to)",
        "how often a new year, month, ... begins on the way",
        "date_diff('year', date '2025-12-31', date '2026-01-01') -> 1\n"
        "date_diff('day', date '2026-01-31', date '2026-01-01') -> -30"),
    ROW(date_part, "pm", 2, INTEGER, "date_part(part, x)", "that part of x",
        "date_part('month', date '2026-01-31') -> 1"),
    ROW(date_sub, "umm", 3, INTEGER, "date_sub(unit, from, to)",
        "how many whole years, months, ... have gone by",
        "date_sub('month', date '2026-01-15', date '2026-03-14') -> 1"),
    ROW(date_trunc, "uk", 2, LAST, "date_trunc(unit, x)", "where the year, month, ... of x begins",
        "date_trunc('month', date '2026-01-31') -> 2026-01-01\n"
        "date_trunc('hour', timestamp '2026-01-31 13:45:00') -> 2026-01-31 13:00:00"),
    PART_ROW(day, "the day of the month", "date '2026-01-31') -> 31"),
    PART_ROW(dayofweek, "the day of the week; Sunday is 0", "date '2026-01-31') -> 6"),
    PART_ROW(dayofyear, "the day of the year", "date '2026-02-01') -> 32"),
    ROW(epoch, "m", 1, DECIMAL, "epoch(x)", "the seconds since 1970-01-01, exact",
        "epoch(timestamp '1970-01-02 00:00:00.5') -> 86400.500000"),
    ROW(epoch_ms, "m", 1, INTEGER, "epoch_ms(x)", "the milliseconds since 1970-01-01",
        "epoch_ms(date '1970-01-02') -> 86400000"),
    ROW(epoch_us, "m", 1, INTEGER, "epoch_us(x)", "the microseconds since 1970-01-01",
        "epoch_us(timestamp '1970-01-01 00:00:01') -> 1000000"),
    PART_ROW(hour, "the hour", "timestamp '2026-01-31 13:45:00') -> 13"),
    PART_ROW(isodow, "the day of the week; Monday is 1, Sunday 7", "date '2026-02-01') -> 7"),
    PART_ROW(isoyear, "the year that the week of x belongs to", "date '2027-01-01') -> 2026"),
    ROW(last_day, "m", 1, DATE, "last_day(x)", "the last day of the month",
        "last_day(date '2028-02-10') -> 2028-02-29"),
    ROW(make_date, "iii", 3, DATE, "make_date(year, month, day)", "that day",
        "make_date(2026, 1, 31) -> 2026-01-31"),
    ROW(make_timestamp, "iiiiin", 6, TIMESTAMP,
        "make_timestamp(year, month, day, hour, minute, second)", "that time",
        "make_timestamp(2026, 1, 31, 13, 45, 0.5) -> 2026-01-31 13:45:00.5"),
    PART_ROW(microsecond, "the microseconds of the minute",
             "timestamp '2026-01-31 13:45:01.5') -> 1500000"),
    PART_ROW(millisecond, "the milliseconds of the minute",
             "timestamp '2026-01-31 13:45:01.5') -> 1500"),
    PART_ROW(minute, "the minute", "timestamp '2026-01-31 13:45:00') -> 45"),
    PART_ROW(month, "the month", "date '2026-01-31') -> 1"),
    PART_ROW(quarter, "the quarter of the year", "date '2026-05-01') -> 2"),
    PART_ROW(second, "the second", "timestamp '2026-01-31 13:45:59.9') -> 59"),
    ROW(to_timestamp, "n", 1, TIMESTAMP, "to_timestamp(seconds)",
        "the time so many seconds after 1970-01-01, in UTC",
        "to_timestamp(86400.5) -> 1970-01-02 00:00:00.5"),
    PART_ROW(week, "the week of ISO 8601", "date '2026-01-31') -> 5"),
    PART_ROW(year, "the year", "date '2026-01-31') -> 2026"),
    FUNCTIONS_END,
};
