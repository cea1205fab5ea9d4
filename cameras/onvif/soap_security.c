#define _DEFAULT_SOURCE /* getentropy */
#include "cameras/onvif/soap_security.h"

#include "broker/base/clock.h"

#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#define OASIS "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
#define SHA1_BYTES 20

enum err soap_digest(const uint8_t *nonce, size_t nonce_bytes, const char *created, const char *password,
                     char digest[SOAP_DIGEST_TEXT_BYTES]) {
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned hash_bytes = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const int done = context != NULL && EVP_DigestInit_ex(context, EVP_sha1(), NULL) == 1 &&
                     EVP_DigestUpdate(context, nonce, nonce_bytes) == 1 &&
                     EVP_DigestUpdate(context, created, strlen(created)) == 1 &&
                     EVP_DigestUpdate(context, password, strlen(password)) == 1 &&
                     EVP_DigestFinal_ex(context, hash, &hash_bytes) == 1;
    EVP_MD_CTX_free(context);
    if (!done || hash_bytes != SHA1_BYTES) {
        return ERR_IO;
    }
    EVP_EncodeBlock((unsigned char *)digest, hash, SHA1_BYTES);
    return ERR_OK;
}

void soap_write_text(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        case '"': fputs("&quot;", out); break;
        default: putc(*text, out);
        }
    }
}

enum err soap_write_security(FILE *out, const struct onvif_login *login, int64_t at_ns) {
    uint8_t nonce[SOAP_NONCE_BYTES];
    char nonce_text[4 * (SOAP_NONCE_BYTES + 2) / 3 + 1], created[CLOCK_TEXT_BYTES], digest[SOAP_DIGEST_TEXT_BYTES];
    if (getentropy(nonce, sizeof nonce) != 0) {
        return ERR_IO;
    }
    EVP_EncodeBlock((unsigned char *)nonce_text, nonce, sizeof nonce);
    clock_format_utc(at_ns, 0, created);
    enum err error = soap_digest(nonce, sizeof nonce, created, login->password, digest);
    if (error != ERR_OK) {
        return error;
    }
    fputs("<Security s:mustUnderstand=\"1\" xmlns=\"" OASIS "wssecurity-secext-1.0.xsd\"><UsernameToken><Username>",
          out);
    soap_write_text(out, login->username);
    fprintf(out,
            "</Username><Password Type=\"" OASIS "username-token-profile-1.0#PasswordDigest\">%s</Password>"
            "<Nonce EncodingType=\"" OASIS "soap-message-security-1.0#Base64Binary\">%s</Nonce>"
            "<Created xmlns=\"" OASIS "wssecurity-utility-1.0.xsd\">%s</Created></UsernameToken></Security>",
            digest, nonce_text, created);
    return ERR_OK;
}
