/* radius-load: a RADIUS load generator. See README.md one folder up.
 *
 * Exit status: 0 when every request got a right answer, 1 when not, 2 when it could not run. */
#include "load.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

struct options options = {.mode = MODE_PAP, .host = "127.0.0.1", .user_prefix = "u", .password_prefix = "secret",
    .session_prefix = "s", .seconds = 5, .outstanding = 64, .nases = 100, .users = 1000, .timeout_ms = 2000,
    .sessions = 100000, .pace = 5, .seed = 1};

static const char help[] =
    "usage: radius-load --mode pap|chap|acct|reconnect --port PORT [OPTION...]\n"
    "  --host ADDRESS         IPv4 address of the server; default 127.0.0.1\n"
    "  --secret TEXT          the shared secret; default the environment's RADIUS_SECRET\n"
    "load\n"
    "  -w, --outstanding N    closed loop: keep N requests outstanding; default 64\n"
    "  -r, --rate N           open loop: N requests a second, timed from when each was due\n"
    "  -t, --seconds N        how long to measure; default 5\n"
    "  -W, --warm-up N        seconds before that are not measured; default 0\n"
    "  -n, --count N          so many requests instead, all of them measured\n"
    "  --tick US              send and look for answers only so often; default 0, which is at once\n"
    "  --realtime             run before all others on its core (SCHED_FIFO), which needs a privilege\n"
    "  --timeout MS           an answer is awaited this long; default 2000\n"
    "  --retries N            then the request is sent again so often; default 0\n"
    "  --nases N              NASes, from the addresses 127.0.1.1 up; default 100\n"
    "  --lanes N              sockets for pap and chap; default one to 128 outstanding (acct: one a NAS)\n"
    "  --seed N               decides everything that looks random; default 1\n"
    "logins\n"
    "  --users N              subscribers 0 ..< N, by six digits; default 1000\n"
    "  --user-prefix TEXT     what stands before the digits in User-Name; default u\n"
    "  --password-prefix TEXT the same in the password; default secret\n"
    "  --in-turn              subscriber after subscriber instead of any\n"
    "  --equipment N          of several sets of devices that subscribers log on with, 0 to 255; default 0\n"
    "reconnect: every subscriber logs in and starts a session, each NAS its share of them\n"
    "  --acct-port PORT       the server's port for accounting\n"
    "accounting\n"
    "  --sessions N           sessions side by side, a multiple of 20; default 100000\n"
    "  --from N               number of the first packet of the stream; default 0\n"
    "  --session-prefix TEXT  what stands before the number in Acct-Session-Id; default s\n"
    "  --repeats PERCENT      exact retransmissions, 0 to 100; default 0\n"
    "  --pace SECONDS         how much older a session is at its next visit; default 5\n"
    "  --class HEX            a Class to send in every request\n"
    "  --truth FILE           writes what each session must come to: name, user, input, output, closed\n"
    "  -o, --output FILE      the results as JSON; default standard output\n";

enum { HOST = 256, PORT, SECRET, TIMEOUT, RETRIES, NASES, LANES, SEED, USERS, USER_PREFIX, PASSWORD_PREFIX, SESSIONS,
    FROM, SESSION_PREFIX, REPEATS, PACE, CLASS_HEX, TRUTH, TICK, REALTIME, IN_TURN, EQUIPMENT, ACCT_PORT };

static const struct option long_options[] = {
    {"mode", required_argument, NULL, 'm'}, {"host", required_argument, NULL, HOST},
    {"port", required_argument, NULL, PORT}, {"secret", required_argument, NULL, SECRET},
    {"outstanding", required_argument, NULL, 'w'}, {"rate", required_argument, NULL, 'r'},
    {"seconds", required_argument, NULL, 't'}, {"warm-up", required_argument, NULL, 'W'},
    {"count", required_argument, NULL, 'n'}, {"timeout", required_argument, NULL, TIMEOUT},
    {"retries", required_argument, NULL, RETRIES}, {"nases", required_argument, NULL, NASES},
    {"lanes", required_argument, NULL, LANES}, {"seed", required_argument, NULL, SEED},
    {"users", required_argument, NULL, USERS}, {"user-prefix", required_argument, NULL, USER_PREFIX},
    {"password-prefix", required_argument, NULL, PASSWORD_PREFIX}, {"sessions", required_argument, NULL, SESSIONS},
    {"from", required_argument, NULL, FROM}, {"session-prefix", required_argument, NULL, SESSION_PREFIX},
    {"repeats", required_argument, NULL, REPEATS}, {"pace", required_argument, NULL, PACE},
    {"tick", required_argument, NULL, TICK}, {"realtime", no_argument, NULL, REALTIME},
    {"in-turn", no_argument, NULL, IN_TURN}, {"equipment", required_argument, NULL, EQUIPMENT},
    {"acct-port", required_argument, NULL, ACCT_PORT}, {"class", required_argument, NULL, CLASS_HEX}, {"truth", required_argument, NULL, TRUTH},
    {"output", required_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'}, {0}};

static void refuse(const char *what, const char *allowed) {
    fprintf(stderr, "radius-load: %s: %s\nradius-load --help tells more\n", what, allowed);
    exit(2);
}

static long whole(const char *name, long minimum, long maximum) {
    char *end, allowed[64];
    long value = strtol(optarg, &end, 10);
    if (end == optarg || *end || value < minimum || value > maximum) {
        snprintf(allowed, sizeof allowed, "a whole number from %ld to %ld", minimum, maximum);
        refuse(name, allowed);
    }
    return value;
}

/* A prefix that leaves room for its number in every buffer and attribute. */
static const char *prefix(const char *name) {
    if (strlen(optarg) > 40) refuse(name, "at most 40 octets");
    return optarg;
}

static void set_mode(void) {
    if (strcmp(optarg, "pap") == 0) options.mode = MODE_PAP;
    else if (strcmp(optarg, "chap") == 0) options.mode = MODE_CHAP;
    else if (strcmp(optarg, "acct") == 0) options.mode = MODE_ACCT;
    else if (strcmp(optarg, "reconnect") == 0) options.mode = MODE_RECONNECT;
    else refuse("--mode", "pap, chap, acct or reconnect");
}

static void set_class(void) {
    size_t length = strlen(optarg);
    if (length % 2 || length > 2 * sizeof options.class_value || strspn(optarg, "0123456789abcdefABCDEF") != length)
        refuse("--class", "up to 64 octets in hexadecimal");
    options.class_length = length / 2;
    for (size_t i = 0; i < options.class_length; i++) sscanf(optarg + 2 * i, "%2hhx", &options.class_value[i]);
}

static void set(int option) {
    switch (option) {
    case 'm': set_mode(); break;
    case HOST: options.host = optarg; break;
    case PORT: options.port = (int)whole("--port", 1, 65535); break;
    case SECRET: options.secret = optarg; break;
    case 'w': options.outstanding = (int)whole("--outstanding", 1, MAX_LANES * 128); break;
    case 'r': options.rate = (int)whole("--rate", 1, 10000000); break;
    case 't': options.seconds = (int)whole("--seconds", 1, 86400); break;
    case 'W': options.warm_up = (int)whole("--warm-up", 0, 3600); break;
    case 'n': options.count = whole("--count", 1, 1000000000); break;
    case TICK: options.tick_us = (int)whole("--tick", 0, 100000); break;
    case REALTIME: options.realtime = true; break;
    case IN_TURN: options.in_turn = true; break;
    case EQUIPMENT: options.equipment = (int)whole("--equipment", 0, 255); break;
    case ACCT_PORT: options.acct_port = (int)whole("--acct-port", 1, 65535); break;
    case TIMEOUT: options.timeout_ms = (int)whole("--timeout", 10, 60000); break;
    case RETRIES: options.retries = (int)whole("--retries", 0, 200); break;
    case NASES: options.nases = (int)whole("--nases", 1, MAX_NASES); break;
    case LANES: options.lanes = (int)whole("--lanes", 1, MAX_LANES); break;
    case SEED: options.seed = (uint64_t)whole("--seed", 0, INT64_MAX); break;
    case USERS: options.users = (int)whole("--users", 1, 1000000); break;
    case USER_PREFIX: options.user_prefix = prefix("--user-prefix"); break;
    case PASSWORD_PREFIX: options.password_prefix = prefix("--password-prefix"); break;
    case SESSIONS: options.sessions = whole("--sessions", 20, 1000000); break;
    case FROM: options.from = whole("--from", 0, 1000000000); break;
    case SESSION_PREFIX: options.session_prefix = prefix("--session-prefix"); break;
    case REPEATS: options.repeat_percent = (int)whole("--repeats", 0, 100); break;
    case PACE: options.pace = (int)whole("--pace", 1, 3600); break;
    case CLASS_HEX: set_class(); break;
    case TRUTH: options.truth = optarg; break;
    case 'o': options.output = optarg; break;
    case 'h': fputs(help, stdout); exit(0);
    default: fputs(help, stderr); exit(2);
    }
}

static void complete(void) {
    struct in_addr address;
    if (!options.port) refuse("--port", "the server's port is needed");
    if (!options.secret) options.secret = getenv("RADIUS_SECRET");
    if (!options.secret || !*options.secret) refuse("--secret", "needed, or RADIUS_SECRET in the environment");
    if (inet_pton(AF_INET, options.host, &address) != 1) refuse("--host", "an IPv4 address");
    if (options.sessions % 20) refuse("--sessions", "a multiple of 20");
    /* Half of the identifiers stay free, so that a late answer meets no new request. */
    int needed = options.rate ? 32 : (options.outstanding + 127) / 128;
    if (options.mode == MODE_RECONNECT) {
        if (!options.acct_port) refuse("--acct-port", "the server's port for accounting is needed");
        if (options.rate) refuse("--rate", "not with reconnect, which goes as fast as --outstanding allows");
        if (2 * options.nases > MAX_LANES) refuse("--nases", "at most 128 with reconnect");
        if (options.outstanding < options.nases) refuse("--outstanding", "one for each NAS at least");
        options.lanes = 2 * options.nases;
        options.count = options.users;
    } else if (options.mode == MODE_ACCT) options.lanes = options.nases;
    else if (!options.lanes) options.lanes = needed;
    if (options.lanes < needed && !options.rate) refuse("--lanes", "too few for so many outstanding: 128 go to each");
}

int main(int argc, char **argv) {
    int option;
    while ((option = getopt_long(argc, argv, "m:w:r:t:W:n:o:h", long_options, NULL)) != -1) set(option);
    if (optind < argc) refuse(argv[optind], "no argument is expected");
    complete();
    packets_prepare();
    if (options.mode == MODE_ACCT) sessions_prepare();
    run_load();
    FILE *file = options.output ? fopen(options.output, "w") : stdout;
    if (!file) {
        perror(options.output);
        return 2;
    }
    print_results(file);
    if (fclose(file) != 0) {
        perror("radius-load: writing the results");
        return 2;
    }
    bool all_good = results.verdicts[REPLY_GOOD] == results.answered + results.repeats_answered;
    if (options.mode == MODE_RECONNECT) all_good = all_good && reconnect.online == options.users && !reconnect.addresses_twice;
    return results.answered == results.sent && results.repeats_lost == 0 && all_good ? 0 : 1;
}
