/* Counts the words of a text. */

#include <hap.h>

#include "count.h"

const hap_manifest_t hap_manifest = {
    .name = "word-count",
    .version = "0.1.0",
    .description = "Counts the words of a text.",
    .context_schema = "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},\"required\":[\"text\"]}",
    .output_schema =
        "{\"type\":\"object\",\"properties\":{\"words\":{\"type\":\"integer\"},"
        "\"frequent\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},\"required\":[\"words\",\"frequent\"]}",
    .read_only = true,
    .idempotent = true,
};

yyjson_mut_val *hap_invoke(hap_call *call) {
  const char *text = yyjson_get_str(yyjson_obj_get(call->context, "text"));
  if (text == NULL) return hap_invalid_input(call, "`text` is missing: pass some text");
  yyjson_val *top_param = yyjson_obj_get(call->params, "top");
  size_t top = top_param == NULL ? 10 : (size_t)yyjson_get_uint(top_param);

  word_counts counts = {0};
  char *copy = strdup(text); /* not freed: the instance ends with the call */
  if (copy == NULL || !count_words(copy, &counts)) return hap_failed(call, "no memory is left");
  if (counts.words == 0) return hap_invalid_input(call, "`text` has no words: pass some text");
  hap_log(HAP_DEBUG, "%zu different words", counts.different);

  yyjson_mut_val *output = yyjson_mut_obj(call->doc);
  yyjson_mut_obj_add_uint(call->doc, output, "words", counts.words);
  yyjson_mut_val *frequent = yyjson_mut_obj_add_arr(call->doc, output, "frequent");
  for (size_t at = 0; at < counts.different && at < top; at++) {
    yyjson_mut_arr_add_str(call->doc, frequent, counts.entries[at].word);
  }
  return output;
}
