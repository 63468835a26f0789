/*
 * orders N FILE: a program that has a pipeline do its work. It makes N orders, has those that are
 * worth something written to FILE and given back to it, shows how far the run is, can be interrupted,
 * and prints the receipt.
 *
 *     cc -o orders orders.c $(pkg-config --cflags --libs weir)
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/weir.h>

struct world {
    long orders, made;
    long taken, quantity;
};

/* Called inside weir_run_step, while there is room for records. */
static int make_orders(struct weir_feed *feed, void *context)
{
    struct world *world = context;
    while (world->made < world->orders) {
        char id[24], quantity[24];
        const struct weir_value order[] = {
            {id, (uint32_t)snprintf(id, sizeof(id), "%ld", world->made)},
            {quantity, (uint32_t)snprintf(quantity, sizeof(quantity), "%ld", world->made % 10)},
        };
        int code = weir_feed_put(feed, order);
        if (code == WEIR_FULL)
            return WEIR_MORE;
        if (code < 0)
            return code;
        world->made++;
    }
    return WEIR_DONE;
}

/* Likewise, when there are some. They are this function's until it returns. */
static int take_orders(const struct weir_batch *batch, const struct weir_schema *schema,
                       void *context)
{
    struct world *world = context;
    const struct weir_column *column = &batch->column[weir_schema_find(schema, "quantity")];
    for (uint32_t r = 0; r < batch->records; r++) {
        struct weir_value digits = weir_value(column, r); /* no NUL stands behind them */
        long quantity = 0;
        for (uint32_t i = 0; i < digits.length; i++)
            quantity = 10 * quantity + digits.data[i] - '0';
        world->quantity += quantity;
    }
    world->taken += batch->records;
    return 0;
}

/* The outputs are where they belong: a checkpoint may be set. */
static void published(uint64_t records, void *context)
{
    (void)context;
    printf("published: all that came of %lu orders\n", (unsigned long)records);
}

static int build(struct weir_job *job, const char *file, struct world *world, struct weir_err *err)
{
    const struct weir_host_source source = {
        .size = sizeof(source), .produce = make_orders, .durable = published, .context = world};
    const struct weir_host_sink sink = {
        .size = sizeof(sink), .consume = take_orders, .context = world};
    int code = weir_stage_add(job, "orders", "host.source", err);
    if (code == 0)
        code =
            weir_stage_set_yaml(job, "orders", "columns", "{id: integer, quantity: integer}", err);
    if (code == 0)
        code = weir_stage_add(job, "worth", "transform", err);
    if (code == 0)
        code = weir_stage_set(job, "worth", "where", "quantity > 5", err);
    if (code == 0)
        code = weir_stage_add(job, "file", "csv.write", err);
    if (code == 0)
        code = weir_stage_set(job, "file", "path", file, err);
    if (code == 0)
        code = weir_stage_add(job, "back", "host.sink", err);
    if (code == 0)
        code = weir_connect(job, "worth", "file", err);
    if (code == 0)
        code = weir_connect(job, "worth", "back", err);
    if (code == 0)
        code = weir_job_source(job, "orders", &source, err);
    return code == 0 ? weir_job_sink(job, "back", &sink, err) : code;
}

static struct weir_run *run;

static void on_interrupt(int number)
{
    (void)number;
    weir_run_cancel(run); /* which may be called anywhere */
}

static int run_to_end(const struct weir_job *job, struct weir_err *err)
{
    int code = weir_run_start(job, NULL, &run, err);
    if (code < 0)
        return code;
    signal(SIGINT, on_interrupt);
    while ((code = weir_run_step(run, 1000)) == WEIR_MORE) {
        const struct weir_receipt *so_far = weir_run_progress(run);
        if (so_far != NULL)
            fprintf(stderr, "\r%lu orders", (unsigned long)weir_receipt_stage(so_far, 0)->out);
    }
    signal(SIGINT, SIG_DFL);
    fputc('\n', stderr);
    if (code < 0)
        *err = weir_run_errors(run)->list[0];
    char *json =
        weir_run_receipt(run) == NULL ? NULL : weir_receipt_json(weir_run_receipt(run), NULL);
    if (json != NULL)
        puts(json);
    free(json);
    weir_run_free(run);
    return code;
}

int main(int argc, char **argv)
{
    struct weir_err err = {0};
    struct weir_job *job = NULL;
    if (argc != 3) {
        fputs("usage: orders N FILE\n", stderr);
        return weir_err_exit_code(WEIR_EUSAGE);
    }
    struct world world = {.orders = strtol(argv[1], NULL, 10)};
    int code = weir_job_new("orders", &job, &err);
    if (code == 0)
        code = build(job, argv[2], &world, &err);
    if (code == 0)
        code = run_to_end(job, &err);
    weir_job_free(job);
    if (code < 0) {
        weir_err_print(stderr, &err, false);
        return weir_err_exit_code(code);
    }
    printf("taken: %ld orders of %ld pieces\n", world.taken, world.quantity);
    return 0;
}
