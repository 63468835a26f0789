/*
 * gen_sales.c - makes the sales file that is measured on: the same bytes for the same arguments.
 *
 *     gen_sales --megabytes N [--seed N] >sales.csv
 *
 * Ten columns in rows of about 100 bytes, RFC 4180 with LF. Of the customers 20 % are quoted
 * because of a comma, 3 % because of "" and 1 % because of a line break; notes are UTF-8 and empty
 * in three rows of ten. The quantity is 1 to 100 and one row in four is paid, so that the filter of
 * w3 keeps one row in eight. Prices and discounts have two decimals, always.
 *
 * A file of fewer megabytes from the same seed is the beginning of the larger one, but for its last
 * row.
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

struct row {
    char text[512];
    size_t bytes;
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

/* Hundredths, as "12.05,". */
static void put_hundredths(struct row *row, unsigned number)
{
    put_number(row, number / 100, 1);
    put_text(row, ".");
    put_number(row, number % 100, 2);
    put_text(row, ",");
}

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
    static const char *const behind[] = {"-", "-", "T", ":", ":", ","};
    for (size_t i = 0; i < COUNT(parts); i++) {
        put_number(row, parts[i], 2);
        put_text(row, behind[i]);
    }
}

static void put_customer(struct row *row, uint64_t *rng)
{
    static const char *const first[] = {"Amara",  "Boris",  "Chloé", "Dmitri",  "Esther", "Farid",
                                        "Gloria", "Henrik", "Ivana", "Joaquín", "Kenji",  "Leila"};
    static const char *const last[] = {"Abbott",   "Bianchi",   "Chen",    "Duarte",
                                       "Engström", "Fuchs",     "Gupta",   "Horvat",
                                       "Ibsen",    "Jovanović", "O'Neill", "Wolf"};
    const char *given = PICK(rng, first), *family = PICK(rng, last);
    unsigned kind = pick(rng, 100);
    put_text(row, kind < 24 ? "\"" : "");
    put_text(row, kind < 20 ? family : given);
    if (kind < 20)
        put_text(row, ", ");
    else if (kind < 23)
        put_text(row, " \"\"Ace\"\" ");
    else if (kind < 24)
        put_text(row, "\nc/o ");
    else
        put_text(row, " ");
    put_text(row, kind < 20 ? given : family);
    if (kind >= 24) {
        put_text(row, " ");
        put_number(row, pick(rng, 100000), 1);
    }
    put_text(row, kind < 24 ? "\"," : ",");
}

/* Words up to a length that is drawn, some with a comma behind; quoted if there is one. */
static void put_notes(struct row *row, uint64_t *rng)
{
    static const char *const words[] = {
        "please",  "ring", "twice",   "gift",  "wrapped", "leave",   "with",    "neighbour",
        "fragile", "n/a",  "express", "ok",    "second",  "attempt", "invoice", "by",
        "post",    "blue", "café",    "Größe", "señor",   "Łódź",    "東京",    "€5"};
    struct row notes = {.bytes = 0};
    bool comma = false;
    size_t wanted = pick(rng, 10) < 3 ? 0 : 1 + pick(rng, NOTES_BYTES);
    while (notes.bytes < wanted) {
        if (notes.bytes > 0) {
            bool here = pick(rng, 12) == 0;
            put_text(&notes, here ? ", " : " ");
            comma = comma || here;
        }
        put_text(&notes, PICK(rng, words));
    }
    notes.text[notes.bytes] = '\0';
    put_text(row, comma ? "\"" : "");
    put_text(row, notes.text);
    put_text(row, comma ? "\"," : ",");
}

static void put_row(struct row *row, uint64_t id, uint64_t *rng)
{
    static const char *const countries[] = {"AR", "AT", "AU", "BE", "BR", "CA", "CH", "CL", "CN",
                                            "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "GR", "HU",
                                            "IE", "IN", "IT", "JP", "KR", "MX", "NL", "NO", "NZ",
                                            "PL", "PT", "RO", "SE", "SK", "TR", "US", "ZA"};
    static const char *const categories[] = {
        "automotive", "beauty",  "books",  "clothing", "electronics", "furniture",
        "garden",     "grocery", "health", "jewelry",  "kitchen",     "music",
        "office",     "outdoor", "pets",   "shoes",    "sports",      "toys"};
    static const char *const states[] = {"paid\n", "pending\n", "shipped\n", "cancelled\n"};
    row->bytes = 0;
    put_number(row, id, 1);
    put_text(row, ",");
    put_time(row, rng);
    put_customer(row, rng);
    put_text(row, PICK(rng, countries));
    put_text(row, ",");
    put_text(row, PICK(rng, categories));
    put_text(row, ",");
    put_number(row, 1 + pick(rng, 100), 1);
    put_text(row, ",");
    put_hundredths(row, 100 + pick(rng, pick(rng, 4) == 0 ? 100000 : 10000));
    put_hundredths(row, pick(rng, 3) == 0 ? pick(rng, 51) : 0);
    put_notes(row, rng);
    put_text(row, PICK(rng, states));
}

/* As many rows as bring the file to so many bytes. */
static bool generate(uint64_t bytes, uint64_t rng)
{
    static const char header[] =
        "id,ts,customer,country,category,quantity,unit_price,discount,notes,status\n";
    struct row row;
    uint64_t written = sizeof(header) - 1;
    fputs(header, stdout);
    for (uint64_t id = 1; written < bytes && !ferror(stdout); id++) {
        put_row(&row, id, &rng);
        fwrite(row.text, 1, row.bytes, stdout);
        written += row.bytes;
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

int main(int argc, char **argv)
{
    uint64_t megabytes = 0, seed = 42;
    bool good = true;
    for (int i = 1; i < argc && good; i += 2) {
        bool size = strcmp(argv[i], "--megabytes") == 0;
        good = (size || strcmp(argv[i], "--seed") == 0) &&
               read_number(argv[i + 1], size ? &megabytes : &seed);
    }
    if (!good || megabytes == 0) {
        fputs("usage: gen_sales --megabytes N [--seed N]\n", stderr);
        return 64;
    }
    if (!generate(megabytes * 1000000, seed)) {
        perror("gen_sales: cannot write");
        return 74;
    }
    return EXIT_SUCCESS;
}
