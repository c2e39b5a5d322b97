/* What runs between the component's exports and an agent. */

#include "../include/hap.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../gen/guest.h"

enum {
  /* What the host keeps of a message. */
  MESSAGE_BYTES = 8 << 10,
  /* Few calls for a large document, little memory for a small one. */
  CHUNK_BYTES = 64 << 10,
};

/* One instance serves one call, so its state can be global. */
static hap_agent_types_error_t failure;
static yyjson_mut_val *failure_details;

/* The address of it is what an error returns: an output is never this value. */
static yyjson_mut_val is_error;

static guest_string_t borrowed(const char *text) {
  return (guest_string_t){(uint8_t *)text, strlen(text)};
}

static guest_string_t owned(const char *text) {
  guest_string_t copy;
  guest_string_dup(&copy, text);
  return copy;
}

/* The host's text with a zero byte behind it. */
static const char *terminated(guest_string_t text) {
  char *copy = malloc(text.len + 1);
  if (copy == NULL) hap_panic("out of memory");
  memcpy(copy, text.ptr, text.len);
  copy[text.len] = '\0';
  return copy;
}

/* The length of the longest beginning that is whole characters of UTF-8: a text that was cut off may end within one. */
static size_t whole_characters(const char *text, size_t length) {
  size_t start = length;
  while (start > 0 && length - start < 4 && ((unsigned char)text[start - 1] & 0xc0) == 0x80) start--;
  if (start == 0) return length;
  unsigned char first = (unsigned char)text[start - 1];
  size_t wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return length - (start - 1) < wanted ? start - 1 : length;
}

/* A message as `printf` makes it, cut off where the host would. */
static char *message_of(const char *format, va_list arguments) {
  char *message = malloc(MESSAGE_BYTES + 1);
  if (message == NULL) abort();
  int length = vsnprintf(message, MESSAGE_BYTES + 1, format, arguments);
  if (length < 0) length = 0;
  if (length > MESSAGE_BYTES) message[whole_characters(message, MESSAGE_BYTES)] = '\0';
  return message;
}

/* ---- Log and progress ---- */

static void write_log(hap_level level, const char *message, const char *fields) {
  /* What was printed keeps its place among the records. */
  fflush(NULL);
  guest_string_t text = borrowed(message);
  guest_string_t json = borrowed(fields == NULL ? "" : fields);
  hap_agent_log_write((hap_agent_log_level_t)level, &text, fields == NULL ? NULL : &json);
}

void hap_log(hap_level level, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_log(level, message_of(format, arguments), NULL);
  va_end(arguments);
}

void hap_log_fields(hap_level level, yyjson_mut_val *fields, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_log(level, message_of(format, arguments), yyjson_mut_val_write(fields, 0, NULL));
  va_end(arguments);
}

void hap_panic_at(const char *file, int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *message = message_of(format, arguments);
  va_end(arguments);
  /* The host knows a panic by these words. */
  static char told[MESSAGE_BYTES + 512];
  snprintf(told, sizeof told, "panicked at %s:%d: %s", file, line, message);
  told[whole_characters(told, strlen(told))] = '\0';
  write_log(HAP_ERROR, told, "{\"panic\":true}");
  abort();
}

/* What `assert` calls, in the place of wasi-libc's own. */
_Noreturn void __assert_fail(const char *expression, const char *file, int line, const char *function) {
  (void)function;
  hap_panic_at(file, line, "assertion failed: %s", expression);
}

void hap_status(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  hap_agent_progress_update_t update = {.tag = HAP_AGENT_PROGRESS_UPDATE_STATUS};
  update.val.status = borrowed(message_of(format, arguments));
  va_end(arguments);
  hap_agent_progress_report(&update);
}

void hap_fraction(double done) {
  hap_agent_progress_update_t update = {.tag = HAP_AGENT_PROGRESS_UPDATE_FRACTION};
  update.val.fraction = (float)done;
  hap_agent_progress_report(&update);
}

void hap_partial(yyjson_mut_val *piece) {
  const char *json = yyjson_mut_val_write(piece, 0, NULL);
  if (json == NULL) hap_panic("the piece is not JSON");
  hap_agent_progress_update_t update = {.tag = HAP_AGENT_PROGRESS_UPDATE_PARTIAL};
  update.val.partial = borrowed(json);
  hap_agent_progress_report(&update);
}

/* ---- Errors ---- */

static yyjson_mut_val *fail(uint8_t tag, const char *format, va_list arguments) {
  failure.tag = tag;
  hap_agent_types_failure_t *told =
      tag == HAP_AGENT_TYPES_ERROR_UNAVAILABLE ? &failure.val.unavailable.failure : &failure.val.failed;
  told->message = owned(message_of(format, arguments));
  return &is_error;
}

yyjson_mut_val *hap_invalid_input(hap_call *call, const char *format, ...) {
  (void)call;
  va_list arguments;
  va_start(arguments, format);
  yyjson_mut_val *error = fail(HAP_AGENT_TYPES_ERROR_INVALID_INPUT, format, arguments);
  va_end(arguments);
  return error;
}

yyjson_mut_val *hap_unavailable(hap_call *call, const char *format, ...) {
  (void)call;
  va_list arguments;
  va_start(arguments, format);
  yyjson_mut_val *error = fail(HAP_AGENT_TYPES_ERROR_UNAVAILABLE, format, arguments);
  va_end(arguments);
  return error;
}

yyjson_mut_val *hap_retry_after(hap_call *call, uint64_t milliseconds, const char *format, ...) {
  (void)call;
  va_list arguments;
  va_start(arguments, format);
  yyjson_mut_val *error = fail(HAP_AGENT_TYPES_ERROR_UNAVAILABLE, format, arguments);
  va_end(arguments);
  failure.val.unavailable.retry_after_ms = (guest_option_u64_t){true, milliseconds};
  return error;
}

yyjson_mut_val *hap_failed(hap_call *call, const char *format, ...) {
  (void)call;
  va_list arguments;
  va_start(arguments, format);
  yyjson_mut_val *error = fail(HAP_AGENT_TYPES_ERROR_FAILED, format, arguments);
  va_end(arguments);
  return error;
}

void hap_details(hap_call *call, yyjson_mut_val *details) {
  (void)call;
  failure_details = details;
}

bool hap_is_error(const yyjson_mut_val *value) { return value == &is_error; }

/* ---- Documents ---- */

struct hap_reader {
  hap_agent_resources_own_reader_t handle;
};

const hap_entry *hap_resources(size_t *count) {
  hap_agent_resources_list_entry_t list;
  hap_agent_resources_list(&list);
  hap_entry *entries = calloc(list.len + 1, sizeof *entries);
  if (entries == NULL) hap_panic("out of memory");
  for (size_t index = 0; index < list.len; index++) {
    const hap_agent_resources_entry_t *entry = &list.ptr[index];
    entries[index].name = terminated(entry->name);
    entries[index].media_type = entry->media_type.is_some ? terminated(entry->media_type.val) : NULL;
    entries[index].has_size = entry->size.is_some;
    entries[index].size = entry->size.val;
  }
  *count = list.len;
  return entries;
}

static int error_number(const hap_agent_resources_error_t *error) {
  return error->tag == HAP_AGENT_RESOURCES_ERROR_NOT_FOUND ? ENOENT : EIO;
}

hap_reader *hap_open_resource(const char *name) {
  guest_string_t text = borrowed(name);
  hap_agent_resources_own_reader_t handle;
  hap_agent_resources_error_t error;
  if (!hap_agent_resources_open(&text, &handle, &error)) {
    errno = error_number(&error);
    return NULL;
  }
  hap_reader *reader = malloc(sizeof *reader);
  if (reader == NULL) hap_panic("out of memory");
  reader->handle = handle;
  return reader;
}

ptrdiff_t hap_read(hap_reader *reader, void *buffer, uint32_t max_bytes) {
  guest_list_u8_t chunk;
  hap_agent_resources_error_t error;
  hap_agent_resources_borrow_reader_t self = hap_agent_resources_borrow_reader(reader->handle);
  if (!hap_agent_resources_method_reader_read(self, max_bytes, &chunk, &error)) {
    errno = error_number(&error);
    return -1;
  }
  if (chunk.len > max_bytes) hap_panic("the host returned more than it was asked for");
  memcpy(buffer, chunk.ptr, chunk.len);
  ptrdiff_t length = (ptrdiff_t)chunk.len;
  guest_list_u8_free(&chunk);
  return length;
}

void hap_close(hap_reader *reader) {
  hap_agent_resources_reader_drop_own(reader->handle);
  free(reader);
}

char *hap_read_resource(const char *name, size_t *length) {
  hap_reader *reader = hap_open_resource(name);
  if (reader == NULL) return NULL;
  char *text = NULL;
  size_t capacity = 0, used = 0;
  for (;;) {
    if (capacity - used <= CHUNK_BYTES) {
      capacity = capacity * 2 + CHUNK_BYTES + 1;
      char *larger = realloc(text, capacity);
      if (larger == NULL) hap_panic("out of memory");
      text = larger;
    }
    ptrdiff_t read = hap_read(reader, text + used, CHUNK_BYTES);
    if (read < 0) {
      int reason = errno;
      hap_close(reader);
      free(text);
      errno = reason;
      return NULL;
    }
    if (read == 0) break;
    used += (size_t)read;
  }
  hap_close(reader);
  text[used] = '\0';
  if (length != NULL) *length = used;
  return text;
}

/* ---- Which call this is ---- */

const char *hap_run_id(void) {
  guest_string_t text;
  hap_agent_run_id(&text);
  return terminated(text);
}

const char *hap_node(void) {
  guest_string_t text;
  hap_agent_run_node(&text);
  return terminated(text);
}

const char *hap_operation_id(void) {
  guest_string_t text;
  hap_agent_run_operation_id(&text);
  return terminated(text);
}

uint32_t hap_attempt(void) { return hap_agent_run_attempt(); }

bool hap_is_cancelled(void) { return hap_agent_run_is_cancelled(); }

bool hap_remaining_ms(uint64_t *milliseconds) { return hap_agent_run_remaining_ms(milliseconds); }

/* ---- The component's exports ---- */

static exports_hap_agent_agent_option_json_t optional(const char *json) {
  exports_hap_agent_agent_option_json_t option = {.is_some = json != NULL};
  if (json != NULL) option.val = owned(json);
  return option;
}

void exports_hap_agent_agent_describe(exports_hap_agent_agent_manifest_t *manifest) {
  manifest->name = owned(hap_manifest.name);
  manifest->version = owned(hap_manifest.version);
  manifest->description = owned(hap_manifest.description);
  manifest->context_schema = optional(hap_manifest.context_schema);
  manifest->output_schema = optional(hap_manifest.output_schema);
  manifest->hints = (exports_hap_agent_agent_hints_t)(
      (hap_manifest.read_only ? EXPORTS_HAP_AGENT_AGENT_HINTS_READ_ONLY : 0) |
      (hap_manifest.idempotent ? EXPORTS_HAP_AGENT_AGENT_HINTS_IDEMPOTENT : 0));
}

static yyjson_val *parsed(guest_string_t json, const char *part) {
  yyjson_read_err error;
  /* The host checks that it is JSON; what is left is that memory is exhausted. */
  yyjson_doc *doc = yyjson_read_opts((char *)json.ptr, json.len, 0, NULL, &error);
  if (doc == NULL) hap_panic("the %s could not be read: %s", part, error.msg);
  return yyjson_doc_get_root(doc);
}

bool exports_hap_agent_agent_invoke(exports_hap_agent_agent_request_t *request,
                                    exports_hap_agent_agent_output_t *output,
                                    exports_hap_agent_agent_error_t *error) {
  /* One record a line, also of what is printed just before a trap. */
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  hap_call call = {
      .context = parsed(request->context, "context"),
      .params = parsed(request->params, "params"),
      .doc = yyjson_mut_doc_new(NULL),
  };
  if (call.doc == NULL) hap_panic("out of memory");
  yyjson_mut_val *value = hap_invoke(&call);
  fflush(NULL);
  if (hap_is_error(value)) {
    hap_agent_types_failure_t *told = failure.tag == HAP_AGENT_TYPES_ERROR_UNAVAILABLE
                                          ? &failure.val.unavailable.failure
                                          : &failure.val.failed;
    char *details = failure_details == NULL ? NULL : yyjson_mut_val_write(failure_details, 0, NULL);
    told->details.is_some = details != NULL;
    if (details != NULL) told->details.val = borrowed(details);
    *error = failure;
    return false;
  }
  if (value == NULL) hap_panic("hap_invoke returned NULL, which is neither an output nor an error");
  size_t length;
  yyjson_write_err reason;
  char *text = yyjson_mut_val_write_opts(value, 0, NULL, &length, &reason);
  if (text == NULL) {
    hap_failed(&call, "the output is not JSON: %s", reason.msg);
    *error = failure;
    return false;
  }
  *output = (guest_string_t){(uint8_t *)text, length};
  return true;
}
