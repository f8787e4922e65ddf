/* The accounting stream: what packet number n says, and what a table must hold after n packets.
 *
 * `sessions` lines carry a session each, one after the other. Every line is visited once a round, in the order in which
 * NASes speak: bursts of RUN lines of one NAS, the bursts shuffled by the seed. A line begins the stream at a stage of
 * its own, so that each round holds 5 % Starts, 90 % interim updates and 5 % Stops from its first packet on. */
#include "load.h"

#include <stdlib.h>
#include <string.h>

enum { RUN = 20 };

static uint32_t *order, *position_of_burst;
static long bursts;

void sessions_prepare(void) {
    bursts = options.sessions / RUN;
    order = malloc((size_t)bursts * sizeof *order);
    position_of_burst = malloc((size_t)bursts * sizeof *position_of_burst);
    if (!order || !position_of_burst) {
        perror("radius-load");
        exit(2);
    }
    for (long i = 0; i < bursts; i++) order[i] = (uint32_t)i;
    for (long i = bursts - 1; i > 0; i--) {
        long other = (long)(scramble(options.seed ^ (uint64_t)i << 20) % (uint64_t)(i + 1));
        uint32_t held = order[i];
        order[i] = order[other];
        order[other] = held;
    }
    for (long i = 0; i < bursts; i++) position_of_burst[order[i]] = (uint32_t)i;
}

static long line_at(long number) {
    long place = number % options.sessions;
    return (long)order[place / RUN] * RUN + place % RUN;
}

static long place_of(long line) { return (long)position_of_burst[line / RUN] * RUN + line % RUN; }

static int first_stage(long line) { return (int)(scramble(options.seed + 7 * (uint64_t)line) % STAGES); }

/* Whole octets since the session's start: a rate of the session's own, unevenly, growing at every stage. Downloads
 * reach 20 GiB, so that gigawords count. */
static uint64_t octets(long line, int life, int stage, uint64_t maximum_rate, uint64_t salt) {
    if (stage == 0) return 0;
    uint64_t session = scramble(options.seed ^ salt ^ (uint64_t)line << 16 ^ (uint64_t)life);
    uint64_t rate = 1000 + session % maximum_rate;
    return (uint64_t)stage * rate + scramble(session + (uint64_t)stage) % rate;
}

static void count_octets(struct accounting_step *step) {
    step->input = octets(step->line, step->life, step->stage, 64u << 20, 0x11);
    step->output = octets(step->line, step->life, step->stage, 1u << 30, 0x22);
}

struct accounting_step accounting_step(long number) {
    long line = line_at(number), visit = number / options.sessions;
    long reached = first_stage(line) + visit;
    struct accounting_step step = {.line = line, .life = (int)(reached / STAGES), .stage = (int)(reached % STAGES)};
    /* A session that was there before the stream has the age of its stage at 300 s each. From then on a visit comes
     * about every `pace` seconds: an age that ran ahead of the clock would claim another start: another session. */
    step.seconds = step.life == 0 ? (uint32_t)(first_stage(line) * 300 + visit * options.pace)
                                  : (uint32_t)(step.stage * options.pace);
    count_octets(&step);
    return step;
}

int accounting_nas(long number) { return (int)(line_at(number) / RUN % options.nases); }

/* Half of the repeats follow at once, as from a NAS that is too hasty; half come after the answer, as from one that did
 * not get it. */
enum repeat accounting_repeat(long number) {
    uint64_t lot = scramble(options.seed ^ 0xdeca ^ (uint64_t)number << 3) % 200;
    if (lot >= (uint64_t)options.repeat_percent * 2) return REPEAT_NONE;
    return lot % 2 ? REPEAT_AT_ONCE : REPEAT_LATER;
}

size_t session_name(char name[MAX_NAME], long line, int life) {
    size_t length = strlen(options.session_prefix);
    memcpy(name, options.session_prefix, length);
    name[length++] = '-';
    length = append_number(name, length, line, 6);
    name[length++] = '-';
    length = append_number(name, length, life, 1);
    name[length] = 0;
    return length;
}

struct truth truth_of(long end, FILE *file) {
    struct truth truth = {0};
    for (long line = 0; line < options.sessions; line++) {
        long visits = end / options.sessions + (place_of(line) < end % options.sessions);
        if (visits == 0) continue;
        long reached = first_stage(line) + visits - 1;
        for (int life = 0; life <= reached / STAGES; life++) {
            bool is_last = life == reached / STAGES;
            struct accounting_step step = {
                .line = line, .life = life, .stage = is_last ? (int)(reached % STAGES) : STAGES - 1};
            bool closed = step.stage == STAGES - 1;
            count_octets(&step);
            truth.rows += 1;
            truth.closed += closed;
            truth.input += step.input;
            truth.output += step.output;
            if (!file) continue;
            char name[MAX_NAME];
            session_name(name, line, life);
            fprintf(file, "%s\t%s%06ld\t%llu\t%llu\t%d\n", name, options.user_prefix, line,
                    (unsigned long long)step.input, (unsigned long long)step.output, closed);
        }
    }
    return truth;
}
