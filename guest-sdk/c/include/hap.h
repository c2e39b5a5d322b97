/* Write a HAP agent in C: define `hap_manifest` and `hap_invoke`, and link `src/hap.c`.
 *
 *     #include "hap.h"
 *
 *     const hap_manifest_t hap_manifest = {
 *         .name = "shout", .version = "0.1.0", .description = "Upper-cases a text.",
 *     };
 *
 *     yyjson_mut_val *hap_invoke(hap_call *call) {
 *         const char *text = yyjson_get_str(yyjson_obj_get(call->context, "text"));
 *         if (text == NULL) return hap_invalid_input(call, "`text` is missing: pass a string");
 *         …
 *         yyjson_mut_val *output = yyjson_mut_obj(call->doc);
 *         yyjson_mut_obj_add_str(call->doc, output, "shout", upper);
 *         return output;
 *     }
 *
 * JSON is read and built with yyjson (https://ibireme.github.io/yyjson/doc/doxygen/html/).
 *
 * Every call gets a fresh instance that is dropped afterwards, so nothing that a call allocates has to be freed.
 * Texts are UTF-8 and end with a zero byte.
 */
#ifndef HAP_H
#define HAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "../vendor/yyjson/yyjson.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What an agent defines ---- */

/* What a host may know about an agent before it runs it. */
typedef struct {
  const char *name;           /* kebab-case, like `find-terms` */
  const char *version;        /* three numbers, like 0.1.0 */
  const char *description;    /* one line */
  const char *context_schema; /* JSON Schema (2020-12) of the context as text; NULL accepts any object */
  const char *output_schema;  /* JSON Schema (2020-12) of the output as text; NULL promises any value */
  bool read_only;             /* promises to change nothing outside the graph's context */
  bool idempotent;            /* promises that calling it twice leaves the world as calling it once */
} hap_manifest_t;

/* One request. */
typedef struct {
  yyjson_val *context;  /* an object: the part of the run's context that the node may read */
  yyjson_val *params;   /* an object: the node's settings, verbatim from the graph */
  yyjson_mut_doc *doc;  /* where the output and the details of an error are made */
} hap_call;

extern const hap_manifest_t hap_manifest;

/* Serves one request: gives the output, made in `call->doc`, or what one of the functions below gives. */
yyjson_mut_val *hap_invoke(hap_call *call);

/* ---- Errors: `return hap_failed(call, "…");` ----
 *
 * The function decides what the host does next; the text, made as `printf` does, is for people.
 */

#define HAP_PRINTF(at, first) __attribute__((format(printf, at, first)))

/* The context or params are not what this agent accepts. Never retried. Say what would mend it. */
yyjson_mut_val *hap_invalid_input(hap_call *call, const char *format, ...) HAP_PRINTF(2, 3);

/* Something the agent depends on was unavailable; the same request may succeed later. */
yyjson_mut_val *hap_unavailable(hap_call *call, const char *format, ...) HAP_PRINTF(2, 3);

/* As `hap_unavailable`, and not before so many milliseconds. */
yyjson_mut_val *hap_retry_after(hap_call *call, uint64_t milliseconds, const char *format, ...) HAP_PRINTF(3, 4);

/* The call failed, and a retry would not help. */
yyjson_mut_val *hap_failed(hap_call *call, const char *format, ...) HAP_PRINTF(2, 3);

/* Adds details for programs, made in `call->doc`, to the error that is returned next. */
void hap_details(hap_call *call, yyjson_mut_val *details);

/* Whether a value is what one of the functions above gives. */
bool hap_is_error(const yyjson_mut_val *value);

/* Ends the call as a trap, with a message and the place of this line: for what the agent itself has got wrong.
 * `assert` does the same. */
#define hap_panic(...) hap_panic_at(__FILE__, __LINE__, __VA_ARGS__)
__attribute__((noreturn)) void hap_panic_at(const char *file, int line, const char *format, ...) HAP_PRINTF(3, 4);

/* ---- Log: for the people who operate the host, never part of a result ----
 *
 * What is printed to stdout and stderr becomes records too, of level info and warn.
 */

typedef enum { HAP_TRACE, HAP_DEBUG, HAP_INFO, HAP_WARN, HAP_ERROR } hap_level;

void hap_log(hap_level level, const char *format, ...) HAP_PRINTF(2, 3);

/* `fields` is an object made in a document of yours or in `call->doc`; NULL for none. */
void hap_log_fields(hap_level level, yyjson_mut_val *fields, const char *format, ...) HAP_PRINTF(3, 4);

/* ---- Progress: what a caller may see while a call is still running ---- */

/* A short line that a person can read. */
void hap_status(const char *format, ...) HAP_PRINTF(1, 2);
/* How much is done, from 0 to 1. */
void hap_fraction(double done);
/* A piece of the output to come. Only the returned output counts. */
void hap_partial(yyjson_mut_val *piece);

/* ---- Documents that the graph grants to this node ---- */

typedef struct {
  const char *name;
  const char *media_type; /* NULL where the host does not know */
  bool has_size;
  uint64_t size; /* bytes, where `has_size` */
} hap_entry;

/* The granted documents, sorted by name; `*count` says how many. */
const hap_entry *hap_resources(size_t *count);

/* Reads a whole document; a zero byte stands behind its last. NULL, with `errno` ENOENT, where it does not exist or
 * is not granted, and with EIO where it could not be read. */
char *hap_read_resource(const char *name, size_t *length);

typedef struct hap_reader hap_reader;

/* Opens a document for reading in pieces. NULL and `errno` as `hap_read_resource`. */
hap_reader *hap_open_resource(const char *name);
/* Reads at most so many bytes; 0 is the end, -1 an error. */
ptrdiff_t hap_read(hap_reader *reader, void *buffer, uint32_t max_bytes);
void hap_close(hap_reader *reader);

/* ---- Which call this is: for correlation and for stopping early; an output must not depend on it ---- */

const char *hap_run_id(void);
const char *hap_node(void);
const char *hap_operation_id(void); /* the same on every attempt: an idempotency key */
uint32_t hap_attempt(void);         /* 1 on the first */
bool hap_is_cancelled(void);        /* poll it in long loops and return early */
/* Milliseconds left before the host stops the call, on the real clock. False is no limit. */
bool hap_remaining_ms(uint64_t *milliseconds);

#ifdef __cplusplus
}
#endif

#endif
