/* /api/openapi.json: the description of all routes, for programs (OpenAPI 3.1), from web/assets/openapi.json.
 * Ownership: the text is the caller's to free(); NULL when memory ran out.
 * Threads: any. */
#ifndef WEB_VIEWS_OPENAPI_H
#define WEB_VIEWS_OPENAPI_H

/* base_path: what every address begins with; "" at the root. */
char *openapi_render(const char *base_path);

#endif
