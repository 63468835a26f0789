#include "expr/moment.h"

/* ---- the calendar ---- */

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int weir__days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Years begin in March here, so that the leap day is the last: 400 of them have 146097 days, and
 * the months behind February 153 each five. 719468 days lie between 0000-03-01 and 1970-01-01. */
int64_t weir__days_of(int64_t year, int month, int64_t day)
{
    year -= month <= 2;
    int64_t era = floor_divide(year, 400), of_era = year - era * 400;
    int64_t of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct civil weir__civil_of_days(int64_t days)
{
    days += 719468;
    int64_t era = floor_divide(days, 146097), of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * of_year + 2) / 153; /* 0: March */
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    return (struct civil){.year = year + era * 400 + (month <= 2),
                          .month = month,
                          .day = (int)(of_year - (153 * shifted + 2) / 5 + 1)};
}

struct civil weir__civil_of(int64_t micros)
{
    int64_t days = floor_divide(micros, DAY);
    struct civil civil = weir__civil_of_days(days);
    civil.time = micros - days * DAY;
    return civil;
}

int64_t weir__micros_of(const struct civil *civil)
{
    return weir__days_of(civil->year, civil->month, civil->day) * DAY + civil->time;
}

int weir__iso_weekday(int64_t days)
{
    int64_t since_monday = days + 3; /* 1970-01-01 was a Thursday */
    return (int)(since_monday - floor_divide(since_monday, 7) * 7) + 1;
}

/* A week belongs to the year that has its Thursday. */
int weir__iso_week(int64_t days, int64_t *ret_year)
{
    int64_t thursday = days - weir__iso_weekday(days) + 4;
    *ret_year = weir__civil_of_days(thursday).year;
    return (int)((thursday - weir__days_of(*ret_year, 1, 1)) / 7) + 1;
}

bool weir__add_months(int64_t micros, int64_t months, int64_t *ret)
{
    struct civil civil = weir__civil_of(micros);
    if (months < -12 * 10000 || months > 12 * 10000)
        return false;
    months += civil.year * 12 + civil.month - 1;
    civil.year = floor_divide(months, 12);
    civil.month = (int)(months - civil.year * 12) + 1;
    int last = weir__days_in_month(civil.year, civil.month);
    if (civil.day > last)
        civil.day = last;
    *ret = weir__micros_of(&civil);
    return timestamp_in_range(*ret);
}

/* ---- text ---- */

struct reader {
    const char *at, *end;
};

static bool take(struct reader *r, char c)
{
    bool there = r->at < r->end && *r->at == c;
    r->at += there;
    return there;
}

static bool take_digits(struct reader *r, int count, int *ret)
{
    int value = 0;
    if (r->end - r->at < count)
        return false;
    for (int i = 0; i < count; i++, r->at++) {
        if (*r->at < '0' || *r->at > '9')
            return false;
        value = value * 10 + (*r->at - '0');
    }
    *ret = value;
    return true;
}

static bool take_date(struct reader *r, int64_t *ret)
{
    int year, month, day;
    if (!take_digits(r, 4, &year) || !take(r, '-') || !take_digits(r, 2, &month) || !take(r, '-') ||
        !take_digits(r, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > weir__days_in_month(year, month))
        return false;
    *ret = weir__days_of(year, month, day);
    return true;
}

static bool take_fraction(struct reader *r, int64_t *micros)
{
    const char *begin = r->at;
    int64_t unit = SECOND / 10;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++, unit /= 10)
        *micros += unit * (*r->at - '0');
    return r->at > begin;
}

static bool take_time(struct reader *r, int64_t *ret)
{
    int hour, minute, second = 0;
    int64_t fraction = 0;
    if (!take_digits(r, 2, &hour) || !take(r, ':') || !take_digits(r, 2, &minute))
        return false;
    if (take(r, ':') &&
        (!take_digits(r, 2, &second) || (take(r, '.') && !take_fraction(r, &fraction))))
        return false;
    *ret = hour * HOUR + minute * MINUTE + second * SECOND + fraction;
    return hour < 24 && minute < 60 && second < 60;
}

/* Z, +00, +00:00; nothing. */
static enum reason take_zone(struct reader *r)
{
    int hours, minutes = 0;
    if (take(r, 'Z') || r->at == r->end)
        return REASON_NONE;
    if (!take(r, '+') && !take(r, '-'))
        return REASON_NOT_A_TIMESTAMP;
    if (!take_digits(r, 2, &hours))
        return REASON_NOT_A_TIMESTAMP;
    bool colon = take(r, ':');
    if ((colon || r->at < r->end) && !take_digits(r, 2, &minutes))
        return REASON_NOT_A_TIMESTAMP;
    return hours == 0 && minutes == 0 ? REASON_NONE : REASON_TIMESTAMP_ZONE;
}

static struct reader begin(struct text text)
{
    text = weir__utf8_trim(text, (struct text){" \t", 2}, true, true);
    return (struct reader){text.data, text.data + text.length};
}

enum reason weir__date_read(struct text text, int64_t *ret)
{
    struct reader r = begin(text);
    int64_t days;
    if (!take_date(&r, &days) || r.at < r.end)
        return REASON_NOT_A_DATE;
    *ret = days;
    return REASON_NONE;
}

enum reason weir__timestamp_read(struct text text, int64_t *ret)
{
    struct reader r = begin(text);
    int64_t days, time = 0;
    if (!take_date(&r, &days))
        return REASON_NOT_A_TIMESTAMP;
    if (r.at < r.end) {
        if ((!take(&r, ' ') && !take(&r, 'T')) || !take_time(&r, &time))
            return REASON_NOT_A_TIMESTAMP;
        enum reason reason = take_zone(&r);
        if (reason != REASON_NONE)
            return reason;
        if (r.at < r.end)
            return REASON_NOT_A_TIMESTAMP;
    }
    *ret = days * DAY + time;
    return REASON_NONE;
}

/* value in so many digits, with a sign in front unless it is 0. */
static char *put(char *to, char sign, int digits, int64_t value)
{
    if (sign != 0)
        *to++ = sign;
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + digits;
}

static char *put_date(char *to, const struct civil *civil)
{
    to = put(to, 0, 4, civil->year);
    to = put(to, '-', 2, civil->month);
    return put(to, '-', 2, civil->day);
}

size_t weir__date_print(int64_t days, char *to)
{
    struct civil civil = weir__civil_of_days(days);
    return (size_t)(put_date(to, &civil) - to);
}

size_t weir__timestamp_print(int64_t micros, char *to)
{
    struct civil civil = weir__civil_of(micros);
    char *at = put_date(to, &civil);
    at = put(at, ' ', 2, civil.time / HOUR);
    at = put(at, ':', 2, civil.time % HOUR / MINUTE);
    at = put(at, ':', 2, civil.time % MINUTE / SECOND);
    if (civil.time % SECOND != 0) {
        at = put(at, '.', 6, civil.time % SECOND);
        while (at[-1] == '0')
            at--;
    }
    return (size_t)(at - to);
}
