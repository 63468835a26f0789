/*
 * run.c - `pipeline run`: plans, runs, shows how far it is, hands over the receipt.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "load.h"
#include "receipt.h"
#include "run.h"

/* What the run's callbacks need. */
struct show {
    const struct report *report;
    struct progress progress;
};

static void on_progress(const struct weir_receipt *so_far, void *context)
{
    struct show *show = context;
    if (show->progress.mode == PROGRESS_NONE)
        return;
    if (show->progress.mode == PROGRESS_PLAIN && so_far->elapsed_ns < 1000000000u)
        return; /* there is nothing to tell yet */
    if (show->report->json)
        report_progress_json(so_far);
    else
        progress_show(&show->progress, so_far);
}

static void on_event(const char *text, void *context)
{
    struct show *show = context;
    progress_clear(&show->progress);
    report_event(show->report, text);
}

static void show_init(struct show *show, const struct arguments *args, const struct report *report,
                      const struct weir_plan *plan)
{
    enum progress_mode mode = args->progress;
    /* A drawing would stand in the middle of the data. */
    if (mode == PROGRESS_AUTO && weir_plan_writes_stdout(plan) && isatty(STDOUT_FILENO))
        mode = PROGRESS_PLAIN;
    show->report = report;
    if (report->quiet)
        mode = PROGRESS_NONE;
    else if (report->json && mode == PROGRESS_AUTO)
        mode = PROGRESS_PLAIN;
    progress_init(&show->progress, mode, STDERR_FILENO);
}

/* The receipt on standard error; with -q only if something is to be seen in it. */
static void show_receipt(const struct show *show, const struct weir_receipt *receipt,
                         const struct weir_err *err)
{
    if (show->report->quiet && receipt->exit_code == 0 && receipt->signal == 0)
        return;
    if (show->report->json)
        report_receipt_json(receipt, err);
    else
        receipt_print(stderr, receipt, show->progress.look);
}

static void block_stopping(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Ends as programs do that leave a signal alone, so that shells and schedulers see it. */
static void die_of(int signal_number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    signal(signal_number, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(signal_number);
}

static int conclude(const struct arguments *args, const struct show *show,
                    const struct weir_receipt *receipt, const struct weir_err *err)
{
    struct weir_err receipt_err;
    bool by_signal = receipt != NULL && receipt->signal != 0; /* the receipt says it */
    int exit_code = err != NULL ? weir_err_exit_code(err->code) : EXIT_SUCCESS;
    if (err != NULL && !by_signal)
        report_error(show->report, err);
    if (receipt == NULL)
        return exit_code;
    exit_code = receipt->exit_code;
    show_receipt(show, receipt, err);
    if (args->receipt != NULL &&
        receipt_file_write(args->receipt, receipt, err, &receipt_err) < 0) {
        if (receipt->published)
            snprintf(receipt_err.note, sizeof(receipt_err.note), "the outputs are published");
        int code = report_error(show->report, &receipt_err);
        exit_code = exit_code == EXIT_SUCCESS ? code : exit_code;
    }
    return exit_code;
}

static int execute(const struct arguments *args, const struct report *report,
                   struct weir_plan *plan)
{
    struct show show;
    struct weir_receipt *receipt = NULL;
    struct weir_err err;
    show_init(&show, args, report, plan);
    const struct weir_supervise_options options = {
        .timeout_ms = args->timeout_ms,
        .on_progress = on_progress,
        .on_event = on_event,
        .interval_ms = progress_interval_ms(&show.progress),
        .context = &show,
    };
    block_stopping();         /* until the receipt is written */
    signal(SIGPIPE, SIG_IGN); /* a log that nobody reads any more must not end the run */
    int result = weir_supervise(plan, &options, &receipt, &err);
    progress_clear(&show.progress);
    int exit_code = conclude(args, &show, receipt, result < 0 ? &err : NULL);
    int signal_number = receipt == NULL ? 0 : receipt->signal;
    weir_receipt_free(receipt);
    if (signal_number != 0)
        die_of(signal_number);
    return exit_code;
}

int run_pipeline(const struct arguments *args, const char *text, const struct report *report)
{
    struct loaded loaded;
    struct weir_err err;
    if (args->receipt != NULL && receipt_file_check(args->receipt, &err) < 0)
        return report_error(report, &err);
    int exit_code = load_plan(args, text, report, false, &loaded);
    if (exit_code == 0 && args->receipt != NULL && weir_plan_uses(loaded.plan, args->receipt)) {
        weir_err_set(&err, WEIR_EUSAGE, "--receipt %s: the run reads or writes that file itself",
                     args->receipt);
        exit_code = report_error(report, &err);
    }
    if (exit_code == 0 && args->dry_run)
        exit_code = load_print_plan(loaded.plan, report);
    else if (exit_code == 0)
        exit_code = execute(args, report, loaded.plan);
    load_release(&loaded);
    return exit_code;
}

int run_quietly(const struct report *report, struct weir_plan *plan,
                struct weir_receipt **ret_receipt)
{
    static const struct weir_supervise_options options;
    struct weir_err err;
    block_stopping();
    int result = weir_supervise(plan, &options, ret_receipt, &err);
    int signal_number = *ret_receipt == NULL ? 0 : (*ret_receipt)->signal;
    if (signal_number != 0)
        die_of(signal_number);
    return result < 0 ? report_error(report, &err) : EXIT_SUCCESS;
}

static int run(const struct arguments *args, const struct report *report)
{
    return run_pipeline(args, NULL, report);
}

const struct command command_run = {
    .name = "run",
    .taker = TAKER_RUN,
    .operand = "FILE",
    .summary = "run a pipeline",
    .doc =
        "Runs the pipeline that FILE describes (\"-\": standard input; @NAME: a ready one). All\n"
        "its outputs are published at the end, or none. Progress and the receipt go to standard\n"
        "error; standard output carries data only. The exit codes are listed in pipeline(1).",
    .run = run,
};
