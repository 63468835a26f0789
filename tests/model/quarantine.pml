/*
 * quarantine.pml - which record killed a worker, and what its successors do about it: blame.c, careful.c, and what
 * seat_settle and `passed` are for (seat.c).
 *
 * One seat of two members, a row of inputs of RECORDS records. The records in POISON (a bit each, of all inputs in a
 * row) kill whoever runs them in the second member's code. Beside that a worker may be killed from outside at any step,
 * while `deaths` are left. Rings, claims and waiting are protocol.pml's: here a commit is one step, and publishes.
 * Slots are small: one record each, and what is set aside takes two, so that parts are committed all the time.
 *
 * Each record has one fate, the innocent pass once and in order, what is set aside is whole, and it all ends. FOREIGN is
 * more than DEATHS: that so many deaths from outside set an innocent aside is as told, and not asked about here.
 */
#ifndef INPUTS
#define INPUTS 2
#endif
#ifndef RECORDS
#define RECORDS 3
#endif
#ifndef POISON
#define POISON 2
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef POISON_AFTER
#define POISON_AFTER 2
#endif
#ifndef FOREIGN
#define FOREIGN 5 /* BLAME_FOREIGN */
#endif

#define NOBODY 0 /* running: else the member, plus one */
#define WHOLE RECORDS
#define ALL_RECORDS ((1 << (INPUTS * RECORDS)) - 1)
#define BIT(input, record) (1 << ((input) * RECORDS + (record)))
#define IS_POISON(input, record) ((POISON & BIT(input, record)) != 0)

/* The trial, in shared memory. Its other fields count only while `running` does. */
byte running;
byte trial_input, trial_record;

/* The ledger. */
byte inputs_done;
byte settled;      /* records of the input in hand that are not worked on again */
byte passed;       /* records published behind what is settled, */
byte passed_aside; /* and slots of what is set aside */

/* The supervisor's book of the seat's deaths, and the caution that it gives to the next worker. */
typedef blame_book {
    bit begun;
    byte input, record, deaths, kills;
};
typedef caution_given {
    bit careful, doomed;
    byte input, record, member, deaths;
};
blame_book book;
caution_given given;

/* What only the check knows. */
byte deaths = DEATHS;
byte own_deaths;
int published, aside; /* a bit a record */
byte half;            /* of something set aside, what its first slot says */

#define SAY(name) printf(#name); printf("\n")
#if DEATHS > 0
#define STEP(name) if :: deaths > 0 -> SAY(killed); deaths--; foreign = 1; goto died :: SAY(name) fi
#else
#define STEP(name) SAY(name)
#endif

/* The supervisor does not die: everything ends with it. */
#define SUPERVISOR_STEP(name) SAY(name)

/* A record that is doomed stays so, and in the same words: part of what is set aside may be published. */
#ifdef M_DOOMED_AGAIN
#define IS_NEW true
#else
#define IS_NEW (!given.doomed || given.record != trial_record)
#endif
/* It all ends: each record that kills does so once in its batch, and then POISON_AFTER times, or a few more if deaths
 * from outside fall between. */
#define MOST_OWN_DEATHS (3 * (1 + POISON_AFTER) * (DEATHS + 1))

#define ACCOUNT (caution.deaths * 2 + caution.member + 1)

/* weir__seat_commit: what stands in the slots is published, and the ledger with it. */
inline commit()
{
    atomic {
        STEP(SEQUENCE_COMMIT);
        if
        :: slot != 0 ->
           assert(published < slot && (aside & slot) == 0); /* once, and in order */
           published = published | slot;
           slot = 0
        :: else
        fi;
        if
        :: frame == 1 -> assert(half == 0); half = ACCOUNT
        :: frame == 2 ->
           assert(half == ACCOUNT); /* who made the second slot was told the same */
           half = 0;
           assert(((aside | published) & BIT(input, record)) == 0);
           aside = aside | BIT(input, record)
        :: else
        fi;
        frame = 0;
        if
        :: settles ->
           settled = (input_done -> 0 : record + 1);
           inputs_done = inputs_done + input_done;
           made = 0;
           made_aside = 0;
           passed = 0;
           passed_aside = 0
        :: else ->
           passed = (made > passed -> made : passed);
           passed_aside = (made_aside > passed_aside -> made_aside : passed_aside)
        fi;
        settles = 0;
        input_done = 0
    }
}

/* Two slots, one after the other, but for what was published already. */
inline set_aside()
{
    do
    :: made_aside < 2 ->
       made_aside++;
       if
       :: made_aside > passed_aside ->
          frame = made_aside;
          if
          :: frame == 1 -> commit() /* the slot is full */
          :: else
          fi
       :: else
       fi
    :: else -> break
    od
}

/* weir__crew_drive for one record: through both members, and into the slot. */
inline drive()
{
    do
    :: member < 2 && doomed_now && caution.member == member -> set_aside(); break
    :: member < 2 && !(doomed_now && caution.member == member) ->
       atomic { STEP(RUNNING_STORE); running = member + 1; inside = 1 };
       if
       :: member == 1 && IS_POISON(input, record) -> own_deaths++; foreign = 0; goto died
       :: else
       fi;
       atomic { STEP(RUNNING_STORE); running = NOBODY; inside = 0 };
       member++
    :: member == 2 ->
       if
#ifdef M_NOT_PASSED_OVER
       :: true ->
#else
       :: made >= passed ->
#endif
          if
          :: slot != 0 -> commit() /* the slot is full */
          :: else
          fi;
          slot = BIT(input, record)
       :: else
       fi;
       made++;
       break
    od;
    member = 0
}

active proctype seat()
{
    caution_given caution;
    bit foreign, inside, doomed_now, settles, input_done;
    byte input, record, member, made, made_aside, frame;
    int slot;

attach:
    atomic {
        STEP(SEQUENCE_LOAD);
        input = inputs_done;
        if
        :: given.careful && given.input == input ->
           caution.careful = given.careful;
           caution.doomed = given.doomed;
           caution.record = given.record;
           caution.member = given.member;
           caution.deaths = given.deaths
        :: else
        fi;
#ifdef M_NOT_CAREFUL
        caution.careful = 0
#else
        caution.careful = caution.careful || settled > 0
#endif
    };
    do
    :: input < INPUTS ->
       atomic {
        trial_input = input;
        trial_record = WHOLE;
#ifndef M_BEGINS_ANEW
        record = settled
#endif
       };
       do
       :: record < RECORDS ->
          if
          :: caution.careful -> trial_record = record
          :: else
          fi;
          if
          :: caution.doomed && caution.record == record ->
             doomed_now = 1;
             drive();
             doomed_now = 0;
#ifndef M_NO_CHECKPOINT
             settles = 1;
             commit()
#endif
          :: else -> drive()
          fi;
          record++
       :: else -> break
       od;
       settles = 1;
       input_done = 1;
       commit();
       atomic {
        record = 0;
        caution.careful = 0;
        caution.doomed = 0;
        caution.record = 0;
        caution.member = 0;
        caution.deaths = 0;
        input = inputs_done
       }
    :: else -> break
    od;
    assert((published | aside) == ALL_RECORDS && half == 0);
    assert(aside == POISON);
    goto ended;

died:
    /* The supervisor: blame() in workers.c, and weir__blame_death. */
    atomic {
        assert(own_deaths <= MOST_OWN_DEATHS);
        SUPERVISOR_STEP(RUNNING_LOAD);
        if
        :: running != NOBODY ->
           assert(inside);
           if
           :: given.input != trial_input -> given.input = trial_input; given.careful = 0; given.doomed = 0
           :: else
           fi;
           if
           :: !book.begun || book.input != trial_input || book.record != trial_record ->
              book.begun = 1;
              book.input = trial_input;
              book.record = trial_record;
              book.deaths = 0;
              book.kills = 0
           :: else
           fi;
#ifdef M_KILLS_COUNT
           foreign = 0;
#endif
           book.deaths = book.deaths + !foreign;
           book.kills = book.kills + foreign;
           if
           :: book.deaths >= (trial_record == WHOLE -> 1 : POISON_AFTER) || book.kills >= FOREIGN ->
              given.careful = 1;
              if
              :: trial_record != WHOLE && IS_NEW ->
                 assert(IS_POISON(trial_input, trial_record) || book.kills >= FOREIGN);
                 given.doomed = 1;
                 given.record = trial_record;
                 given.member = running - 1;
                 given.deaths = book.deaths + book.kills
              :: else
              fi
           :: else
           fi
        :: else
        fi;
#ifndef M_RUNNING_STAYS
        SUPERVISOR_STEP(RUNNING_STORE);
        running = NOBODY;
#endif
        inside = 0;
        doomed_now = 0;
        settles = 0;
        input_done = 0;
        input = 0;
        record = 0;
        member = 0;
        made = 0;
        made_aside = 0;
        frame = 0;
        slot = 0;
        caution.careful = 0;
        caution.doomed = 0;
        caution.record = 0;
        caution.member = 0;
        caution.deaths = 0;
        goto attach
    };
ended:
    skip
}
