/*
 * moment.h - dates and timestamps as numbers.
 *
 * A date is a count of days, a timestamp one of microseconds, both since 1970-01-01 in the
 * proleptic Gregorian calendar, without leap seconds and without a zone. Years go from 1 to 9999.
 */
#ifndef WEIR_EXPR_MOMENT_H
#define WEIR_EXPR_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* expr */
#include "expr/reason.h"
#include "expr/utf8.h"

#define SECOND INT64_C(1000000) /* in microseconds */
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define DATE_MIN      INT64_C(-719162) /* 0001-01-01 */
#define DATE_MAX      INT64_C(2932896) /* 9999-12-31 */
#define TIMESTAMP_MIN (DATE_MIN * DAY)
#define TIMESTAMP_MAX ((DATE_MAX + 1) * DAY - 1)

#define MOMENT_TEXT_BYTES 26 /* 2026-01-31 13:45:00.123456 */

struct civil {
    int64_t year;
    int month, day; /* from 1 */
    int64_t time;   /* microseconds of the day */
};

static inline int64_t floor_divide(int64_t a, int64_t by)
{
    return a / by - (a % by < 0);
}

static inline bool date_in_range(int64_t days)
{
    return days >= DATE_MIN && days <= DATE_MAX;
}

static inline bool timestamp_in_range(int64_t micros)
{
    return micros >= TIMESTAMP_MIN && micros <= TIMESTAMP_MAX;
}

int weir__days_in_month(int64_t year, int month);
/* The days since 1970-01-01; the month from 1 to 12, the day any. */
int64_t weir__days_of(int64_t year, int month, int64_t day);
struct civil weir__civil_of_days(int64_t days);
struct civil weir__civil_of(int64_t micros);
int64_t weir__micros_of(const struct civil *civil);
/* Monday 1, Sunday 7. */
int weir__iso_weekday(int64_t days);
/* The week of ISO 8601, and the year that it belongs to. */
int weir__iso_week(int64_t days, int64_t *ret_year);
/* That many months later; a day that the month lacks becomes its last. False: beyond the years that
 * there are. */
bool weir__add_months(int64_t micros, int64_t months, int64_t *ret);

/* ---- parts (function_date.c) ---- */

enum moment_part {
    PART_MICROSECOND,
    PART_MILLISECOND,
    PART_SECOND,
    PART_MINUTE,
    PART_HOUR,
    PART_DAY,
    PART_WEEK,
    PART_MONTH,
    PART_QUARTER,
    PART_YEAR, /* up to here also units of an interval */
    PART_DAYOFWEEK,
    PART_ISODOW,
    PART_DAYOFYEAR,
    PART_ISOYEAR,
};

/* "day", "days", "DAY". False if there is none of that name. */
bool weir__part_find(struct text name, enum moment_part *ret);

/* ---- text ---- */

/* Whether all that stands behind a % in a format is known to strftime, or (is_read) to strptime.
 * function_date_text.c */
bool weir__format_is_known(struct text format, bool is_read);

/* 2026-01-31, with blanks around; *ret is set with REASON_NONE only. */
enum reason weir__date_read(struct text text, int64_t *ret);
/* 2026-01-31[( |T)13:45[:00[.123456]][Z|+00[:00]]]; decimals beyond the sixth are left out. */
enum reason weir__timestamp_read(struct text text, int64_t *ret);
/* to has room for MOMENT_TEXT_BYTES. Returns the length. */
size_t weir__date_print(int64_t days, char *to);
size_t weir__timestamp_print(int64_t micros, char *to);

#endif
