/* radius-load: what its parts share. One thread; nothing here is safe to share between threads. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { MAX_REQUEST = 384, MAX_NAME = 80, MAX_REPLY = 4096, MAX_NASES = 200, MAX_LANES = 256, BATCH = 64 };

enum mode { MODE_PAP, MODE_CHAP, MODE_ACCT, MODE_RECONNECT };

struct options {
    enum mode mode;
    const char *host, *secret, *user_prefix, *password_prefix, *session_prefix, *output, *truth;
    int port, acct_port, equipment, seconds, warm_up, outstanding, rate, tick_us, nases, lanes, users, timeout_ms, retries, repeat_percent, pace;
    bool realtime, in_turn;
    long count, from, sessions;
    uint64_t seed;
    uint8_t class_value[64];
    size_t class_length;
};

extern struct options options;

/* --- packets.c: requests and the proof of replies --- */

enum verdict { REPLY_GOOD, REPLY_WRONG_CODE, REPLY_BAD_LENGTH, REPLY_BAD_ATTRIBUTES, REPLY_BAD_AUTHENTICATOR,
    REPLY_BAD_MESSAGE_AUTHENTICATOR, VERDICTS };

/* Takes the secret and the seed from the options. */
void packets_prepare(void);
/* Writes request number `number` with `identifier` into `packet` (MAX_REQUEST octets); returns its length. */
size_t build_access_request(uint8_t *packet, uint8_t identifier, long number, int nas);
/* The login of one subscriber; `number` decides what looks random. */
size_t build_login(uint8_t *packet, uint8_t identifier, long number, long user, int nas);
/* What an Access-Accept gave to a subscriber. */
struct grant {
    uint32_t address; /* Framed-IP-Address; 0 without one */
    uint8_t class_length, class_value[64];
};
/* Of a reply that check_reply found good. */
struct grant grant_of(const uint8_t *reply);
/* The Start of a subscriber's session under that grant. */
size_t build_start(uint8_t *packet, uint8_t identifier, long user, int nas, const struct grant *grant);
size_t build_accounting_request(uint8_t *packet, uint8_t identifier, long number, int nas);
/* Checks length, attributes, Response Authenticator, Message-Authenticator where there is one, and the code, in this
 * order. `accounting` tells which code is right. The reply's octets may be changed. `has_message_authenticator` is set
 * only for a good reply. */
enum verdict check_reply(uint8_t *reply, size_t received, const uint8_t authenticator[16], bool accounting,
                         bool *has_message_authenticator);

/* --- sessions.c: the accounting stream, a pure function of seed and packet number --- */

enum { STAGES = 20 }; /* of each session: a Start, 18 interim updates, a Stop; that is 5 %, 90 %, 5 % */

struct accounting_step {
    long line;          /* which of the sessions that run side by side */
    int life;           /* how often the line has begun a session anew */
    int stage;          /* 0 Start, STAGES - 1 Stop */
    uint32_t seconds;   /* Acct-Session-Time */
    uint64_t input, output;
};

enum repeat { REPEAT_NONE, REPEAT_AT_ONCE, REPEAT_LATER };

void sessions_prepare(void);
struct accounting_step accounting_step(long number);
int accounting_nas(long number);
enum repeat accounting_repeat(long number);
/* The session's name, as Acct-Session-Id; returns its length. */
size_t session_name(char name[MAX_NAME], long line, int life);

struct truth {
    long rows, closed;
    uint64_t input, output;
};
/* What a table must hold once packets 0 ..< `end` were accounted; one line a session goes to `file` unless null:
 * name, user, input, output, closed (0 or 1), separated by tabs. */
struct truth truth_of(long end, FILE *file);

/* --- lanes.c: sockets and their identifiers --- */

enum slot_state { FREE, WAITING, HELD };

struct slot {
    uint64_t due, sent;
    uint8_t authenticator[16];
    uint16_t length;
    uint8_t state, tries, repeat;
    bool is_repeat; /* the first answer was counted already */
    uint32_t user;  /* in the mode reconnect */
};

/* A socket of one NAS address and port, connected to the server: 256 identifiers. */
struct lane {
    int socket, nas;
    bool accounting;
    uint8_t free[256], next_free; /* a ring: an identifier rests as long as possible before it is used again */
    int free_count;
    struct slot slots[256];
    uint8_t packets[256][MAX_REQUEST];
};

extern struct lane *lanes;
extern int lane_count;

void open_lanes(void);
uint8_t take_identifier(struct lane *lane);
void release(struct lane *lane, uint8_t identifier);
/* Adds one copy of a request to the batch of its lane, which holds BATCH at most; send_added sends them in one call. */
void add_to_batch(struct lane *lane, uint8_t identifier);
void send_added(struct lane *lane);
/* Sends the request of a slot once more. */
void send_again(struct lane *lane, struct slot *slot, uint64_t now);
/* Looks for answers that did not come in time: sends again as often as the options say, then hands the identifier to
 * `give_up`, which releases it. */
void sweep_lanes(uint64_t now, void (*give_up)(struct lane *lane, uint8_t identifier));
/* Waits until a lane has an answer, or until `until`; returns how many have. */
int lanes_answered(uint64_t until);
/* Hands each reply that waits at the `index`-th of these lanes to `take`, with the instant at which it arrived. */
void receive_from(int index, void (*take)(struct lane *lane, uint8_t *reply, size_t length, uint64_t arrived));

uint64_t clock_ns(int clock);
uint64_t now_ns(void);
/* Ends the program for what the machine refuses: errno says why. */
void die(const char *what);

/* --- loop.c: what is sent when, and what comes of it --- */

struct results {
    long sent, answered, lost, refused, resent, repeats, repeats_answered, repeats_lost, answered_again, stray;
    long measured, with_message_authenticator, verdicts[VERDICTS];
    double measured_seconds;
    int64_t first_packet_us, last_answer_us; /* since 1970 */
};
extern struct results results;

/* Runs the load to its end. Exits on what the machine refuses. */
void run_load(void);

/* --- reconnect.c: every subscriber comes back at once --- */

struct reconnect {
    long online, without_address, addresses_twice;
};
extern struct reconnect reconnect;

/* Logs every subscriber in and starts its session; returns when each is online or was given up. */
void run_reconnect(uint64_t began);
/* As truth_of: an open session of each that is online. */
struct truth truth_of_reconnect(FILE *file);

/* --- results.c --- */

void record_latency(uint64_t nanoseconds);
/* The latency that `share` of the answers did not exceed, in microseconds, to within 1 %. */
double latency_at(double share);
double latency_maximum(void);
void print_results(FILE *file);

/* Appends a number with at least so many digits; returns the new length. Cheaper than printf, which would cost more than
 * the digests. */
static inline size_t append_number(char *text, size_t length, long number, size_t digits) {
    size_t needed = 1;
    for (long rest = number; rest >= 10; rest /= 10) needed++;
    if (needed < digits) needed = digits;
    for (size_t end = length + needed; end > length; number /= 10) text[--end] = (char)('0' + number % 10);
    return length + needed;
}

/* A number that looks random and depends on its input alone (splitmix64's finaliser). */
static inline uint64_t scramble(uint64_t value) {
    value += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

#endif
