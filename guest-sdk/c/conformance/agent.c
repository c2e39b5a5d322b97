/* Does what its context says: the agent with which `hap conform` checks the C SDK. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hap.h"

const hap_manifest_t hap_manifest = {
    .name = "conformance",
    .version = "0.1.0",
    .description = "Does what its context says, so that a host can be shown to carry it.",
    .context_schema = "{\"type\":\"object\",\"properties\":{\"do\":{\"type\":\"string\"}},\"required\":[\"do\"]}",
    .output_schema = "{\"type\":\"object\",\"properties\":{\"answer\":true},\"required\":[\"answer\"]}",
    .read_only = true,
    .idempotent = true,
};

static int served;

static yyjson_val *argument(hap_call *call, const char *key) { return yyjson_obj_get(call->context, key); }

static const char *text_argument(hap_call *call, const char *key) {
  const char *text = yyjson_get_str(argument(call, key));
  return text == NULL ? "" : text;
}

static yyjson_mut_val *echo(hap_call *call) { return yyjson_val_mut_copy(call->doc, argument(call, "value")); }

static yyjson_mut_val *params(hap_call *call) { return yyjson_val_mut_copy(call->doc, call->params); }

static yyjson_mut_val *fail(hap_call *call) {
  const char *kind = text_argument(call, "kind");
  const char *message = text_argument(call, "message");
  yyjson_val *details = argument(call, "details");
  if (details != NULL) hap_details(call, yyjson_val_mut_copy(call->doc, details));
  if (strcmp(kind, "invalid-input") == 0) return hap_invalid_input(call, "%s", message);
  if (strcmp(kind, "unavailable") != 0) return hap_failed(call, "%s", message);
  yyjson_val *delay = argument(call, "retry_after_ms");
  if (delay == NULL) return hap_unavailable(call, "%s", message);
  return hap_retry_after(call, yyjson_get_uint(delay), "%s", message);
}

static yyjson_mut_val *throw(hap_call *call) { hap_panic("%s", text_argument(call, "message")); }

static yyjson_mut_val *count(hap_call *call, const char *list) {
  return yyjson_mut_uint(call->doc, yyjson_arr_size(argument(call, list)));
}

static yyjson_mut_val *write_log(hap_call *call) {
  static const char *const levels[] = {"trace", "debug", "info", "warn", "error"};
  size_t index, max;
  yyjson_val *record;
  yyjson_arr_foreach(argument(call, "records"), index, max, record) {
    const char *level = yyjson_get_str(yyjson_obj_get(record, "level"));
    const char *message = yyjson_get_str(yyjson_obj_get(record, "message"));
    yyjson_mut_val *fields = yyjson_val_mut_copy(call->doc, yyjson_obj_get(record, "fields"));
    for (hap_level at = HAP_TRACE; at <= HAP_ERROR; at++) {
      if (strcmp(levels[at], level) == 0) hap_log_fields(at, fields, "%s", message);
    }
  }
  return count(call, "records");
}

static yyjson_mut_val *print_to(hap_call *call, FILE *stream) {
  size_t index, max;
  yyjson_val *line;
  yyjson_arr_foreach(argument(call, "lines"), index, max, line) {
    fprintf(stream, "%s\n", yyjson_get_str(line));
  }
  return count(call, "lines");
}

static yyjson_mut_val *print(hap_call *call) { return print_to(call, stdout); }

static yyjson_mut_val *print_error(hap_call *call) { return print_to(call, stderr); }

static yyjson_mut_val *report_progress(hap_call *call) {
  size_t index, max;
  yyjson_val *update;
  yyjson_arr_foreach(argument(call, "updates"), index, max, update) {
    yyjson_val *value;
    if ((value = yyjson_obj_get(update, "status")) != NULL) hap_status("%s", yyjson_get_str(value));
    if ((value = yyjson_obj_get(update, "fraction")) != NULL) hap_fraction(yyjson_get_num(value));
    if ((value = yyjson_obj_get(update, "partial")) != NULL) hap_partial(yyjson_val_mut_copy(call->doc, value));
  }
  return count(call, "updates");
}

static yyjson_mut_val *run(hap_call *call) {
  yyjson_mut_val *answer = yyjson_mut_obj(call->doc);
  yyjson_mut_obj_add_str(call->doc, answer, "id", hap_run_id());
  yyjson_mut_obj_add_str(call->doc, answer, "node", hap_node());
  yyjson_mut_obj_add_str(call->doc, answer, "operation_id", hap_operation_id());
  yyjson_mut_obj_add_uint(call->doc, answer, "attempt", hap_attempt());
  uint64_t remaining;
  if (hap_remaining_ms(&remaining)) {
    yyjson_mut_obj_add_uint(call->doc, answer, "remaining_ms", remaining);
  } else {
    yyjson_mut_obj_add_null(call->doc, answer, "remaining_ms");
  }
  yyjson_mut_obj_add_bool(call->doc, answer, "is_cancelled", hap_is_cancelled());
  return answer;
}

static yyjson_mut_val *list_resources(hap_call *call) {
  size_t length;
  const hap_entry *entries = hap_resources(&length);
  yyjson_mut_val *answer = yyjson_mut_arr(call->doc);
  for (size_t index = 0; index < length; index++) {
    yyjson_mut_val *entry = yyjson_mut_arr_add_obj(call->doc, answer);
    yyjson_mut_obj_add_str(call->doc, entry, "name", entries[index].name);
    yyjson_mut_obj_add_val(call->doc, entry, "media_type",
                           entries[index].media_type == NULL ? yyjson_mut_null(call->doc)
                                                             : yyjson_mut_str(call->doc, entries[index].media_type));
    yyjson_mut_obj_add_val(call->doc, entry, "size",
                           entries[index].has_size ? yyjson_mut_uint(call->doc, entries[index].size)
                                                   : yyjson_mut_null(call->doc));
  }
  return answer;
}

static yyjson_mut_val *read_resource(hap_call *call) {
  const char *name = text_argument(call, "name");
  size_t length;
  char *text = hap_read_resource(name, &length);
  if (text == NULL) return hap_failed(call, "resource `%s`: %s", name, strerror(errno));
  return yyjson_mut_strn(call->doc, text, length);
}

static int64_t nanoseconds(clockid_t clock) {
  struct timespec now;
  if (clock_gettime(clock, &now) != 0) hap_panic("no clock: %s", strerror(errno));
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static yyjson_mut_val *clock_behaviour(hap_call *call) {
  int64_t start = nanoseconds(CLOCK_MONOTONIC);
  yyjson_mut_val *answer = yyjson_mut_obj(call->doc);
  yyjson_mut_obj_add_sint(call->doc, answer, "unix_ms", nanoseconds(CLOCK_REALTIME) / 1000000);
  yyjson_mut_obj_add_sint(call->doc, answer, "elapsed_ns", nanoseconds(CLOCK_MONOTONIC) - start);
  return answer;
}

static yyjson_mut_val *draw_random(hap_call *call) {
  yyjson_mut_val *answer = yyjson_mut_arr(call->doc);
  for (int index = 0; index < 4; index++) {
    uint64_t number;
    if (getentropy(&number, sizeof number) != 0) return hap_failed(call, "no entropy: %s", strerror(errno));
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    yyjson_mut_arr_add_strcpy(call->doc, answer, text);
  }
  return answer;
}

static yyjson_mut_val *sleep_behaviour(hap_call *call) {
  int64_t start = nanoseconds(CLOCK_MONOTONIC);
  uint64_t ms = yyjson_get_uint(argument(call, "ms"));
  struct timespec duration = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
  nanosleep(&duration, NULL);
  yyjson_mut_val *answer = yyjson_mut_obj(call->doc);
  yyjson_mut_obj_add_sint(call->doc, answer, "elapsed_ms", (nanoseconds(CLOCK_MONOTONIC) - start) / 1000000);
  return answer;
}

static yyjson_mut_val *spin(hap_call *call) {
  (void)call;
  for (volatile int turn = 0;; turn++) {
  }
}

static yyjson_mut_val *allocate(hap_call *call) {
  for (size_t held = 0;; held++) {
    char *piece = malloc(1 << 20);
    if (piece == NULL) return hap_failed(call, "no memory after %zu MiB", held);
    /* By way of a volatile pointer, or the compiler would see that nobody reads it. */
    for (volatile char *page = piece; page < piece + (1 << 20); page += 4096) *page = 'x';
  }
}

static int depth(volatile int *above) {
  volatile int here = *above + 1;
  return here < 0 ? here : depth(&here) + here;
}

static yyjson_mut_val *recurse(hap_call *call) {
  volatile int start = 0;
  return yyjson_mut_int(call->doc, depth(&start));
}

static yyjson_mut_val *until_cancelled(hap_call *call) {
  while (!hap_is_cancelled()) {
    nanosleep(&(struct timespec){0, 1000000}, NULL);
  }
  return hap_failed(call, "stopped early, as asked");
}

static yyjson_mut_val *write_output(hap_call *call) {
  size_t length = yyjson_get_uint(argument(call, "bytes"));
  char *text = malloc(length + 1);
  if (text == NULL) hap_panic("out of memory");
  memset(text, 'x', length);
  return yyjson_mut_strn(call->doc, text, length);
}

static bool opens(const char *path, const char *mode) {
  FILE *file = fopen(path, mode);
  if (file == NULL) return false;
  fclose(file);
  return true;
}

static yyjson_mut_val *ambient(hap_call *call) {
  extern char **environ;
  uint64_t variables = 0;
  while (environ != NULL && environ[variables] != NULL) variables++;
  yyjson_mut_val *answer = yyjson_mut_obj(call->doc);
  yyjson_mut_obj_add_uint(call->doc, answer, "variables", variables);
  /* An agent has no `main`, and wasi-libc no `socket`. */
  yyjson_mut_obj_add_uint(call->doc, answer, "arguments", 0);
  yyjson_mut_obj_add_bool(call->doc, answer, "reads_files", opens("/etc/passwd", "r"));
  yyjson_mut_obj_add_bool(call->doc, answer, "writes_files", opens("/tmp/conformance", "w"));
  yyjson_mut_obj_add_bool(call->doc, answer, "connects", false);
  return answer;
}

static yyjson_mut_val *twice(hap_call *call) { return yyjson_mut_int(call->doc, served); }

static const struct {
  const char *name;
  yyjson_mut_val *(*run)(hap_call *call);
} behaviours[] = {
    {"allocate", allocate},
    {"ambient", ambient},
    {"clock", clock_behaviour},
    {"echo", echo},
    {"fail", fail},
    {"log", write_log},
    {"output", write_output},
    {"params", params},
    {"print", print},
    {"print-error", print_error},
    {"progress", report_progress},
    {"random", draw_random},
    {"recurse", recurse},
    {"resource", read_resource},
    {"resources", list_resources},
    {"run", run},
    {"sleep", sleep_behaviour},
    {"spin", spin},
    {"throw", throw},
    {"twice", twice},
    {"until-cancelled", until_cancelled},
};

yyjson_mut_val *hap_invoke(hap_call *call) {
  served++;
  const char *behaviour = yyjson_get_str(argument(call, "do"));
  if (behaviour == NULL) return hap_invalid_input(call, "`do` is missing, or no string: name a behaviour");
  for (size_t index = 0; index < sizeof behaviours / sizeof *behaviours; index++) {
    if (strcmp(behaviours[index].name, behaviour) != 0) continue;
    yyjson_mut_val *answer = behaviours[index].run(call);
    if (hap_is_error(answer)) return answer;
    yyjson_mut_val *output = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_val(call->doc, output, "answer", answer);
    return output;
  }
  yyjson_mut_val *details = yyjson_mut_obj(call->doc);
  yyjson_mut_obj_add_str(call->doc, details, "unsupported", behaviour);
  hap_details(call, details);
  return hap_invalid_input(call, "`do` names no behaviour of this agent: %s", behaviour);
}
