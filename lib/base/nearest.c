#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define LONGEST 63 /* longer names are compared by their beginnings */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: three rows of the table are enough. Only a distance below `far` is
 * worth the work. */
static size_t distance(const char *a, const char *b, size_t far)
{
    size_t rows[3][LONGEST + 2];
    size_t n = strnlen(a, LONGEST), m = strnlen(b, LONGEST);
    if ((n > m ? n - m : m - n) >= far)
        return far;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

void weir__nearest_begin(struct nearest *nearest, const char *name)
{
    size_t letters = strnlen(name, LONGEST), far = (letters + 2) / 3 + 1;
    /* A name that shares no letter is not near, however short. */
    *nearest = (struct nearest){.name = name, .distance = far < letters ? far : letters};
}

/* "slot_size" is "slot" with words behind it. */
static bool has_words_behind(const char *name, const char *candidate)
{
    size_t n = strlen(candidate);
    return n > 0 && strncmp(name, candidate, n) == 0 && name[n] == '_';
}

void weir__nearest_offer(struct nearest *nearest, const char *candidate)
{
    size_t d = distance(nearest->name, candidate, nearest->distance);
    if (d < nearest->distance) {
        nearest->distance = d;
        nearest->best = candidate;
    } else if (nearest->best == NULL && has_words_behind(nearest->name, candidate)) {
        nearest->best = candidate; /* any that is near is better */
    }
}
