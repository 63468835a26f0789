/*
 * report.h - what the program says on standard error: errors and events, as text or as lines of
 * JSON.
 *
 * Standard output is for data and for what was asked for (a plan, a help page); it is never written
 * to from here.
 */
#ifndef WEIR_CLI_REPORT_H
#define WEIR_CLI_REPORT_H

#include <weir/engine.h>

struct report {
    bool json;   /* --log-format json: each message is an object on a line of its own */
    bool colour; /* standard error is a terminal, and NO_COLOR is not set */
    bool quiet;  /* -q: nothing unless something is wrong */
};

void report_init(struct report *report, bool json, bool quiet);

/* Prints one error. Returns the exit code that belongs to it. */
int report_error(const struct report *report, const struct weir_err *err);
/* Prints all and empties the list. Returns the exit code of the first. */
int report_errors(const struct report *report, struct weir_errors *errors);

/* Says that something happened, for one that a worker was replaced. */
void report_event(const struct report *report, const char *text);

/* JSON only: how far a run is, and how it ended. err is NULL if nothing went wrong. */
void report_progress_json(const struct weir_receipt *so_far);
void report_receipt_json(const struct weir_receipt *receipt, const struct weir_err *err);

#endif
