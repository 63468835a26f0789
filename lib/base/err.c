#include <weir/err.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void set(struct weir_err *err, int code, const char *format, va_list args)
{
    memset(err, 0, sizeof(*err));
    err->code = code;
    vsnprintf(err->text, sizeof(err->text), format, args);
}

int weir_err_set(struct weir_err *err, int code, const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        set(err, code, format, args);
        va_end(args);
    }
    return code;
}

/* What a full table or no memory refuses is the system's refusal, whatever was to be done. */
static bool system_refused(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

int weir_err_errno(struct weir_err *err, int code, const char *format, ...)
{
    int saved = errno;
    if (system_refused(saved))
        code = WEIR_EOS;
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        set(err, code, format, args);
        va_end(args);
        size_t used = strlen(err->text);
        snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(saved));
    }
    errno = saved;
    return code;
}

int weir_err_context(struct weir_err *err, const char *format, ...)
{
    char context[sizeof(err->text)];
    char text[sizeof(err->text)];
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof(context), format, args);
    va_end(args);
    memcpy(text, err->text, sizeof(text));
    size_t used = strlen(context);
    snprintf(err->text, sizeof(err->text), "%s", context);
    if (used < sizeof(err->text))
        snprintf(err->text + used, sizeof(err->text) - used, ": %s", text);
    return err->code;
}

int weir_err_exit_code(int code)
{
    switch (code) {
#define WEIR_CODE(name, exit_code, text)                                                           \
    case WEIR_E##name: return exit_code;
        WEIR_ERRORS(WEIR_CODE)
#undef WEIR_CODE
    default: return 70;
    }
}

/* The length of the UTF-8 character at text; 0 if there is none, or a control character. */
static size_t printable(const char *text)
{
    unsigned char c = (unsigned char)text[0];
    if (c < 0x80)
        return c >= 0x20 && c != 0x7F ? 1 : 0;
    size_t n = c >= 0xF0 && c < 0xF5   ? 4
               : c >= 0xE0 && c < 0xF0 ? 3
               : c >= 0xC2 && c < 0xE0 ? 2
                                       : 0;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

/* What came from a file may hold anything; a terminal must not be told what to do by it. */
static void print_safely(FILE *to, const char *text)
{
    while (*text != '\0') {
        size_t n = printable(text);
        if (n > 0)
            fwrite(text, 1, n, to);
        else if (*text == '\n')
            fputs("\n      ", to);
        else
            fprintf(to, "\\x%02x", (unsigned char)*text);
        text += n > 0 ? n : 1;
    }
}

/* The width in columns of the first n bytes of a UTF-8 line, a tab being one. */
static int width(const char *text, size_t n)
{
    int columns = 0;
    for (size_t i = 0; i < n && text[i] != '\0'; i++)
        columns += ((unsigned char)text[i] & 0xC0) != 0x80;
    return columns;
}

static void print_source(FILE *to, const struct weir_err *err, const char *caret, const char *plain)
{
    int margin = err->line == 0 ? fprintf(to, "%5s", "") : fprintf(to, "%5u", err->line);
    fprintf(to, " | ");
    for (const char *c = err->source; *c != '\0'; c++)
        fputc(*c == '\t' ? ' ' : *c, to);
    fputc('\n', to);
    if (err->column == 0 || err->column > strlen(err->source) + 1) {
        if (err->note[0] != '\0')
            fprintf(to, "      %s\n", err->note);
        return;
    }
    int before = width(err->source, err->column - 1);
    int under = width(err->source + err->column - 1, err->span);
    fprintf(to, "%*s | %*s%s", margin, "", before, "", caret);
    for (int i = 0; i < (under > 0 ? under : 1); i++)
        fputc('^', to);
    fprintf(to, "%s", plain);
    if (err->note[0] != '\0')
        fprintf(to, " %s", err->note);
    fputc('\n', to);
}

void weir_err_print(FILE *to, const struct weir_err *err, bool colour)
{
    const char *bold = colour ? "\033[1m" : "", *red = colour ? "\033[1;31m" : "",
               *green = colour ? "\033[1;32m" : "", *plain = colour ? "\033[0m" : "";
    if (err->file[0] != '\0') {
        fprintf(to, "%s%s", bold, err->file);
        if (err->line != 0)
            fprintf(to, ":%u", err->line);
        if (err->line != 0 && err->column != 0)
            fprintf(to, ":%u", err->column);
        fprintf(to, ":%s ", plain);
    }
    fprintf(to, "%serror:%s ", red, plain);
    print_safely(to, err->text);
    fputc('\n', to);
    if (err->source[0] != '\0' && (err->line != 0 || err->column != 0))
        print_source(to, err, green, plain);
    else if (err->note[0] != '\0')
        fprintf(to, "      %s\n", err->note);
}

struct weir_err *weir_errors_add(struct weir_errors *errors)
{
    static struct weir_err lost; /* memory ran out for the very first one */
    struct weir_err *list = NULL;
    size_t n = errors->count;
    /* Capacity doubles at each power of two, so the count alone tells it. */
    if ((n & (n - 1)) == 0)
        list = realloc(errors->list, (n == 0 ? 1 : 2 * n) * sizeof(*list));
    else
        list = errors->list;
    if (list == NULL)
        return n > 0 ? &errors->list[n - 1] : &lost;
    errors->list = list;
    errors->count = n + 1;
    memset(&list[n], 0, sizeof(list[n]));
    return &list[n];
}

void weir_errors_release(struct weir_errors *errors)
{
    free(errors->list);
    *errors = (struct weir_errors){0};
}
