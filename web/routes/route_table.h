/* The routes of the server. A new one is a row in its handler's file, a line in web/routes/route_table.c and a
 * description in web/assets/openapi.json. */
#ifndef WEB_ROUTES_ROUTE_TABLE_H
#define WEB_ROUTES_ROUTE_TABLE_H

#include "web/http/route.h"

extern const struct route_table route_table;

#endif
