#include "cameras/onvif/soap_reader.h"

#include <expat.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64
#define SPACE " \t\r\n"
/* Stands in no name. */
#define SEPARATOR '\n'

struct level {
    char name[NAME_MAX_BYTES];
    char token[SOAP_TOKEN_MAX_BYTES];
};

struct soap_reader {
    XML_Parser parser;
    soap_visit *visit;
    void *user;
    unsigned depth; /* levels in use, from 1; 0: the document */
    struct level levels[SOAP_DEPTH_MAX + 1];
    size_t text_bytes;
    char text[SOAP_TEXT_MAX_BYTES];
    const char *fault; /* NULL: none but what expat finds */
};

static void refuse(struct soap_reader *reader, const char *fault) {
    reader->fault = fault;
    XML_StopParser(reader->parser, XML_FALSE);
}

/* A name that is too long is none that anybody looks for. */
static void copy_name(char name[NAME_MAX_BYTES], const XML_Char *expanded) {
    const char *local = strrchr(expanded, SEPARATOR);
    snprintf(name, NAME_MAX_BYTES, "%s", local != NULL ? local + 1 : expanded);
}

static void XMLCALL begin_element(void *user, const XML_Char *name, const XML_Char **attributes) {
    struct soap_reader *reader = user;
    if (reader->depth == SOAP_DEPTH_MAX) {
        refuse(reader, "nested too deep");
        return;
    }
    struct level *level = &reader->levels[++reader->depth];
    copy_name(level->name, name);
    level->token[0] = '\0';
    for (size_t i = 0; attributes[i] != NULL; i += 2) {
        if (strcmp(attributes[i], "token") == 0 && strlen(attributes[i + 1]) < sizeof level->token) {
            snprintf(level->token, sizeof level->token, "%s", attributes[i + 1]);
        }
    }
    reader->text_bytes = 0;
}

static void XMLCALL end_element(void *user, const XML_Char *name) {
    struct soap_reader *reader = user;
    (void)name;
    if (reader->fault != NULL) {
        return; /* expat still ends an empty element */
    }
    while (reader->text_bytes > 0 && strchr(SPACE, reader->text[reader->text_bytes - 1]) != NULL) {
        reader->text_bytes--;
    }
    reader->text[reader->text_bytes] = '\0';
    const struct level *level = &reader->levels[reader->depth--];
    reader->visit(reader->user, &(struct soap_element){.name = level->name,
                                                       .parent = level[-1].name,
                                                       .token = level->token,
                                                       .text = reader->text + strspn(reader->text, SPACE)});
    reader->text_bytes = 0;
}

static void XMLCALL take_text(void *user, const XML_Char *text, int count) {
    struct soap_reader *reader = user;
    if ((size_t)count >= SOAP_TEXT_MAX_BYTES - reader->text_bytes) {
        refuse(reader, "a text is too long");
        return;
    }
    memcpy(reader->text + reader->text_bytes, text, (size_t)count);
    reader->text_bytes += (size_t)count;
}

static void XMLCALL refuse_document_type(void *user, const XML_Char *name, const XML_Char *system_id,
                                         const XML_Char *public_id, int has_internal_subset) {
    (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
    refuse(user, "it has a document type declaration, which SOAP forbids");
}

enum err soap_read(const char *bytes, size_t count, soap_visit *visit, void *user, struct reason *reason) {
    struct soap_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL || (reader->parser = XML_ParserCreateNS(NULL, SEPARATOR)) == NULL) {
        free(reader);
        return ERR_MEMORY;
    }
    reader->visit = visit;
    reader->user = user;
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, begin_element, end_element);
    XML_SetCharacterDataHandler(reader->parser, take_text);
    XML_SetStartDoctypeDeclHandler(reader->parser, refuse_document_type);
    enum err error = ERR_OK;
    if (count > INT_MAX || XML_Parse(reader->parser, bytes, (int)count, XML_TRUE) != XML_STATUS_OK) {
        const enum XML_Error fault = XML_GetErrorCode(reader->parser);
        error = fault == XML_ERROR_NO_MEMORY ? ERR_MEMORY : ERR_INVALID;
        reason_set(reason, "the answer is not SOAP: %s",
                   reader->fault != NULL ? reader->fault : XML_ErrorString(fault));
    }
    XML_ParserFree(reader->parser);
    free(reader);
    return error;
}
