// libssl, with its macros as functions that Swift can call.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <openssl/x509_vfy.h>

static inline int ctls_minimum_version(SSL_CTX *context) {
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
}

static inline int ctls_server_name(SSL *session, const char *name) {
    return SSL_set_tlsext_host_name(session, name) == 1;
}

// The SHA-256 of the peer's certificate as it was sent. 1 where there is one.
static inline int ctls_peer_fingerprint(SSL *session, unsigned char *digest) {
    X509 *certificate = SSL_get1_peer_certificate(session);
    if (!certificate) return 0;
    unsigned int length = 0;
    int made = X509_digest(certificate, EVP_sha256(), digest, &length) == 1 && length == 32;
    X509_free(certificate);
    return made;
}

// The newest of the thread's errors in OpenSSL's own words; null where there is none. Forgets them all.
static inline const char *ctls_reason(void) {
    unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    return code ? ERR_reason_error_string(code) : 0;
}
