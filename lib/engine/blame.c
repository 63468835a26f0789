#include "engine/blame.h"

#include <stdio.h>
#include <time.h>

static bool same_input(const struct caution *caution, const struct trial *trial)
{
    return caution->ring == trial->ring && caution->position == trial->position;
}

static bool same_place(const struct blame_book *book, const struct trial *trial)
{
    return book->ring == trial->ring && book->position == trial->position &&
           book->record == trial->record;
}

static void doom(struct blame_book *book, const struct death *death)
{
    struct caution *caution = &book->caution;
    caution->doomed = true;
    caution->record = death->trial->record;
    caution->member = trial_member(death->running);
    caution->deaths = book->deaths + book->kills;
    caution->time = (uint64_t)time(NULL);
    snprintf(caution->reason, sizeof(caution->reason), "%s", death->reason);
}

enum blame weir__blame_death(struct blame_book *book, const struct death *death,
                             uint32_t poison_after)
{
    const struct trial *trial = death->trial;
    struct caution *caution = &book->caution;
    if (death->running == 0)
        return BLAME_NOBODY;
    if (!same_input(caution, trial))
        *caution = (struct caution){.ring = trial->ring, .position = trial->position};
    if (!same_place(book, trial))
        *book = (struct blame_book){.ring = trial->ring,
                                    .position = trial->position,
                                    .record = trial->record,
                                    .caution = *caution};
    book->deaths += !death->foreign;
    book->kills += death->foreign;
    bool whole = trial->record == TRIAL_WHOLE;
    caution->slow = caution->slow || (whole && death->late);
    if (book->deaths < (whole ? 1 : poison_after) && book->kills < BLAME_FOREIGN)
        return BLAME_NOTED;
    caution->careful = true;
    if (whole)
        return BLAME_NOTED;
    bool again = caution->doomed && caution->record == trial->record;
    /* Who is killed while it sets the record aside says nothing about it; and what is published
     * already goes on with the same words. */
    bool accuses = !death->foreign || book->kills >= BLAME_FOREIGN;
    if (!again || (accuses && !death->published))
        doom(book, death);
    return again ? BLAME_NOTED : BLAME_DOOMED;
}
