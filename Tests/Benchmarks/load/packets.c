/* RADIUS requests, and the proof that a reply is genuine (RFC 2865, 2866, 2869, 3579).
 *
 * MD5's low-level functions are used on purpose: their contexts can be copied as plain values, so that the state after
 * the secret is computed once, and they cost a third of the general interface. */
#include "load.h"

#include <openssl/md5.h>
#include <string.h>

enum { ACCESS_REQUEST = 1, ACCESS_ACCEPT = 2, ACCOUNTING_REQUEST = 4, ACCOUNTING_RESPONSE = 5 };
enum { USER_NAME = 1, USER_PASSWORD = 2, CHAP_PASSWORD = 3, NAS_IP_ADDRESS = 4, NAS_PORT = 5, SERVICE_TYPE = 6,
    FRAMED_PROTOCOL = 7, FRAMED_IP_ADDRESS = 8, CLASS = 25, CALLED_STATION_ID = 30, CALLING_STATION_ID = 31,
    ACCT_STATUS_TYPE = 40, ACCT_DELAY_TIME = 41, ACCT_INPUT_OCTETS = 42, ACCT_OUTPUT_OCTETS = 43, ACCT_SESSION_ID = 44,
    ACCT_AUTHENTIC = 45, ACCT_SESSION_TIME = 46, ACCT_INPUT_PACKETS = 47, ACCT_OUTPUT_PACKETS = 48,
    ACCT_TERMINATE_CAUSE = 49, ACCT_INPUT_GIGAWORDS = 52, ACCT_OUTPUT_GIGAWORDS = 53, NAS_PORT_TYPE = 61,
    MESSAGE_AUTHENTICATOR = 80 };

static const uint8_t *secret;
static size_t secret_length;
static MD5_CTX after_secret, hmac_inner, hmac_outer;

void packets_prepare(void) {
    uint8_t key[64] = {0}, pad[64];
    secret = (const uint8_t *)options.secret;
    secret_length = strlen(options.secret);
    MD5_Init(&after_secret);
    MD5_Update(&after_secret, secret, secret_length);
    if (secret_length > sizeof key) MD5(secret, secret_length, key);
    else memcpy(key, secret, secret_length);
    for (size_t i = 0; i < sizeof pad; i++) pad[i] = key[i] ^ 0x36;
    MD5_Init(&hmac_inner);
    MD5_Update(&hmac_inner, pad, sizeof pad);
    for (size_t i = 0; i < sizeof pad; i++) pad[i] = key[i] ^ 0x5c;
    MD5_Init(&hmac_outer);
    MD5_Update(&hmac_outer, pad, sizeof pad);
}

static void hmac(const uint8_t *bytes, size_t length, uint8_t out[16]) {
    MD5_CTX context = hmac_inner;
    MD5_Update(&context, bytes, length);
    MD5_Final(out, &context);
    context = hmac_outer;
    MD5_Update(&context, out, 16);
    MD5_Final(out, &context);
}

/* --- attributes --- */

static uint8_t *put(uint8_t *at, uint8_t type, const void *value, size_t length) {
    at[0] = type;
    at[1] = (uint8_t)(length + 2);
    memcpy(at + 2, value, length);
    return at + 2 + length;
}

static uint8_t *put_number(uint8_t *at, uint8_t type, uint32_t value) {
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    return put(at, type, bytes, 4);
}

static size_t numbered(char *text, const char *prefix, long number) {
    size_t length = strlen(prefix);
    memcpy(text, prefix, length);
    return append_number(text, length, number, 6);
}

static uint8_t *put_user(uint8_t *at, long user) {
    char name[64];
    return put(at, USER_NAME, name, numbered(name, options.user_prefix, user));
}

/* What a PPPoE concentrator says about the port and the subscriber's equipment. */
static uint8_t *put_port(uint8_t *at, long user, int nas) {
    static const char digits[] = "0123456789ABCDEF";
    char mac[] = "02-00-00-00-00-00";
    for (int i = 0; i < 2; i++) mac[3 + i] = digits[(options.equipment >> (4 - 4 * i)) & 15];
    for (int i = 0; i < 8; i++) mac[6 + i / 2 * 3 + i % 2] = digits[(user >> (28 - 4 * i)) & 15];
    at = put_number(at, NAS_IP_ADDRESS, 0x7f000101u + (uint32_t)nas);
    at = put_number(at, NAS_PORT, (uint32_t)user);
    at = put_number(at, NAS_PORT_TYPE, 15); /* Ethernet */
    at = put_number(at, SERVICE_TYPE, 2);   /* Framed */
    at = put_number(at, FRAMED_PROTOCOL, 1);
    return put(at, CALLING_STATION_ID, mac, sizeof mac - 1);
}

static size_t finish(uint8_t *packet, const uint8_t *end) {
    size_t length = (size_t)(end - packet);
    packet[2] = (uint8_t)(length >> 8);
    packet[3] = (uint8_t)length;
    return length;
}

/* --- requests --- */

static uint8_t *put_pap(uint8_t *at, const uint8_t *authenticator, const char *password, size_t length) {
    uint8_t hidden[128] = {0}, mask[16];
    size_t padded = length ? (length + 15) / 16 * 16 : 16;
    memcpy(hidden, password, length);
    for (size_t block = 0; block < padded; block += 16) {
        MD5_CTX context = after_secret;
        MD5_Update(&context, block ? hidden + block - 16 : authenticator, 16);
        MD5_Final(mask, &context);
        for (size_t i = 0; i < 16; i++) hidden[block + i] ^= mask[i];
    }
    return put(at, USER_PASSWORD, hidden, padded);
}

/* CHAP with the Request Authenticator as challenge (RFC 2865 §2.2). */
static uint8_t *put_chap(uint8_t *at, const uint8_t *authenticator, uint8_t chap_identifier, const char *password,
                         size_t length) {
    uint8_t value[17] = {chap_identifier};
    MD5_CTX context;
    MD5_Init(&context);
    MD5_Update(&context, value, 1);
    MD5_Update(&context, password, length);
    MD5_Update(&context, authenticator, 16);
    MD5_Final(value + 1, &context);
    return put(at, CHAP_PASSWORD, value, sizeof value);
}

/* What looks random of a request. */
static uint64_t random_of(long number, int which) {
    return scramble(options.seed + (uint64_t)number * 3 + (uint64_t)which);
}

size_t build_access_request(uint8_t *packet, uint8_t identifier, long number, int nas) {
    uint64_t choice = options.in_turn ? (uint64_t)number : random_of(number, 2);
    return build_login(packet, identifier, number, (long)(choice % (uint64_t)options.users), nas);
}

size_t build_login(uint8_t *packet, uint8_t identifier, long number, long user, int nas) {
    static const uint8_t zeros[16];
    char password[64];
    uint64_t random[2];
    for (int i = 0; i < 2; i++) random[i] = random_of(number, i);
    size_t password_length = numbered(password, options.password_prefix, user);

    packet[0] = ACCESS_REQUEST;
    packet[1] = identifier;
    memcpy(packet + 4, random, 16);
    uint8_t *at = put(packet + 20, MESSAGE_AUTHENTICATOR, zeros, 16);
    at = put_user(at, user);
    if (options.mode == MODE_CHAP) at = put_chap(at, packet + 4, identifier, password, password_length);
    else at = put_pap(at, packet + 4, password, password_length);
    size_t length = finish(packet, put_port(at, user, nas));
    hmac(packet, length, packet + 22);
    return length;
}

static uint8_t *begin_accounting(uint8_t *packet, uint8_t identifier, uint32_t status) {
    packet[0] = ACCOUNTING_REQUEST;
    packet[1] = identifier;
    memset(packet + 4, 0, 16);
    return put_number(packet + 20, ACCT_STATUS_TYPE, status);
}

static size_t finish_accounting(uint8_t *packet, const uint8_t *end) {
    size_t length = finish(packet, end);
    MD5_CTX context;
    MD5_Init(&context);
    MD5_Update(&context, packet, length);
    MD5_Update(&context, secret, secret_length);
    MD5_Final(packet + 4, &context);
    return length;
}

size_t build_accounting_request(uint8_t *packet, uint8_t identifier, long number, int nas) {
    struct accounting_step step = accounting_step(number);
    bool is_start = step.stage == 0, is_stop = step.stage == STAGES - 1;
    char name[MAX_NAME];

    uint8_t *at = begin_accounting(packet, identifier, is_start ? 1 : is_stop ? 2 : 3);
    at = put(at, ACCT_SESSION_ID, name, session_name(name, step.line, step.life));
    at = put_user(at, step.line);
    at = put_port(at, step.line, nas);
    at = put(at, CALLED_STATION_ID, "bench", 5);
    at = put_number(at, FRAMED_IP_ADDRESS, 0x0a000000u + (uint32_t)step.line);
    at = put_number(at, ACCT_AUTHENTIC, 1); /* RADIUS */
    at = put_number(at, ACCT_DELAY_TIME, 0);
    if (!is_start) {
        at = put_number(at, ACCT_SESSION_TIME, step.seconds);
        at = put_number(at, ACCT_INPUT_OCTETS, (uint32_t)step.input);
        at = put_number(at, ACCT_OUTPUT_OCTETS, (uint32_t)step.output);
        at = put_number(at, ACCT_INPUT_GIGAWORDS, (uint32_t)(step.input >> 32));
        at = put_number(at, ACCT_OUTPUT_GIGAWORDS, (uint32_t)(step.output >> 32));
        at = put_number(at, ACCT_INPUT_PACKETS, (uint32_t)(step.input / 500));
        at = put_number(at, ACCT_OUTPUT_PACKETS, (uint32_t)(step.output / 1200));
    }
    if (is_stop) at = put_number(at, ACCT_TERMINATE_CAUSE, 1); /* User-Request */
    if (options.class_length) at = put(at, CLASS, options.class_value, options.class_length);
    return finish_accounting(packet, at);
}

size_t build_start(uint8_t *packet, uint8_t identifier, long user, int nas, const struct grant *grant) {
    char name[MAX_NAME];
    uint8_t *at = begin_accounting(packet, identifier, 1);
    at = put(at, ACCT_SESSION_ID, name, session_name(name, user, 0));
    at = put_user(at, user);
    at = put_port(at, user, nas);
    if (grant->address) at = put_number(at, FRAMED_IP_ADDRESS, grant->address);
    at = put_number(at, ACCT_AUTHENTIC, 1); /* RADIUS */
    at = put_number(at, ACCT_DELAY_TIME, 0);
    if (grant->class_length) at = put(at, CLASS, grant->class_value, grant->class_length);
    return finish_accounting(packet, at);
}

/* --- replies --- */

/* The value of the one Message-Authenticator; null without one. `valid` tells whether the attributes fill the packet
 * exactly and hold at most one of 16 octets. */
static uint8_t *find_message_authenticator(uint8_t *reply, size_t length, bool *valid) {
    uint8_t *found = NULL;
    size_t at = 20;
    *valid = false;
    while (at < length) {
        if (length - at < 2 || reply[at + 1] < 2 || reply[at + 1] > length - at) return NULL;
        if (reply[at] == MESSAGE_AUTHENTICATOR) {
            if (found || reply[at + 1] != 18) return NULL;
            found = reply + at + 2;
        }
        at += reply[at + 1];
    }
    *valid = true;
    return found;
}

enum verdict check_reply(uint8_t *reply, size_t received, const uint8_t authenticator[16], bool accounting,
                         bool *has_message_authenticator) {
    if (received < 20) return REPLY_BAD_LENGTH;
    size_t length = (size_t)reply[2] << 8 | reply[3];
    if (length < 20 || length > received || length > MAX_REPLY) return REPLY_BAD_LENGTH;
    bool valid;
    uint8_t *proof = find_message_authenticator(reply, length, &valid);
    if (!valid) return REPLY_BAD_ATTRIBUTES;

    uint8_t given[16], expected[16];
    memcpy(given, reply + 4, 16);
    memcpy(reply + 4, authenticator, 16);
    MD5_CTX context;
    MD5_Init(&context);
    MD5_Update(&context, reply, length);
    MD5_Update(&context, secret, secret_length);
    MD5_Final(expected, &context);
    if (memcmp(given, expected, 16) != 0) return REPLY_BAD_AUTHENTICATOR;

    if (proof) {
        memcpy(given, proof, 16);
        memset(proof, 0, 16);
        hmac(reply, length, expected);
        if (memcmp(given, expected, 16) != 0) return REPLY_BAD_MESSAGE_AUTHENTICATOR;
    }
    if (reply[0] != (accounting ? ACCOUNTING_RESPONSE : ACCESS_ACCEPT)) return REPLY_WRONG_CODE;
    *has_message_authenticator = proof != NULL;
    return REPLY_GOOD;
}

struct grant grant_of(const uint8_t *reply) {
    struct grant grant = {0};
    size_t length = (size_t)reply[2] << 8 | reply[3];
    for (size_t at = 20; at < length; at += reply[at + 1]) {
        const uint8_t *value = reply + at + 2;
        size_t size = (size_t)reply[at + 1] - 2;
        if (reply[at] == FRAMED_IP_ADDRESS && size == 4)
            grant.address = (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 | (uint32_t)value[2] << 8 | value[3];
        if (reply[at] == CLASS && size <= sizeof grant.class_value) {
            grant.class_length = (uint8_t)size;
            memcpy(grant.class_value, value, size);
        }
    }
    return grant;
}
