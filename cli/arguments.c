#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <weir/process.h>

#include "human.h"
#include "nearest.h"

#define WORKERS_MAX 64 /* seats of a stage */

struct flag {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* how the help page calls it; NULL: takes none */
    unsigned takers;
    const char *help;
    int (*set)(struct arguments *args, const char *value, struct weir_err *err);
};

/* Appends "key=value". */
static int add_pair(struct pairs *pairs, const char *text, struct weir_err *err)
{
    size_t key_bytes = strcspn(text, "=");
    struct weir_pair *list = realloc(pairs->list, (pairs->count + 1) * sizeof(*list));
    if (list == NULL)
        return weir_err_set(err, WEIR_EOS, "out of memory");
    pairs->list = list;
    struct weir_pair *pair = &list[pairs->count++];
    pair->key = strndup(text, key_bytes);
    pair->value = strdup(text + key_bytes + 1);
    if (pair->key == NULL || pair->value == NULL)
        return weir_err_set(err, WEIR_EOS, "out of memory");
    return 0;
}

static int set_var(struct arguments *args, const char *value, struct weir_err *err)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value)
        return weir_err_set(err, WEIR_EUSAGE, "--var wants NAME=VALUE, not '%s'", value);
    return add_pair(&args->vars, value, err);
}

static int set_column(struct arguments *args, const char *value, struct weir_err *err)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value)
        return weir_err_set(err, WEIR_EUSAGE, "--column wants NAME=VALUE, not '%s'", value);
    return add_pair(&args->columns, value, err);
}

static int set_option(struct arguments *args, const char *value, struct weir_err *err)
{
    const char *equals = strchr(value, '='), *dot = strchr(value, '.');
    if (equals == NULL || dot == NULL || dot == value || dot + 1 >= equals)
        return weir_err_set(err, WEIR_EUSAGE, "--set wants STAGE.OPTION=VALUE, not '%s'", value);
    return add_pair(&args->sets, value, err);
}

static int set_workers(struct arguments *args, const char *value, struct weir_err *err)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);
    if (strcmp(value, "auto") == 0)
        n = 0;
    else if (value[0] < '0' || value[0] > '9' || *end != '\0' || n < 1 || n > WORKERS_MAX)
        return weir_err_set(err, WEIR_EUSAGE, "--workers wants 1 to %d, or auto, not '%s'",
                            WORKERS_MAX, value);
    args->workers = (uint32_t)n;
    return 0;
}

/* The index of the value among the names, or WEIR_EUSAGE. */
static int choose(const char *option, const char *value, const char *const *names,
                  const char *in_words, struct weir_err *err)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(value, names[i]) == 0)
            return i;
    return weir_err_set(err, WEIR_EUSAGE, "--%s wants %s, not '%s'", option, in_words, value);
}

static int set_records(struct arguments *args, const char *value, struct weir_err *err)
{
    char *end;
    errno = 0;
    args->records = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || args->records == 0 ||
        args->records > INT64_MAX)
        return weir_err_set(err, WEIR_EUSAGE, "--records wants a number from 1 on, not '%s'",
                            value);
    return 0;
}

static int set_progress(struct arguments *args, const char *value, struct weir_err *err)
{
    static const char *const names[] = {"auto", "plain", "none", NULL};
    int choice = choose("progress", value, names, "auto, plain or none", err);
    if (choice >= 0)
        args->progress = (enum progress_mode)choice;
    return choice < 0 ? choice : 0;
}

static int set_format(struct arguments *args, const char *value, struct weir_err *err)
{
    static const char *const names[] = {"dot", "mermaid", "svg", NULL};
    int choice = choose("format", value, names, "dot, mermaid or svg", err);
    if (choice >= 0)
        args->format = (enum graph_format)choice;
    return choice < 0 ? choice : 0;
}

static int set_log_format(struct arguments *args, const char *value, struct weir_err *err)
{
    args->json = strcmp(value, "json") == 0;
    if (!args->json && strcmp(value, "text") != 0)
        return weir_err_set(err, WEIR_EUSAGE, "--log-format wants text or json, not '%s'", value);
    return 0;
}

static int set_receipt(struct arguments *args, const char *value, struct weir_err *err)
{
    if (value[0] == '\0' || strcmp(value, "-") == 0)
        return weir_err_set(err, WEIR_EUSAGE,
                            "--receipt wants a file: standard output carries data only");
    args->receipt = value;
    return 0;
}

static int set_timeout(struct arguments *args, const char *value, struct weir_err *err)
{
    if (!human_read_duration(value, &args->timeout_ms))
        return weir_err_set(err, WEIR_EUSAGE,
                            "--timeout wants a duration like 30s, 5m or 1h30m, not '%s'", value);
    return 0;
}

static int set_start_method(struct arguments *args, const char *value, struct weir_err *err)
{
    (void)args;
    if (weir_process_set_start_method(value) < 0)
        return weir_err_set(err, WEIR_EUSAGE,
                            "--start-method wants fork, spawn or forkserver, not '%s'", value);
    return 0;
}

static int set_dry_run(struct arguments *args, const char *value, struct weir_err *err)
{
    (void)value, (void)err;
    args->dry_run = true;
    return 0;
}

static int set_quiet(struct arguments *args, const char *value, struct weir_err *err)
{
    (void)value, (void)err;
    args->quiet = true;
    return 0;
}

static int set_print(struct arguments *args, const char *value, struct weir_err *err)
{
    (void)value, (void)err;
    args->print = true;
    return 0;
}

static int set_markdown(struct arguments *args, const char *value, struct weir_err *err)
{
    (void)value, (void)err;
    args->markdown = true;
    return 0;
}

static int set_help(struct arguments *args, const char *value, struct weir_err *err)
{
    (void)value, (void)err;
    args->help = true;
    return 0;
}

#define RUNS  (TAKER_RUN | TAKER_DO)
#define PARTS (TAKER_PEEK | TAKER_TEST)
#define FILES (RUNS | TAKER_CHECK | TAKER_PLAN | TAKER_GRAPH | PARTS)

static const struct flag flags[] = {
    {"var", 0, "NAME=VALUE", FILES, "fill in ${NAME}; beats the file's vars", set_var},
    {"set", 0, "STAGE.OPTION=VALUE", FILES & ~TAKER_DO, "override one option of one stage",
     set_option},
    {"workers", 0, "N", FILES, "workers of every stage that may have several and does not say",
     set_workers},
    {"dry-run", 'n', NULL, RUNS, "print the plan, run nothing", set_dry_run},
    {"progress", 0, "auto|plain|none", RUNS,
     "auto: drawn on a terminal, else as plain: a line every 30 seconds", set_progress},
    {"receipt", 0, "FILE", RUNS, "write the receipt there too, as JSON", set_receipt},
    {"timeout", 0, "DURATION", RUNS, "stop after 30s, 5m, 1h30m; publish nothing", set_timeout},
    {"format", 0, "dot|mermaid|svg", TAKER_GRAPH, "what is drawn with (dot)", set_format},
    {"start-method", 0, "fork|spawn|forkserver", RUNS,
     "how workers are started (fork); all give the same", set_start_method},
    {"log-format", 0, "text|json", FILES & ~TAKER_TEST, "json: errors and events as lines of JSON",
     set_log_format},
    {"records", 'n', "N", TAKER_PEEK, "how many records to print, 10 if not given", set_records},
    {"rows", 'n', "N", TAKER_INFER, "how many rows to look at, 10000 if not given", set_records},
    {"quiet", 'q', NULL, RUNS | TAKER_CHECK | TAKER_TEST, "print nothing on success", set_quiet},
    {"column", 0, "NAME=VALUE", TAKER_EVAL, "a column of the record, as it would come from CSV",
     set_column},
    {"markdown", 0, NULL, TAKER_STAGES | TAKER_FUNCTIONS, "print the page that stands in docs/",
     set_markdown},
    {"print", 0, NULL, TAKER_DO, "print the pipeline file, run nothing", set_print},
    {"help", 'h', NULL, TAKER_ANY, "print this page", set_help},
};

#define FLAGS (sizeof(flags) / sizeof(flags[0]))
#define FIRST 256 /* getopt_long's value for the first long option */

/* Makes getopt_long's tables of those rows that the command takes. The leading "-" hands operands
 * over where they stand, whatever POSIXLY_CORRECT says; ":" leaves the messages to us. */
static void make_tables(enum takers taker, struct option *longs, char *shorts)
{
    *shorts++ = '-';
    *shorts++ = ':';
    for (size_t i = 0; i < FLAGS; i++) {
        if ((flags[i].takers & taker) == 0)
            continue;
        *longs++ = (struct option){flags[i].name,
                                   flags[i].argument == NULL ? no_argument : required_argument,
                                   NULL, FIRST + (int)i};
        if (flags[i].letter != 0)
            *shorts++ = flags[i].letter;
        if (flags[i].letter != 0 && flags[i].argument != NULL)
            *shorts++ = ':';
    }
    *longs = (struct option){0};
    *shorts = '\0';
}

static const struct flag *find_flag(enum takers taker, int value)
{
    for (size_t i = 0; i < FLAGS; i++) {
        if ((flags[i].takers & taker) != 0 &&
            (value == FIRST + (int)i || (value < FIRST && value == flags[i].letter)))
            return &flags[i];
    }
    return NULL;
}

static int no_such_option(enum takers taker, const char *text, struct weir_err *err)
{
    const char *names[FLAGS + 1];
    char word[64];
    size_t count = 0;
    for (size_t i = 0; i < FLAGS; i++) {
        if ((flags[i].takers & taker) != 0)
            names[count++] = flags[i].name;
    }
    names[count] = NULL;
    snprintf(word, sizeof(word), "%.*s", (int)strcspn(text, "="), text);
    weir_err_set(err, WEIR_EUSAGE, "no option '%s'", word);
    nearest_note(err, "--", word + strspn(word, "-"), names);
    return err->code;
}

/* argument is what getopt_long stumbled over, value what it returned: '?' or ':'. */
static int wrong_option(enum takers taker, int value, const char *argument, struct weir_err *err)
{
    const struct flag *flag = find_flag(taker, optopt);
    char letter[3] = {'-', (char)optopt, '\0'};
    if (value == ':')
        return weir_err_set(err, WEIR_EUSAGE, "--%s wants %s", flag->name, flag->argument);
    if (optopt >= FIRST)
        return weir_err_set(err, WEIR_EUSAGE, "--%s takes no value", flag->name);
    return no_such_option(taker, optopt == 0 ? argument : letter, err);
}

static const char *noun_of(const char *operand)
{
    if (operand[0] == '[')
        return "name";
    return strcmp(operand, "EXPRESSION") == 0 ? "expression" : "file";
}

static bool is_list(const char *operand)
{
    return operand != NULL && strstr(operand, "...") != NULL;
}

static bool are_two(const char *operand)
{
    return operand != NULL && strcmp(operand, "FILE STAGE") == 0;
}

static int take_operand(struct arguments *args, const char *operand, const char *text,
                        struct weir_err *err)
{
    if (operand == NULL)
        return weir_err_set(err, WEIR_EUSAGE, "'%s' is one argument too many: none is wanted",
                            text);
    if (args->operand != NULL && args->stage == NULL && are_two(operand)) {
        args->stage = text;
        return 0;
    }
    if (args->operand != NULL)
        return weir_err_set(err, WEIR_EUSAGE, "one %s only, not '%s' and '%s'", noun_of(operand),
                            args->operand, text);
    args->operand = text;
    return 0;
}

static int read_options(struct arguments *args, enum takers taker, const char *operand, int argc,
                        char **argv, struct weir_err *err)
{
    struct option longs[FLAGS + 1];
    char shorts[2 * FLAGS + 3];
    int value, result = 0;
    make_tables(taker, longs, shorts);
    optind = 0; /* glibc: start anew */
    opterr = 0;
    while (result == 0 && (value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const struct flag *flag = find_flag(taker, value);
        if (value == 1 && is_list(operand)) {
            optind--; /* the options end here */
            break;
        }
        if (value == 1)
            result = take_operand(args, operand, optarg, err);
        else if (value == '?' || value == ':' || flag == NULL)
            result = wrong_option(taker, value, argv[optind - 1], err);
        else
            result = flag->set(args, optarg, err);
    }
    if (is_list(operand) && optind < argc) {
        args->operand = argv[optind];
        args->words = argv + optind;
        args->words_count = (size_t)(argc - optind);
        return result;
    }
    for (; result == 0 && optind < argc; optind++)
        result = take_operand(args, operand, argv[optind], err);
    return result;
}

int arguments_read(struct arguments *args, enum takers taker, const char *operand, int argc,
                   char **argv, struct weir_err *err)
{
    memset(args, 0, sizeof(*args));
    int result = read_options(args, taker, operand, argc, argv, err);
    if (result < 0 || args->help)
        return result;
    if (args->operand == NULL && operand != NULL && operand[0] != '[')
        return weir_err_set(err, WEIR_EUSAGE, "a %.*s is wanted", (int)strcspn(operand, " "),
                            operand);
    if (args->stage == NULL && are_two(operand))
        return weir_err_set(err, WEIR_EUSAGE, "a STAGE is wanted");
    return 0;
}

static void release_pairs(struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free((char *)pairs->list[i].key);
        free((char *)pairs->list[i].value);
    }
    free(pairs->list);
}

void arguments_release(struct arguments *args)
{
    release_pairs(&args->vars);
    release_pairs(&args->sets);
    release_pairs(&args->columns);
}

static void print_flag(FILE *to, const struct flag *flag)
{
    char left[64], letter[5] = "    ";
    if (flag->letter != 0)
        snprintf(letter, sizeof(letter), "-%c, ", flag->letter);
    snprintf(left, sizeof(left), "  %s--%s %s", letter, flag->name,
             flag->argument == NULL ? "" : flag->argument);
    fprintf(to, "%-34s", left);
    if (strlen(left) > 33)
        fprintf(to, "\n%34s", "");
    fprintf(to, "%s\n", flag->help);
}

void arguments_print_help(FILE *to, enum takers taker)
{
    for (size_t i = 0; i < FLAGS; i++) {
        if ((flags[i].takers & taker) != 0)
            print_flag(to, &flags[i]);
    }
}

void arguments_print_names(FILE *to, enum takers taker)
{
    const char *between = "";
    for (size_t i = 0; i < FLAGS; i++) {
        if ((flags[i].takers & taker) == 0)
            continue;
        fprintf(to, "%s--%s", between, flags[i].name);
        between = " ";
    }
}
