/* Splits a document into its sections: headings of Markdown and plain text, and numbered clauses.
 *
 * The same rules as the agent `split-sections`, which is written in Rust. One pass over the lines, which point into the
 * document: nothing of it is copied but the headings.
 */

#include <stdio.h>
#include <string.h>

#include <hap.h>

#include "heading.h"

const hap_manifest_t hap_manifest = {
    .name = "split-sections-c",
    .version = "0.1.0",
    .description = "Splits a document into its sections, by Markdown and plain headings and by numbered clauses.",
    .context_schema =
        "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\","
        "\"description\":\"Plain text or Markdown.\"}},\"required\":[\"text\"]}",
    .output_schema =
        "{\"type\":\"object\",\"properties\":{\"sections\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
        "\"properties\":{\"id\":{\"type\":\"string\"},\"number\":{\"type\":[\"string\",\"null\"]},"
        "\"heading\":{\"type\":\"string\"},\"level\":{\"type\":\"integer\"},\"first_line\":{\"type\":\"integer\"},"
        "\"body_line\":{\"type\":\"integer\"},\"last_line\":{\"type\":\"integer\"}},"
        "\"required\":[\"id\",\"heading\",\"level\",\"first_line\",\"body_line\",\"last_line\"]}}},"
        "\"required\":[\"sections\"]}",
    .read_only = true,
    .idempotent = true,
};

/* A section and where it is: lines counted from 0, `end` behind its last. */
typedef struct {
  heading heading;
  size_t first, body, end;
} section;

/* The line behind a section's last line with text before the next section. */
static size_t end_of(const lines *lines, size_t first, size_t next) {
  while (next > first + 1 && lines->at[next - 1].text.length == 0) next--;
  return next;
}

static section *split(lines lines, size_t *count) {
  section *sections = calloc(lines.count + 1, sizeof *sections);
  if (sections == NULL) hap_panic("no memory for the sections of %zu lines", lines.count);
  seen seen = begin(lines);
  *count = 0;
  for (size_t index = 0; index < lines.count;) {
    heading found;
    bool begins = heading_at(&seen, index, &found);
    /* Text before the first heading is a section without heading. */
    if (!begins && *count == 0 && !is_blank(&lines.at[index])) {
      found = (heading){.level = 1};
      sections[(*count)++] = (section){.heading = found, .first = index, .body = index};
    }
    if (begins) sections[(*count)++] = (section){.heading = found, .first = index, .body = index + found.lines};
    index += begins && found.lines > 0 ? found.lines : 1;
  }
  for (size_t at = 0; at < *count; at++) {
    section *section = &sections[at];
    section->end = end_of(&lines, section->first, at + 1 < *count ? sections[at + 1].first : lines.count);
    if (section->body > section->end) section->body = section->end;
  }
  return sections;
}

static yyjson_mut_val *number_value(yyjson_mut_doc *doc, const heading *heading) {
  if (!heading->has_number) return yyjson_mut_null(doc);
  const number *number = &heading->number;
  if (number->kind != KIND_DIVISION) return yyjson_mut_strn(doc, number->label.at, number->label.length);
  char label[128];
  int length = snprintf(label, sizeof label, "%.*s %.*s", (int)number->word.length, number->word.at,
                        (int)number->label.length, number->label.at);
  return yyjson_mut_strncpy(doc, label, length < (int)sizeof label ? (size_t)length : sizeof label - 1);
}

yyjson_mut_val *hap_invoke(hap_call *call) {
  yyjson_val *text = yyjson_obj_get(call->context, "text");
  if (!yyjson_is_str(text)) return hap_invalid_input(call, "`text` is missing: pass the document");
  lines lines = lines_of((slice){yyjson_get_str(text), yyjson_get_len(text)});
  size_t count;
  const section *sections = split(lines, &count);
  yyjson_mut_doc *doc = call->doc;
  yyjson_mut_val *output = yyjson_mut_obj(doc);
  yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, output, "sections");
  for (size_t at = 0; at < count; at++) {
    const section *section = &sections[at];
    char id[24];
    int length = snprintf(id, sizeof id, "s%zu", at + 1);
    yyjson_mut_val *value = yyjson_mut_arr_add_obj(doc, list);
    yyjson_mut_obj_add_strncpy(doc, value, "id", id, (size_t)length);
    yyjson_mut_obj_add_val(doc, value, "number", number_value(doc, &section->heading));
    yyjson_mut_obj_add_strn(doc, value, "heading", section->heading.text.length == 0 ? "" : section->heading.text.at,
                            section->heading.text.length);
    yyjson_mut_obj_add_uint(doc, value, "level", section->heading.level);
    yyjson_mut_obj_add_uint(doc, value, "first_line", section->first + 1);
    yyjson_mut_obj_add_uint(doc, value, "body_line", section->body + 1);
    yyjson_mut_obj_add_uint(doc, value, "last_line", section->end);
  }
  hap_log(HAP_DEBUG, "%zu sections in %zu lines", count, lines.count);
  return output;
}
