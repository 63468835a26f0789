/*
 * check.c - tells whether an output is right, by doing the work again in integer arithmetic.
 *
 *     check WORK SALES OUTPUT      WORK: w1, w2, w3
 *     check lines OUTPUT OUTPUT    the same lines, in whatever order
 *
 * Row by row and in order, field by field: which fields are quoted is left to the program under
 * test. The columns are found by their names. Shares no code with Weir. Prints one line: "exact", or for w3 "exact but for N totals 0.01
 * off at exactly half a cent", which is what binary floating point does; and ends with 0. Or says
 * which row is wrong, and ends with 1.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX   256
#define ROW_BYTES    65536
#define BUFFER_BYTES (1 << 20)

enum column { ID, CUSTOMER, COUNTRY, QUANTITY, UNIT_PRICE, DISCOUNT, STATUS, COLUMNS };

static const char *const column_names[COLUMNS] = {"id",         "customer", "country", "quantity",
                                                  "unit_price", "discount", "status"};

/* Reads well-formed CSV: RFC 4180, with LF or CRLF. The fields are strings, valid until the next
 * row. */
struct reader {
    const char *path;
    FILE *file;
    uint64_t row; /* of the one read last; the header is 1 */
    char text[ROW_BYTES];
    size_t bytes;
    const char *field[FIELDS_MAX];
    size_t fields;
    size_t place[COLUMNS]; /* of sales: which field is which column */
};

static void die(const char *what, const char *path)
{
    fprintf(stderr, "check: %s: %s\n", path, what);
    exit(66);
}

static void open_reader(struct reader *reader, const char *path)
{
    reader->path = path;
    reader->file = fopen(path, "re");
    if (reader->file == NULL)
        die("cannot be opened", path);
    setvbuf(reader->file, NULL, _IOFBF, BUFFER_BYTES);
}

static void put_char(struct reader *reader, int c)
{
    if (reader->bytes == ROW_BYTES)
        die("a row is too long", reader->path);
    reader->text[reader->bytes++] = (char)c;
}

/* The rest of a quoted field. Returns the character behind it. */
static int read_quoted(struct reader *reader)
{
    for (;;) {
        int c = getc_unlocked(reader->file);
        if (c == EOF)
            die("ends inside a quoted field", reader->path);
        if (c == '"') {
            c = getc_unlocked(reader->file);
            if (c != '"')
                return c;
        }
        put_char(reader, c);
    }
}

/* One field, beginning with c. Returns what ended it: a comma, a line feed, or EOF. */
static int read_field(struct reader *reader, int c)
{
    if (reader->fields == FIELDS_MAX)
        die("a row has too many fields", reader->path);
    reader->field[reader->fields++] = reader->text + reader->bytes;
    if (c == '"')
        c = read_quoted(reader);
    while (c != ',' && c != '\n' && c != EOF) {
        if (c != '\r')
            put_char(reader, c);
        c = getc_unlocked(reader->file);
    }
    put_char(reader, '\0');
    return c;
}

/* False at the end of the file. */
static bool read_row(struct reader *reader)
{
    int c = getc_unlocked(reader->file);
    if (c == EOF)
        return false;
    reader->row++;
    reader->bytes = reader->fields = 0;
    while ((c = read_field(reader, c)) == ',')
        c = getc_unlocked(reader->file);
    return true;
}

/* Reads the header and notes where the columns stand. */
static void read_header(struct reader *sales)
{
    if (!read_row(sales))
        die("is empty", sales->path);
    for (size_t column = 0; column < COLUMNS; column++) {
        size_t i = 0;
        while (i < sales->fields && strcmp(sales->field[i], column_names[column]) != 0)
            i++;
        if (i == sales->fields)
            die("has other columns", sales->path);
        sales->place[column] = i;
    }
}

static const char *value_of(const struct reader *sales, enum column column)
{
    return sales->place[column] < sales->fields ? sales->field[sales->place[column]] : "";
}

/* A number without its point, filled to so many decimals: "12.5" is 1250 for two. */
static uint64_t read_scaled(const char *text, unsigned decimals)
{
    uint64_t number = 0;
    bool point = false;
    for (; *text != '\0'; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9' || (point && decimals == 0))
            return UINT64_MAX;
        number = number * 10 + (uint64_t)(*text - '0');
        decimals -= point;
    }
    for (; decimals > 0; decimals--)
        number *= 10;
    return number;
}

static int complain(const struct reader *output, const char *why)
{
    printf("WRONG at row %" PRIu64 ": %s\n", output->row, why);
    return EXIT_FAILURE;
}

/* The output's next row must be these fields. */
static bool next_is(struct reader *output, const char *const *field, size_t fields)
{
    if (!read_row(output) || output->fields != fields)
        return false;
    for (size_t i = 0; i < fields; i++) {
        if (field[i] != NULL && strcmp(output->field[i], field[i]) != 0)
            return false;
    }
    return true;
}

static int check_count(struct reader *sales, struct reader *output)
{
    uint64_t rows = 0;
    while (read_row(sales))
        rows++;
    if (!read_row(output) || read_scaled(output->field[0], 0) != rows)
        return complain(output, "not the number of rows");
    puts("exact");
    return EXIT_SUCCESS;
}

static int check_columns(struct reader *sales, struct reader *output)
{
    static const char *const header[] = {"id", "customer", "status"};
    if (!next_is(output, header, 3))
        return complain(output, "not the header wanted");
    while (read_row(sales)) {
        const char *const wanted[] = {value_of(sales, ID), value_of(sales, CUSTOMER),
                                      value_of(sales, STATUS)};
        if (!next_is(output, wanted, 3))
            return complain(output, "not the id, customer and status wanted here");
    }
    if (read_row(output))
        return complain(output, "there should be no more");
    puts("exact");
    return EXIT_SUCCESS;
}

/* The total of a row in ten thousandths, which is exact. */
static uint64_t total_of(const struct reader *sales)
{
    return read_scaled(value_of(sales, QUANTITY), 0) * read_scaled(value_of(sales, UNIT_PRICE), 2) *
           (100 - read_scaled(value_of(sales, DISCOUNT), 2));
}

static bool is_kept(const struct reader *sales)
{
    return read_scaled(value_of(sales, QUANTITY), 0) >= 50 &&
           strcmp(value_of(sales, STATUS), "paid") == 0;
}

static int check_totals(struct reader *sales, struct reader *output)
{
    static const char *const header[] = {"id", "country", "total"};
    uint64_t ties = 0;
    if (!next_is(output, header, 3))
        return complain(output, "not the header wanted");
    while (read_row(sales)) {
        if (!is_kept(sales))
            continue;
        const char *const wanted[] = {value_of(sales, ID), value_of(sales, COUNTRY), NULL};
        if (!next_is(output, wanted, 3))
            return complain(output, "not the id and country wanted here");
        uint64_t exact = total_of(sales), cents = read_scaled(output->field[2], 2);
        bool tie = exact % 100 == 50 && cents == exact / 100;
        ties += tie;
        if (cents != (exact + 50) / 100 && !tie)
            return complain(output, "not the total wanted here");
    }
    if (read_row(output))
        return complain(output, "there should be no more");
    if (ties == 0)
        puts("exact");
    else
        printf("exact but for %" PRIu64 " totals 0.01 off at exactly half a cent\n", ties);
    return EXIT_SUCCESS;
}

/* Two files with the same lines have the same sum, in whatever order. */
static uint64_t sum_of_lines(const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t bytes;
    uint64_t sum = 0;
    if (file == NULL)
        die("cannot be opened", path);
    setvbuf(file, NULL, _IOFBF, BUFFER_BYTES);
    while ((bytes = getline(&line, &room, file)) > 0) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
        for (ssize_t i = 0; i < bytes; i++)
            hash = (hash ^ (unsigned char)line[i]) * UINT64_C(0x100000001b3);
        sum += hash ^ hash >> 29;
    }
    free(line);
    fclose(file);
    return sum;
}

static int check_lines(const char *one, const char *other)
{
    bool same = sum_of_lines(one) == sum_of_lines(other);
    puts(same ? "exact, in another order" : "WRONG: not the same lines");
    return same ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*check)(struct reader *sales, struct reader *output);
    } works[] = {{"w1", check_count}, {"w2", check_columns}, {"w3", check_totals}};
    static struct reader sales, output;
    if (argc == 4 && strcmp(argv[1], "lines") == 0)
        return check_lines(argv[2], argv[3]);
    for (size_t i = 0; argc == 4 && i < sizeof(works) / sizeof(works[0]); i++) {
        if (strcmp(argv[1], works[i].name) != 0)
            continue;
        open_reader(&sales, argv[2]);
        open_reader(&output, argv[3]);
        read_header(&sales);
        return works[i].check(&sales, &output);
    }
    fputs("usage: check w1|w2|w3 SALES OUTPUT, or check lines OUTPUT OUTPUT\n", stderr);
    return 64;
}
