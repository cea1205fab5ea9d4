/* The functions of libcurl that the program calls, in a table that the module "curl" fills. libcurl brings two dozen
 * libraries along, which nothing but hooks and network cameras needs. */
#ifndef BROKER_BASE_CURL_CURL_FUNCTIONS_H
#define BROKER_BASE_CURL_CURL_FUNCTIONS_H

#include <curl/curl.h>

/* Each is libcurl's function of that name behind "curl_". */
#define EACH_CURL_FUNCTION(FUNCTION)                                                                                   \
    FUNCTION(global_init)                                                                                              \
    FUNCTION(free)                                                                                                     \
    FUNCTION(easy_init)                                                                                                \
    FUNCTION(easy_cleanup)                                                                                             \
    FUNCTION(easy_setopt)                                                                                              \
    FUNCTION(easy_getinfo)                                                                                             \
    FUNCTION(easy_header)                                                                                              \
    FUNCTION(easy_pause)                                                                                               \
    FUNCTION(easy_perform)                                                                                             \
    FUNCTION(easy_strerror)                                                                                            \
    FUNCTION(multi_init)                                                                                               \
    FUNCTION(multi_cleanup)                                                                                            \
    FUNCTION(multi_add_handle)                                                                                         \
    FUNCTION(multi_remove_handle)                                                                                      \
    FUNCTION(multi_perform)                                                                                            \
    FUNCTION(multi_poll)                                                                                               \
    FUNCTION(multi_info_read)                                                                                          \
    FUNCTION(slist_append)                                                                                             \
    FUNCTION(slist_free_all)                                                                                           \
    FUNCTION(url)                                                                                                      \
    FUNCTION(url_cleanup)                                                                                              \
    FUNCTION(url_get)                                                                                                  \
    FUNCTION(url_set)

struct curl_functions {
#define DECLARE_CURL_FUNCTION(name) __typeof__(curl_##name) *name;
    EACH_CURL_FUNCTION(DECLARE_CURL_FUNCTION)
#undef DECLARE_CURL_FUNCTION
};
#define CURL_MODULE_TABLE "curl_functions"

#endif
