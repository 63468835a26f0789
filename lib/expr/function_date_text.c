#include "expr/function.h"
#include "expr/moment.h"

#include <strings.h>

#define SUBJECT "dates and times as text"

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const weekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};

#define SHORT_NAME 3 /* letters of one */

FUNCTION(monthname)
{
    const char *name = months[weir__civil_of(call_integer(call, 0)).month - 1];
    call_give_text(call, name, strlen(name));
}

FUNCTION(dayname)
{
    const char *name = weekdays[weir__iso_weekday(floor_divide(call_integer(call, 0), DAY)) - 1];
    call_give_text(call, name, strlen(name));
}

/* ---- formats: one table of what may stand behind a % ---- */

/* The parts that strptime finds; those that it does not are those of 1900-01-01 00:00:00. */
struct found {
    int year, month, day, hour, minute, second;
    int64_t micros;
    int day_of_year; /* 0: not found */
    bool twelve, afternoon;
    int64_t east; /* of UTC, in microseconds */
};

static const struct directive {
    char letter;
    int digits;    /* of a number; 0: something else */
    int low, high; /* that the number may be */
    size_t offset; /* of its part in struct found; NOWHERE: it is passed over, or only written */
    bool is_read;  /* strptime knows it */
} directives[] = {
#define NOWHERE     ((size_t)-1)
#define PART(field) offsetof(struct found, field)
    {'Y', 4, 1, 9999, PART(year), true},
    {'y', 2, 0, 99, PART(year), true},
    {'m', 2, 1, 12, PART(month), true},
    {'d', 2, 1, 31, PART(day), true},
    {'j', 3, 1, 366, PART(day_of_year), true},
    {'H', 2, 0, 23, PART(hour), true},
    {'I', 2, 1, 12, PART(hour), true},
    {'M', 2, 0, 59, PART(minute), true},
    {'S', 2, 0, 59, PART(second), true},
    {'u', 1, 1, 7, NOWHERE, true},
    {'w', 1, 0, 6, NOWHERE, true},
    {'G', 4, 1, 9999, NOWHERE, false},
    {'V', 2, 1, 53, NOWHERE, false},
    {'f', 0, 0, 0, NOWHERE, true},
    {'g', 0, 0, 0, NOWHERE, false},
    {'p', 0, 0, 0, NOWHERE, true},
    {'a', 0, 0, 0, NOWHERE, true},
    {'A', 0, 0, 0, NOWHERE, true},
    {'b', 0, 0, 0, NOWHERE, true},
    {'B', 0, 0, 0, NOWHERE, true},
    {'z', 0, 0, 0, NOWHERE, true},
    {'%', 0, 0, 0, NOWHERE, true},
};

static const struct directive *find_directive(char letter)
{
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
        if (directives[i].letter == letter)
            return &directives[i];
    return NULL;
}

/* What stands at format[*i], which is moved behind it: a directive, or NULL for a character that
 * stands for itself. plain: without zeros in front, %-d. */
static const struct directive *next_directive(struct text format, uint32_t *i, bool *ret_plain)
{
    if (format.data[(*i)++] != '%')
        return NULL;
    *ret_plain = *i < format.length && format.data[*i] == '-';
    *i += *ret_plain;
    return find_directive(*i < format.length ? format.data[(*i)++] : '\0');
}

bool weir__format_is_known(struct text format, bool is_read)
{
    bool plain;
    for (uint32_t i = 0; i < format.length;) {
        bool percent = format.data[i] == '%';
        const struct directive *directive = next_directive(format, &i, &plain);
        if (percent && (directive == NULL || (is_read && !directive->is_read)))
            return false;
    }
    return true;
}

/* ---- strftime ---- */

#define DIRECTIVE_BYTES_MAX 9 /* Wednesday, September */

static int64_t number_of(char letter, int64_t micros)
{
    struct civil civil = weir__civil_of(micros);
    int64_t days = floor_divide(micros, DAY), hour = civil.time / HOUR, year;
    switch (letter) {
    case 'Y': return civil.year;
    case 'y': return civil.year % 100;
    case 'm': return civil.month;
    case 'd': return civil.day;
    case 'j': return days - weir__days_of(civil.year, 1, 1) + 1;
    case 'H': return hour;
    case 'I': return hour % 12 == 0 ? 12 : hour % 12;
    case 'M': return civil.time % HOUR / MINUTE;
    case 'S': return civil.time % MINUTE / SECOND;
    case 'u': return weir__iso_weekday(days);
    case 'w': return weir__iso_weekday(days) % 7;
    case 'V': return weir__iso_week(days, &year);
    default: weir__iso_week(days, &year); return year; /* G */
    }
}

static size_t put_number(char *to, int digits, bool plain, int64_t value)
{
    return (size_t)snprintf(to, DIRECTIVE_BYTES_MAX + 1, "%0*d", plain ? 1 : digits, (int)value);
}

static size_t put_name(char *to, const char *name, bool is_short)
{
    size_t n = is_short ? SHORT_NAME : strlen(name);
    memcpy(to, name, n);
    return n;
}

static size_t put_directive(char *to, const struct directive *directive, bool plain, int64_t micros)
{
    char letter = directive->letter;
    int64_t fraction = micros - floor_divide(micros, SECOND) * SECOND;
    struct civil civil = weir__civil_of(micros);
    const char *weekday = weekdays[weir__iso_weekday(floor_divide(micros, DAY)) - 1];
    if (directive->digits > 0)
        return put_number(to, directive->digits, plain, number_of(letter, micros));
    switch (letter) {
    case 'f': return put_number(to, 6, false, fraction);
    case 'g': return put_number(to, 3, false, fraction / 1000);
    case 'p': return put_name(to, civil.time < 12 * HOUR ? "AM" : "PM", false);
    case 'a': return put_name(to, weekday, true);
    case 'A': return put_name(to, weekday, false);
    case 'b': return put_name(to, months[civil.month - 1], true);
    case 'B': return put_name(to, months[civil.month - 1], false);
    case 'z': return put_name(to, "+00", false);
    default: return put_name(to, "%", false);
    }
}

FUNCTION(strftime)
{
    int64_t micros = call_integer(call, 0);
    struct text format = call_text(call, 1);
    size_t room = (size_t)format.length * DIRECTIVE_BYTES_MAX + 1, length = 0;
    char *to = call_room(call, room);
    bool plain = false;
    if (to == NULL)
        return;
    for (uint32_t i = 0; i < format.length;) {
        uint32_t at = i;
        const struct directive *directive = next_directive(format, &i, &plain);
        if (directive == NULL)
            to[length++] = format.data[at];
        else
            length += put_directive(to + length, directive, plain, micros);
    }
    weir__arena_shrink(&call->run->text, room - length);
    call_give_text(call, to, length);
}

/* ---- strptime ---- */

struct scan {
    const char *at, *end;
};

/* Up to `most` digits, at least one. */
static bool scan_number(struct scan *scan, int most, int *ret)
{
    const char *begin = scan->at;
    int value = 0;
    while (scan->at < scan->end && scan->at - begin < most && *scan->at >= '0' && *scan->at <= '9')
        value = value * 10 + (*scan->at++ - '0');
    *ret = value;
    return scan->at > begin;
}

/* One of the names, whole or its first letters; *ret counts from 0. */
static bool scan_name(struct scan *scan, const char *const *names, int count, int *ret)
{
    size_t left = (size_t)(scan->end - scan->at);
    for (int i = 0; i < count; i++) {
        size_t n = strlen(names[i]);
        if (left < n || strncasecmp(scan->at, names[i], n) != 0)
            n = SHORT_NAME;
        if (left < n || strncasecmp(scan->at, names[i], n) != 0)
            continue;
        scan->at += n;
        *ret = i;
        return true;
    }
    return false;
}

static bool scan_fraction(struct scan *scan, int64_t *ret)
{
    const char *begin = scan->at;
    int64_t unit = SECOND / 10;
    for (*ret = 0; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; unit /= 10)
        *ret += unit * (*scan->at++ - '0');
    return scan->at > begin;
}

/* Z, +02, +0200, +02:00 */
static bool scan_zone(struct scan *scan, int64_t *ret)
{
    int hours, minutes = 0;
    char sign = scan->at < scan->end ? *scan->at++ : '\0';
    *ret = 0;
    if (sign == 'Z')
        return true;
    const char *begin = scan->at;
    if ((sign != '+' && sign != '-') || !scan_number(scan, 2, &hours) || scan->at - begin != 2)
        return false;
    if (scan->at < scan->end && *scan->at == ':')
        scan->at++;
    begin = scan->at;
    if (scan_number(scan, 2, &minutes) && scan->at - begin != 2)
        return false;
    *ret = (hours * HOUR + minutes * MINUTE) * (sign == '-' ? -1 : 1);
    return hours < 24 && minutes < 60;
}

static bool scan_word(struct scan *scan, char letter, struct found *found)
{
    static const char *const halves[] = {"AM ", "PM "};
    int index = 0;
    switch (letter) {
    case 'f': return scan_fraction(scan, &found->micros);
    case 'z': return scan_zone(scan, &found->east);
    case 'a':
    case 'A': return scan_name(scan, weekdays, 7, &index);
    case 'b':
    case 'B':
        if (!scan_name(scan, months, 12, &index))
            return false;
        found->month = index + 1;
        return true;
    case 'p':
        for (index = 0; index < 2; index++)
            if (scan->end - scan->at >= 2 && strncasecmp(scan->at, halves[index], 2) == 0) {
                scan->at += 2;
                found->afternoon = index == 1;
                return true;
            }
        return false;
    default: return scan->at < scan->end && *scan->at++ == '%';
    }
}

static bool scan_directive(struct scan *scan, const struct directive *directive,
                           struct found *found)
{
    int number;
    if (directive->digits == 0)
        return scan_word(scan, directive->letter, found);
    if (!scan_number(scan, directive->digits, &number) || number < directive->low ||
        number > directive->high)
        return false;
    if (directive->letter == 'y')
        number += number < 69 ? 2000 : 1900;
    found->twelve = found->twelve || directive->letter == 'I';
    if (directive->offset != NOWHERE)
        memcpy((char *)found + directive->offset, &number, sizeof(number));
    return true;
}

static bool assemble(const struct found *found, int64_t *ret)
{
    int hour = found->twelve ? found->hour % 12 + (found->afternoon ? 12 : 0) : found->hour;
    int64_t days;
    if (found->day_of_year > 0) {
        days = weir__days_of(found->year, 1, found->day_of_year);
        if (weir__civil_of_days(days).year != found->year)
            return false;
    } else {
        if (found->day > weir__days_in_month(found->year, found->month))
            return false;
        days = weir__days_of(found->year, found->month, found->day);
    }
    *ret = days * DAY + hour * HOUR + found->minute * MINUTE + found->second * SECOND +
           found->micros - found->east;
    return timestamp_in_range(*ret);
}

FUNCTION(strptime)
{
    struct text x = call_text(call, 0), format = call_text(call, 1);
    struct scan scan = {x.data, x.data + x.length};
    struct found found = {.year = 1900, .month = 1, .day = 1};
    bool fits = true, plain;
    int64_t micros;
    for (uint32_t i = 0; fits && i < format.length;) {
        uint32_t at = i;
        const struct directive *directive = next_directive(format, &i, &plain);
        if (directive != NULL)
            fits = scan_directive(&scan, directive, &found);
        else
            fits = scan.at < scan.end && *scan.at++ == format.data[at];
    }
    if (fits && scan.at == scan.end && assemble(&found, &micros))
        call_give_integer(call, micros);
    else
        weir__call_fail(call, x, "is not a time in that format");
}

/* ---- the table ---- */

const struct function weir__functions_date_text[] = {
    ROW(dayname, "m", 1, TEXT, "dayname(x)", "the English name of the day of the week",
        "dayname(date '2026-01-31') -> Saturday"),
    ROW(monthname, "m", 1, TEXT, "monthname(x)", "the English name of the month",
        "monthname(date '2026-01-31') -> January"),
    ROW(strftime, "mF", 2, TEXT, "strftime(x, format)", "x as text in that format",
        "strftime(date '2026-01-05', '%-d.%m.%Y') -> 5.01.2026"),
    ROW(strptime, "tf", 2, TIMESTAMP, "strptime(x, format)",
        "the time that a text in that format tells",
        "strptime('31.01.2026', '%d.%m.%Y')::date -> 2026-01-31\n"
        "strptime('2026-01-31T13:45:00+02:00', '%Y-%m-%dT%H:%M:%S%z') -> 2026-01-31 11:45:00"),
    FUNCTIONS_END,
};
