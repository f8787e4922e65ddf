// libcurl's variadic functions with fixed types, so that Swift can call them.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

static inline CURLcode ccurl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

// libcurl copies the text.
static inline CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

// libcurl keeps the pointer: the list must outlive the transfer.
static inline CURLcode ccurl_set_headers(CURL *handle, struct curl_slist *list) {
    return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
}

// What a transfer calls, each with the context as its last argument; upload's functions only where it has a body.
static inline CURLcode ccurl_set_callbacks(CURL *handle, void *context, curl_write_callback body,
    curl_write_callback header, curl_read_callback upload, curl_seek_callback rewind) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, body);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, header);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_READFUNCTION, upload);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_READDATA, context);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, rewind);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_SEEKDATA, context);
    return code;
}

// What makes the sockets of a transfer, and may refuse to.
static inline CURLcode ccurl_set_opener(CURL *handle, void *context, curl_opensocket_callback open) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, context);
    return code;
}

// The octets of the address itself, which may be more than its declared type has.
static inline const void *ccurl_peer(const struct curl_sockaddr *address) { return &address->addr; }

static inline CURLMcode ccurl_multi_set_number(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline long ccurl_status(CURL *handle) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

// How many octets of requests have left, each head counted as far as it went.
static inline long ccurl_octets_asked(CURL *handle) {
    long octets = 0;
    curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &octets);
    return octets;
}

// The next transfer that has ended, and how; null where there is none.
static inline CURL *ccurl_next_ended(CURLM *multi, CURLcode *result) {
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(multi, &left); message; message = curl_multi_info_read(multi, &left))
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    return 0;
}

// Whom a mail goes to. libcurl keeps the pointer: the list must outlive the transfer.
static inline CURLcode ccurl_set_recipients(CURL *handle, struct curl_slist *list) {
    return curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, list);
}

// What a mail's transfer calls: for its octets, for each line that is said or heard, and about once a second.
static inline CURLcode ccurl_set_mail_callbacks(CURL *handle, void *context, curl_read_callback upload,
    curl_write_callback ignore, curl_debug_callback line, curl_xferinfo_callback tick) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_READFUNCTION, upload);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_READDATA, context);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, ignore);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, line);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_DEBUGDATA, context);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, tick);
    if (!code) code = curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context);
    return code;
}

// How many connections the last transfer had to make.
static inline long ccurl_new_connections(CURL *handle) {
    long count = 0;
    curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &count);
    return count;
}
