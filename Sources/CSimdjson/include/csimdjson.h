/* simdjson's on-demand parser, walked once into a flat list of nodes that Swift reads without further calls. */
#ifndef CSIMDJSON_H
#define CSIMDJSON_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

enum csimdjson_kind {
    csimdjson_null = 0,
    csimdjson_false = 1,
    csimdjson_true = 2,
    csimdjson_number = 3,
    csimdjson_string = 4,
    csimdjson_array = 5,
    csimdjson_object = 6,
    csimdjson_key = 7,
};

/* In document order. An array's elements follow it; an object's members follow it as key, value, key, value.
   text: a string unescaped, a number as it was written; valid until csimdjson_free. */
struct csimdjson_node {
    const char *text;
    uint32_t length;
    uint32_t count;
    uint8_t kind;
};

struct csimdjson_document;

/* Parses length bytes. Null when they are no JSON text: then offset is where reading stopped and reason says why
   (a constant, never to be freed). Nesting deeper than depth_maximum is refused. */
struct csimdjson_document *csimdjson_parse(
    const char *bytes, size_t length, uint32_t depth_maximum, size_t *offset, const char **reason);
const struct csimdjson_node *csimdjson_nodes(const struct csimdjson_document *document, size_t *count);
void csimdjson_free(struct csimdjson_document *document);

#ifdef __cplusplus
}
#endif
#endif
