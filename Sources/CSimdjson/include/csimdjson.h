#ifndef CSIMDJSON_H
#define CSIMDJSON_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

enum csimdjson_kind {
  CSIMDJSON_NULL,
  CSIMDJSON_TRUE,
  CSIMDJSON_FALSE,
  CSIMDJSON_NUMBER, /* start, length: the text as it stood */
  CSIMDJSON_STRING, /* start, length: the text without escapes, valid UTF-8 */
  CSIMDJSON_ARRAY,  /* length: how many values follow */
  CSIMDJSON_OBJECT  /* length: how many pairs of a string and a value follow */
};

enum csimdjson_error {
  CSIMDJSON_OK,
  CSIMDJSON_SYNTAX,
  CSIMDJSON_ENCODING,
  CSIMDJSON_BAD_STRING,
  CSIMDJSON_CONTROL_CHARACTER,
  CSIMDJSON_BAD_NUMBER,
  CSIMDJSON_TOO_DEEP,
  CSIMDJSON_DUPLICATE_KEY,
  CSIMDJSON_TRAILING_CONTENT,
  CSIMDJSON_EMPTY,
  CSIMDJSON_TOO_LARGE
};

/* One value, or one key, in the order of the text: a container stands before what it contains. */
struct csimdjson_node {
  const char *start;
  uint32_t length;
  uint32_t kind;
};

struct csimdjson_result {
  /* A copy of the input; the numbers of the nodes lie in it. */
  const char *text;
  const struct csimdjson_node *nodes;
  size_t count;
  int error;
  /* Where the error was noticed, in bytes; equal to the length of the input where that is not known. */
  size_t error_offset;
};

/* Parses one JSON text strictly. What `result` points at belongs to the calling thread and is good until its next call. */
void csimdjson_parse(const char *bytes, size_t length, uint32_t depth_maximum, struct csimdjson_result *result);

#ifdef __cplusplus
}
#endif
#endif
