/*
 * gen_orders.c - makes orders as CSV: sample data of any size, the same bytes for the same
 * arguments.
 *
 *     gen_orders --rows N | --megabytes N [--seed N] [--dirty] >orders.csv
 *
 * One customer in five is quoted because of a comma, a few more hold "" or a line break, notes are
 * UTF-8 and often empty. --dirty adds what real files have: a row with a column too few, a quantity
 * in words, a price without a figure. Without it every row is good.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct wish {
    uint64_t rows;  /* 0: as many as bytes allow */
    uint64_t bytes; /* 0: no limit */
    uint64_t seed;
    bool dirty;
};

/* splitmix64 by Sebastiano Vigna (https://prng.di.unimi.it/splitmix64.c, public domain). */
static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* 0 to below - 1. */
static uint64_t pick(uint64_t *state, uint64_t below)
{
    return next(state) % below;
}

static const char *pick_text(uint64_t *state, const char *const *list, size_t count)
{
    return list[pick(state, count)];
}

/* A time in 2025, so many seconds after its beginning. */
static int put_time(char *to, size_t size, uint64_t second)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned day = (unsigned)(second / 86400 % 365), month = 0, rest = (unsigned)(second % 86400);
    while (day >= days[month])
        day -= days[month++];
    return snprintf(to, size, "2025-%02u-%02uT%02u:%02u:%02uZ", month + 1, day + 1, rest / 3600,
                    rest / 60 % 60, rest % 60);
}

static int put_customer(char *to, size_t size, uint64_t *state)
{
    static const char *const names[] = {"Adler",    "Brandt",    "Castro", "Dubois",   "Eriksen",
                                        "Fischer",  "Galli",     "Hansen", "Ibáñez",   "Jansen",
                                        "Kowalski", "Lindqvist", "Müller", "Nakamura", "O'Brien"};
    static const char *const forms[] = {"GmbH", "Ltd", "SA", "AB", "BV"};
    const char *name = pick_text(state, names, COUNT(names));
    const char *form = pick_text(state, forms, COUNT(forms));
    uint64_t kind = pick(state, 100);
    if (kind < 1)
        return snprintf(to, size, "\"%s %s\nc/o Post Office\"", name, form);
    if (kind < 4)
        return snprintf(to, size, "\"%s \"\"%s\"\" %s\"", name, "Central", form);
    if (kind < 24)
        return snprintf(to, size, "\"%s, %s\"", name, form);
    return snprintf(to, size, "%s %s", name, form);
}

/* Six in ten orders are paid. */
static const char *pick_status(uint64_t *state)
{
    static const char *const others[] = {"open", "sent", "returned", "cancelled"};
    return pick(state, 10) < 6 ? "paid" : pick_text(state, others, COUNT(others));
}

static const char *pick_notes(uint64_t *state)
{
    static const char *const notes[] = {"gift wrap",  "Größe prüfen", "заказ повторный",
                                        "call first", "至急",         "\"fragile, keep dry\""};
    return pick(state, 10) < 7 ? "" : pick_text(state, notes, COUNT(notes));
}

/* One row of ten columns. Returns its bytes. */
static int put_row(char *to, size_t size, uint64_t id, const struct wish *wish, uint64_t *state)
{
    static const char *const countries[] = {"DE", "FR", "ES", "PL", "SE", "IT", "JP", "IE"};
    static const char *const categories[] = {"books", "garden", "music", "tools", "toys"};
    char time[32], customer[96], quantity[24], price[24];
    uint64_t trouble = wish->dirty ? pick(state, 50) : UINT64_MAX;
    put_time(time, sizeof(time), id * 37 + pick(state, 30));
    put_customer(customer, sizeof(customer), state);
    snprintf(quantity, sizeof(quantity), "%" PRIu64, 1 + pick(state, 100));
    uint64_t cents = 50 + pick(state, 50000);
    snprintf(price, sizeof(price), "%" PRIu64 ".%02" PRIu64, cents / 100, cents % 100);
    if (trouble == 0)
        strcpy(quantity, "twelve");
    if (trouble == 1)
        strcpy(price, "n/a");
    const char *country = pick_text(state, countries, COUNT(countries));
    const char *category = pick_text(state, categories, COUNT(categories));
    uint64_t discount = 5 * pick(state, 7);
    const char *notes = pick_notes(state);
    return snprintf(to, size, "%" PRIu64 ",%s,%s,%s,%s,%s,%s,0.%02" PRIu64 ",%s%s%s\n", id, time,
                    customer, country, category, quantity, price, discount, notes,
                    trouble == 2 ? "" : ",", trouble == 2 ? "" : pick_status(state));
}

static bool generate(const struct wish *wish)
{
    static const char header[] =
        "id,ts,customer,country,category,quantity,unit_price,discount,notes,status\n";
    char row[512];
    uint64_t state = wish->seed, written = sizeof(header) - 1;
    fputs(header, stdout);
    for (uint64_t id = 1; wish->rows == 0 || id <= wish->rows; id++) {
        int bytes = put_row(row, sizeof(row), id, wish, &state);
        written += (uint64_t)bytes;
        if (wish->bytes != 0 && written > wish->bytes)
            break;
        fwrite(row, 1, (size_t)bytes, stdout);
        if (ferror(stdout))
            return false;
    }
    return fflush(stdout) == 0;
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

static bool read_wish(int argc, char **argv, struct wish *wish)
{
    uint64_t megabytes = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--dirty") == 0)
            wish->dirty = true;
        else if (strcmp(argv[i], "--rows") == 0 && read_number(argv[i + 1], &wish->rows))
            i++;
        else if (strcmp(argv[i], "--megabytes") == 0 && read_number(argv[i + 1], &megabytes))
            i++;
        else if (strcmp(argv[i], "--seed") == 0 && read_number(argv[i + 1], &wish->seed))
            i++;
        else
            return false;
    }
    wish->bytes = megabytes * 1000000;
    return wish->rows != 0 || wish->bytes != 0;
}

int main(int argc, char **argv)
{
    struct wish wish = {.seed = 1};
    if (!read_wish(argc, argv, &wish)) {
        fputs("usage: gen_orders --rows N | --megabytes N [--seed N] [--dirty]\n", stderr);
        return 64;
    }
    if (!generate(&wish)) {
        perror("gen_orders: cannot write");
        return 74;
    }
    return EXIT_SUCCESS;
}
