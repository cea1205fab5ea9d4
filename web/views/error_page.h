/* The page for an error, which a browser shows in place of the JSON.
 * Ownership: the page is the caller's to free(); NULL when memory ran out.
 * Threads: any. */
#ifndef WEB_VIEWS_ERROR_PAGE_H
#define WEB_VIEWS_ERROR_PAGE_H

struct http_request;

/* A http_error_page of http.h: status, code and message as in the JSON, for the request's base path. */
char *error_page_render(const struct http_request *request, int status, const char *code, const char *message);

#endif
