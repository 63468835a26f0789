/*
 * human.h - figures as people read them, and durations as they write them.
 *
 * Each function returns its text by value, so that it may stand in a printf's arguments:
 * printf("%s", human_bytes(n).text).
 */
#ifndef WEIR_CLI_HUMAN_H
#define WEIR_CLI_HUMAN_H

#include <stdbool.h>
#include <stdint.h>

struct human {
    char text[40];
};

/* "13,204,126" */
struct human human_count(uint64_t n);
/* Powers of 1000: "512 B", "3.1 KB", "84.1 MB", "711 MB", "1.0 GB". */
struct human human_bytes(uint64_t bytes);
/* Powers of 1024, for memory, rounded up: "96 MiB", "1.5 GiB". */
struct human human_memory(uint64_t bytes);
/* How long it took: "312 ms", "9.8 s", "41 s", "6 min 12 s", "2 h 05 min". */
struct human human_duration(uint64_t ns);
/* As a clock: "0:07", "12:34", "1:02:03". */
struct human human_clock(uint64_t seconds);

/* Reads "100ms", "2s", "1m30s", "2h", "1d"; a bare number is seconds. False if it is nothing of the
 * kind, is zero, or does not fit. */
bool human_read_duration(const char *text, uint64_t *ret_ms);

#endif
