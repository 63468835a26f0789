/*
 * libcsv_count.c - the bare libcsv loop: counts fields and rows, and does nothing with them.
 *
 *     libcsv_count IN OUT          OUT gets the number of rows without the header
 *
 * One process, libcsv's defaults, which are its fastest settings.
 */
#include <csv.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct counts {
    unsigned long fields, rows;
};

static void count_field(void *field, size_t bytes, void *context)
{
    struct counts *counts = context;
    (void)field, (void)bytes;
    counts->fields++;
}

static void count_row(int end, void *context)
{
    struct counts *counts = context;
    (void)end;
    counts->rows++;
}

/* Returns 0, or -1 having said why. */
static int count_file(const char *path, struct counts *counts)
{
    static char block[256 * 1024];
    struct csv_parser parser;
    ssize_t bytes = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || csv_init(&parser, 0) != 0) {
        perror(path);
        return -1;
    }
    while ((bytes = read(fd, block, sizeof(block))) > 0) {
        if (csv_parse(&parser, block, (size_t)bytes, count_field, count_row, counts) !=
            (size_t)bytes) {
            fprintf(stderr, "%s: %s\n", path, csv_strerror(csv_error(&parser)));
            return -1;
        }
    }
    csv_fini(&parser, count_field, count_row, counts);
    csv_free(&parser);
    close(fd);
    return bytes < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
    struct counts counts = {0};
    if (argc != 3) {
        fputs("usage: libcsv_count IN OUT\n", stderr);
        return 64;
    }
    if (count_file(argv[1], &counts) != 0)
        return EXIT_FAILURE;
    FILE *out = fopen(argv[2], "w");
    if (out == NULL || fprintf(out, "%lu\n", counts.rows - 1) < 0 || fclose(out) != 0) {
        perror(argv[2]);
        return EXIT_FAILURE;
    }
    fprintf(stderr, "%lu fields\n", counts.fields);
    return EXIT_SUCCESS;
}
