#include "progress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_MS 100
#define PLAIN_MS  30000
#define SMOOTH_NS 2000000000.0 /* the rate is that of about the last two seconds */
/* A terminal that has been resized and not told us yet cuts lines instead of folding them. */
#define NO_WRAP      "\033[?7l"
#define WRAP         "\033[?7h"
#define SCREEN_BYTES (FRAME_LINES * (sizeof(((struct frame_line *)0)->text) + 16))

static bool can_draw(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

void progress_init(struct progress *progress, enum progress_mode mode, int fd)
{
    memset(progress, 0, sizeof(*progress));
    progress->fd = fd;
    progress->mode = mode == PROGRESS_AUTO && !can_draw(fd) ? PROGRESS_PLAIN : mode;
    progress->look = look_of_user();
}

uint32_t progress_interval_ms(const struct progress *progress)
{
    return progress->mode == PROGRESS_AUTO ? REDRAW_MS : PLAIN_MS;
}

/* Exponential smoothing whose weight follows the time that has passed, whatever the interval. */
static void follow_rate(struct progress *progress, const struct weir_receipt *so_far)
{
    uint64_t bytes = frame_bytes(so_far);
    if (so_far->elapsed_ns <= progress->seen_ns || bytes < progress->seen_bytes)
        return;
    double ns = (double)(so_far->elapsed_ns - progress->seen_ns);
    double now = (double)(bytes - progress->seen_bytes) / ns * 1e9;
    double weight = ns >= SMOOTH_NS || progress->rate < 1 ? 1 : ns / SMOOTH_NS;
    progress->rate += (now - progress->rate) * weight;
    progress->seen_ns = so_far->elapsed_ns;
    progress->seen_bytes = bytes;
}

/* Read anew for every picture: the user may have pulled at the window. */
static void measure(const struct progress *progress, struct canvas *canvas)
{
    struct winsize size;
    bool known = ioctl(progress->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && size.ws_row > 1;
    canvas->columns = known ? size.ws_col - 1u : 79;
    canvas->rows = known ? size.ws_row - 1u : 23;
    canvas->look = progress->look;
    canvas->rate = progress->rate;
}

/* How many rows the old picture takes on a terminal of that width: a window made narrower folds
 * lines. */
static unsigned rows_taken(const struct frame *frame, unsigned columns)
{
    unsigned rows = 0;
    for (unsigned i = 0; i < frame->lines; i++) {
        unsigned wide = frame->line[i].columns;
        rows += wide <= columns ? 1 : (wide + columns - 1) / columns;
    }
    return rows;
}

/* One write, so that a terminal never shows half a picture. */
static void put(const struct progress *progress, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(progress->fd, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* a terminal that is gone must not stop the run */
        text += n;
        length -= (size_t)n;
    }
}

static size_t go_up(char *to, size_t size, unsigned rows)
{
    int n = rows > 0 ? snprintf(to, size, "\r\033[%uA", rows) : snprintf(to, size, "\r");
    return (size_t)n;
}

static void draw(struct progress *progress, const struct weir_receipt *so_far)
{
    char screen[SCREEN_BYTES];
    struct canvas canvas;
    measure(progress, &canvas);
    size_t used = go_up(screen, sizeof(screen), rows_taken(&progress->frame, canvas.columns + 1));
    used += (size_t)snprintf(screen + used, sizeof(screen) - used, NO_WRAP);
    frame_make(&progress->frame, so_far, &canvas);
    for (unsigned i = 0; i < progress->frame.lines; i++)
        used += (size_t)snprintf(screen + used, sizeof(screen) - used, "%s\033[K\n",
                                 progress->frame.line[i].text);
    used += (size_t)snprintf(screen + used, sizeof(screen) - used, "\033[J" WRAP);
    put(progress, screen, used);
}

void progress_show(struct progress *progress, const struct weir_receipt *so_far)
{
    follow_rate(progress, so_far);
    if (progress->mode == PROGRESS_AUTO) {
        draw(progress, so_far);
    } else if (progress->mode == PROGRESS_PLAIN) {
        struct frame_line line;
        frame_make_plain(&line, so_far, progress->rate);
        dprintf(progress->fd, "%s\n", line.text);
    }
}

void progress_clear(struct progress *progress)
{
    char text[32];
    struct canvas canvas;
    if (progress->frame.lines == 0)
        return;
    measure(progress, &canvas);
    size_t used = go_up(text, sizeof(text) - 4, rows_taken(&progress->frame, canvas.columns + 1));
    memcpy(text + used, "\033[J", 3);
    put(progress, text, used + 3);
    progress->frame.lines = 0;
}
