#include "engine/blame.h"

#include <stdio.h>
#include <time.h>

static bool same_input(const struct caution *caution, const struct trial *trial)
{
    return caution->ring == trial->ring && caution->position == trial->position;
}

static bool same_place(const struct blame_book *book, const struct trial *trial)
{
    return book->begun && book->ring == trial->ring && book->position == trial->position &&
           book->record == trial->record;
}

static void doom(struct blame_book *book, const struct trial *trial, uint64_t running,
                 const char *reason)
{
    struct caution *caution = &book->caution;
    caution->doomed = true;
    caution->record = trial->record;
    caution->member = trial_member(running);
    caution->deaths = book->deaths + book->kills;
    caution->time = (uint64_t)time(NULL);
    snprintf(caution->reason, sizeof(caution->reason), "%s", reason);
}

enum blame weir__blame_death(struct blame_book *book, const struct trial *trial, uint64_t running,
                             bool foreign, const char *reason, uint32_t poison_after)
{
    if (running == 0)
        return BLAME_NOBODY;
    if (!same_input(&book->caution, trial))
        book->caution = (struct caution){.ring = trial->ring, .position = trial->position};
    if (!same_place(book, trial))
        *book = (struct blame_book){.begun = true,
                                    .ring = trial->ring,
                                    .position = trial->position,
                                    .record = trial->record,
                                    .caution = book->caution};
    book->deaths += !foreign;
    book->kills += foreign;
    bool whole = trial->record == TRIAL_WHOLE;
    if (book->deaths < (whole ? 1 : poison_after) && book->kills < BLAME_FOREIGN)
        return BLAME_NOTED;
    book->caution.careful = true;
    if (whole)
        return BLAME_NOTED;
    doom(book, trial, running, reason);
    return BLAME_DOOMED;
}
