#include "broker/base/curl/curl_functions.h"

#include "broker/base/module.h"

extern const struct curl_functions curl_functions;

#define CURL_FUNCTION(name) .name = curl_##name,
MODULE_EXPORT const struct curl_functions curl_functions = {EACH_CURL_FUNCTION(CURL_FUNCTION)};
