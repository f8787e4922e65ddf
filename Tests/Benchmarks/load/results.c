/* Latencies in a histogram of constant cost, and the results as one JSON object. */
#include "load.h"

#include <math.h>
#include <sys/resource.h>

/* 128 steps to each doubling: every value is kept to within 0.8 %. */
enum { STEP_BITS = 7, STEPS = 1 << STEP_BITS, DOUBLINGS = 40 };

static uint32_t histogram[DOUBLINGS * STEPS];
static uint64_t recorded, maximum;

static size_t place_of(uint64_t value) {
    if (value < STEPS) return (size_t)value;
    int shift = 63 - __builtin_clzll(value) - STEP_BITS;
    size_t place = ((size_t)(shift + 1) << STEP_BITS) + ((size_t)(value >> shift) & (STEPS - 1));
    return place < DOUBLINGS * STEPS ? place : DOUBLINGS * STEPS - 1;
}

/* The largest value that falls into a place. */
static uint64_t value_at(size_t place) {
    if (place < STEPS) return place;
    size_t shift = (place >> STEP_BITS) - 1;
    return ((((uint64_t)place & (STEPS - 1)) + STEPS + 1) << shift) - 1;
}

void record_latency(uint64_t nanoseconds) {
    histogram[place_of(nanoseconds)]++;
    recorded++;
    if (nanoseconds > maximum) maximum = nanoseconds;
}

double latency_at(double share) {
    uint64_t wanted = (uint64_t)ceil((double)recorded * share), seen = 0;
    if (recorded == 0) return 0;
    for (size_t place = 0; place < DOUBLINGS * STEPS; place++) {
        seen += histogram[place];
        if (seen >= wanted) {
            uint64_t value = value_at(place);
            return (double)(value < maximum ? value : maximum) / 1000;
        }
    }
    return latency_maximum();
}

double latency_maximum(void) { return (double)maximum / 1000; }

/* Processor time of this process so far: on a small machine, what the generator takes the server lacks. */
static double processor_us(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

void print_results(FILE *file) {
    double processor = processor_us(); /* before the truth is computed, which no packet waits for */
    static const char *const modes[] = {"pap", "chap", "acct", "reconnect"};
    static const char *const faults[VERDICTS] = {"good", "wrong_code", "bad_length", "bad_attributes",
        "bad_authenticator", "bad_message_authenticator"};
    fprintf(file, "{\"mode\":\"%s\",\"loop\":\"%s\",\"outstanding\":%d,\"rate\":%d,\"seed\":%llu,", modes[options.mode],
            options.rate ? "open" : "closed", options.rate ? 0 : options.outstanding, options.rate,
            (unsigned long long)options.seed);
    fprintf(file, "\"sent\":%ld,\"answered\":%ld,\"lost\":%ld,\"refused\":%ld,\"resent\":%ld,\"stray\":%ld,",
            results.sent, results.answered, results.lost, results.refused, results.resent, results.stray);
    fprintf(file, "\"repeats\":%ld,\"repeats_answered\":%ld,\"repeats_lost\":%ld,\"answered_again\":%ld,",
            results.repeats, results.repeats_answered, results.repeats_lost, results.answered_again);
    fprintf(file, "\"with_message_authenticator\":%ld,\"faults\":{", results.with_message_authenticator);
    for (int i = 1; i < VERDICTS; i++)
        fprintf(file, "%s\"%s\":%ld", i > 1 ? "," : "", faults[i], results.verdicts[i]);
    double per_second = results.measured_seconds > 0 ? (double)results.measured / results.measured_seconds : 0;
    fprintf(file, "},\"measured\":%ld,\"seconds\":%.6f,\"per_second\":%.1f,", results.measured,
            results.measured_seconds, per_second);
    fprintf(file, "\"latency_us\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f},",
            latency_at(0.5), latency_at(0.9), latency_at(0.99), latency_at(0.999), latency_maximum());
    fprintf(file, "\"processor_us\":%.0f,", processor);
    fprintf(file, "\"first_packet_us\":%lld,\"last_answer_us\":%lld", (long long)results.first_packet_us,
            (long long)results.last_answer_us);
    if (options.mode == MODE_RECONNECT)
        fprintf(file, ",\"online\":%ld,\"without_address\":%ld,\"addresses_twice\":%ld", reconnect.online,
                reconnect.without_address, reconnect.addresses_twice);
    if (options.mode == MODE_ACCT || options.mode == MODE_RECONNECT) {
        FILE *list = NULL;
        if (options.truth && !(list = fopen(options.truth, "w"))) perror(options.truth);
        struct truth truth =
            options.mode == MODE_ACCT ? truth_of(options.from + results.sent, list) : truth_of_reconnect(list);
        if (list && fclose(list) != 0) perror(options.truth);
        fprintf(file, ",\"truth\":{\"prefix\":\"%s\",\"packets\":%ld,\"rows\":%ld,\"closed\":%ld,"
                      "\"input_octets\":%llu,\"output_octets\":%llu}",
                options.session_prefix, options.from + results.sent, truth.rows, truth.closed,
                (unsigned long long)truth.input, (unsigned long long)truth.output);
    }
    fputs("}\n", file);
}
