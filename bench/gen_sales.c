/*
 * gen_sales.c - makes the sales file that is measured on: the same bytes for the same arguments.
 *
 *     gen_sales --megabytes N [--seed N] [--shape SHAPE] >sales.csv
 *
 * Ten columns in rows of about 100 bytes, RFC 4180 with LF. Of the customers 20 % are quoted
 * because of a comma, 3 % because of "" and 1 % because of a line break; notes are UTF-8 and empty
 * in three rows of ten. The quantity is 1 to 100 and one row in four is paid, so that the filter of
 * w3 keeps one row in eight. Prices and discounts have two decimals, always.
 *
 * A file of fewer megabytes from the same seed is the beginning of the larger one, but for its last
 * row. The shape says how the same kind of rows are written:
 *
 *     sales      as told above
 *     quoted     every field in quotes
 *     long       notes of 1 KB
 *     wide       200 columns: nineteen more behind each
 *     newlines   a line break in most customers, and one between any two words of the notes
 *     stray      in one row of a million a quote inside an unquoted field, which RFC 4180 does not
 *                allow
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list)     (sizeof(list) / sizeof((list)[0]))
#define PICK(rng, list) ((list)[pick((rng), COUNT(list))])
#define NOTES_BYTES     60
#define LONG_BYTES      1000
#define FILLERS         19
#define STRAY_EVERY     1000000
#define STRAY_ROW       1000

enum shape { SALES, QUOTED, LONG, WIDE, NEWLINES, STRAY, SHAPES };

static const char *const shape_names[SHAPES] = {"sales", "quoted",   "long",
                                                "wide",  "newlines", "stray"};

enum column {
    ID,
    TS,
    CUSTOMER,
    COUNTRY,
    CATEGORY,
    QUANTITY,
    UNIT_PRICE,
    DISCOUNT,
    NOTES,
    STATUS,
    COLUMNS
};

static const char *const column_names[COLUMNS] = {"id",       "ts",       "customer",   "country",
                                                  "category", "quantity", "unit_price", "discount",
                                                  "notes",    "status"};

/* A row, or a value of one, while it is being made. */
struct row {
    char text[8192];
    size_t bytes;
};

struct generator {
    enum shape shape;
    uint64_t rng;
};

/* splitmix64 by Sebastiano Vigna (https://prng.di.unimi.it/splitmix64.c, public domain). */
static uint64_t next(uint64_t *rng)
{
    uint64_t z = (*rng += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* 0 to below - 1. */
static unsigned pick(uint64_t *rng, size_t below)
{
    return (unsigned)(next(rng) % below);
}

static void put_text(struct row *row, const char *text)
{
    size_t bytes = strlen(text);
    memcpy(row->text + row->bytes, text, bytes);
    row->bytes += bytes;
}

/* With so many digits at least. */
static void put_number(struct row *row, uint64_t number, int digits)
{
    char text[24];
    char *at = text + sizeof(text) - 1;
    *at = '\0';
    for (int i = 0; i < digits || number > 0; i++, number /= 10)
        *--at = (char)('0' + number % 10);
    put_text(row, at);
}

/* Hundredths, as "12.05". */
static void put_hundredths(struct row *row, unsigned number)
{
    put_number(row, number / 100, 1);
    put_text(row, ".");
    put_number(row, number % 100, 2);
}

/* ---- values ---- */

/* A second of the years 2023 and 2024, the leap day left out. */
static void put_time(struct row *row, uint64_t *rng)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year = 2023 + pick(rng, 2), day = pick(rng, 365), second = pick(rng, 86400);
    unsigned month = 0;
    while (day >= days[month])
        day -= days[month++];
    const unsigned parts[] = {year,          month + 1,        day + 1,
                              second / 3600, second / 60 % 60, second % 60};
    static const char *const before[] = {"", "-", "-", "T", ":", ":"};
    for (size_t i = 0; i < COUNT(parts); i++) {
        put_text(row, before[i]);
        put_number(row, parts[i], 2);
    }
}

static void put_customer(struct row *row, struct generator *generator)
{
    static const char *const first[] = {"Amara",  "Boris",  "Chloé", "Dmitri",  "Esther", "Farid",
                                        "Gloria", "Henrik", "Ivana", "Joaquín", "Kenji",  "Leila"};
    static const char *const last[] = {"Abbott",   "Bianchi",   "Chen",    "Duarte",
                                       "Engström", "Fuchs",     "Gupta",   "Horvat",
                                       "Ibsen",    "Jovanović", "O'Neill", "Wolf"};
    uint64_t *rng = &generator->rng;
    const char *given = PICK(rng, first), *family = PICK(rng, last);
    unsigned kind = pick(rng, 100);
    put_text(row, kind < 20 ? family : given);
    if (kind < 20)
        put_text(row, ", ");
    else if (kind < 23)
        put_text(row, " \"Ace\" ");
    else if (kind < 24)
        put_text(row, "\nc/o ");
    else
        put_text(row, " ");
    put_text(row, kind < 20 ? given : family);
    if (kind >= 24) {
        put_text(row, generator->shape == NEWLINES ? "\n" : " ");
        put_number(row, pick(rng, 100000), 1);
    }
}

/* Words up to a length that is drawn, some with a comma behind. */
static void put_notes(struct row *row, struct generator *generator)
{
    static const char *const words[] = {
        "please",  "ring", "twice",   "gift",  "wrapped", "leave",   "with",    "neighbour",
        "fragile", "n/a",  "express", "ok",    "second",  "attempt", "invoice", "by",
        "post",    "blue", "café",    "Größe", "señor",   "Łódź",    "東京",    "€5"};
    uint64_t *rng = &generator->rng;
    size_t wanted = pick(rng, 10) < 3 ? 0 : 1 + pick(rng, NOTES_BYTES);
    if (generator->shape == LONG)
        wanted = LONG_BYTES;
    while (row->bytes < wanted) {
        if (row->bytes > 0) {
            put_text(row, pick(rng, 12) == 0 ? "," : "");
            put_text(row, generator->shape == NEWLINES ? "\n" : " ");
        }
        put_text(row, PICK(rng, words));
    }
}

/* ---- rows ---- */

/* Puts a value behind those that are there, in quotes where it has to be, and empties it. */
static void put_field(struct row *row, const struct generator *generator, struct row *value)
{
    static const char special[] = ",\"\n";
    value->text[value->bytes] = '\0';
    bool quoted = generator->shape == QUOTED || strpbrk(value->text, special) != NULL;
    put_text(row, row->bytes > 0 ? "," : "");
    put_text(row, quoted ? "\"" : "");
    for (const char *at = value->text; *at != '\0'; at++) {
        if (*at == '"')
            row->text[row->bytes++] = '"';
        row->text[row->bytes++] = *at;
    }
    put_text(row, quoted ? "\"" : "");
    value->bytes = 0;
}

/* What stands behind a field of a wide row. */
static void put_fillers(struct row *row, struct generator *generator)
{
    for (int i = 0; i < FILLERS && generator->shape == WIDE; i++) {
        put_text(row, ",");
        put_number(row, pick(&generator->rng, 100000), 1);
    }
}

static void put_row(struct row *row, uint64_t id, struct generator *generator)
{
    static const char *const countries[] = {"AR", "AT", "AU", "BE", "BR", "CA", "CH", "CL", "CN",
                                            "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "GR", "HU",
                                            "IE", "IN", "IT", "JP", "KR", "MX", "NL", "NO", "NZ",
                                            "PL", "PT", "RO", "SE", "SK", "TR", "US", "ZA"};
    static const char *const categories[] = {
        "automotive", "beauty",  "books",  "clothing", "electronics", "furniture",
        "garden",     "grocery", "health", "jewelry",  "kitchen",     "music",
        "office",     "outdoor", "pets",   "shoes",    "sports",      "toys"};
    static const char *const states[] = {"paid", "pending", "shipped", "cancelled"};
    static struct row value;
    uint64_t *rng = &generator->rng;
    row->bytes = 0;
    for (enum column column = 0; column < COLUMNS; column++) {
        switch (column) {
        case ID: put_number(&value, id, 1); break;
        case TS: put_time(&value, rng); break;
        case CUSTOMER: put_customer(&value, generator); break;
        case COUNTRY: put_text(&value, PICK(rng, countries)); break;
        case CATEGORY: put_text(&value, PICK(rng, categories)); break;
        case QUANTITY: put_number(&value, 1 + pick(rng, 100), 1); break;
        case UNIT_PRICE:
            put_hundredths(&value, 100 + pick(rng, pick(rng, 4) == 0 ? 100000 : 10000));
            break;
        case DISCOUNT: put_hundredths(&value, pick(rng, 3) == 0 ? pick(rng, 51) : 0); break;
        case NOTES: put_notes(&value, generator); break;
        case STATUS: put_text(&value, PICK(rng, states)); break;
        case COLUMNS: break;
        }
        if (column == CUSTOMER && generator->shape == STRAY && id % STRAY_EVERY == STRAY_ROW) {
            put_text(row, ",12\" Records");
            value.bytes = 0;
        } else {
            put_field(row, generator, &value);
        }
        put_fillers(row, generator);
    }
    put_text(row, "\n");
}

static void put_header(struct row *row, struct generator *generator)
{
    struct row name = {.bytes = 0};
    row->bytes = 0;
    for (enum column column = 0; column < COLUMNS; column++) {
        put_text(&name, column_names[column]);
        put_field(row, generator, &name);
        for (unsigned i = 1; i <= FILLERS && generator->shape == WIDE; i++) {
            put_text(row, ",");
            put_text(row, column_names[column]);
            put_text(row, "_");
            put_number(row, i, 1);
        }
    }
    put_text(row, "\n");
}

/* As many rows as bring the file to so many bytes. */
static bool generate(uint64_t bytes, struct generator *generator)
{
    struct row row;
    uint64_t written = 0;
    put_header(&row, generator);
    for (uint64_t id = 1; !ferror(stdout); id++) {
        fwrite(row.text, 1, row.bytes, stdout);
        written += row.bytes;
        if (written >= bytes)
            break;
        put_row(&row, id, generator);
    }
    return fflush(stdout) == 0 && !ferror(stdout);
}

/* Reads the number behind an option. False if it is none. */
static bool read_number(const char *text, uint64_t *ret)
{
    char *end;
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return false;
    *ret = strtoull(text, &end, 10);
    return *end == '\0';
}

static bool read_shape(const char *text, enum shape *ret)
{
    for (int shape = 0; text != NULL && shape < SHAPES; shape++) {
        if (strcmp(text, shape_names[shape]) == 0) {
            *ret = (enum shape)shape;
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct generator generator = {SALES, 42};
    uint64_t megabytes = 0;
    bool good = true;
    for (int i = 1; i < argc && good; i += 2) {
        if (strcmp(argv[i], "--megabytes") == 0)
            good = read_number(argv[i + 1], &megabytes);
        else if (strcmp(argv[i], "--seed") == 0)
            good = read_number(argv[i + 1], &generator.rng);
        else
            good = strcmp(argv[i], "--shape") == 0 && read_shape(argv[i + 1], &generator.shape);
    }
    if (!good || megabytes == 0) {
        fputs("usage: gen_sales --megabytes N [--seed N] "
              "[--shape sales|quoted|long|wide|newlines|stray]\n",
              stderr);
        return 64;
    }
    if (!generate(megabytes * 1000000, &generator)) {
        perror("gen_sales: cannot write");
        return 74;
    }
    return EXIT_SUCCESS;
}
