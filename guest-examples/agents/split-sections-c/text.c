/* Slices, UTF-8, and the lines of a document. */

#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include <hap.h>

slice after(slice text, size_t bytes) { return (slice){text.at + bytes, text.length - bytes}; }

bool equals(slice text, slice other) {
  return text.length == other.length && memcmp(text.at, other.at, other.length) == 0;
}

bool starts_with(slice text, slice prefix) {
  return text.length >= prefix.length && memcmp(text.at, prefix.at, prefix.length) == 0;
}

static bool is_one_of(char character, const char *characters) {
  return character != '\0' && strchr(characters, character) != NULL;
}

bool ends_with_any(slice text, const char *characters) {
  return text.length > 0 && is_one_of(text.at[text.length - 1], characters);
}

bool contains_any(slice text, const char *characters) {
  for (size_t at = 0; at < text.length; at++) {
    if (is_one_of(text.at[at], characters)) return true;
  }
  return false;
}

bool contains(slice text, slice part) {
  for (size_t at = 0; at + part.length <= text.length; at++) {
    if (memcmp(text.at + at, part.at, part.length) == 0) return true;
  }
  return false;
}

uint32_t first_point(slice text, size_t *bytes) {
  const unsigned char *at = (const unsigned char *)text.at;
  /* JSON that the host hands out is UTF-8, so the bytes that follow are there. */
  *bytes = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
  if (*bytes == 1) return at[0];
  uint32_t point = at[0] & (0xff >> (*bytes + 1));
  for (size_t index = 1; index < *bytes; index++) point = point << 6 | (at[index] & 0x3f);
  return point;
}

static uint32_t last_point(slice text, size_t *bytes) {
  size_t start = text.length - 1;
  while (start > 0 && ((unsigned char)text.at[start] & 0xc0) == 0x80) start--;
  return first_point(after(text, start), bytes);
}

size_t count_points(slice text) {
  size_t count = 0;
  for (size_t at = 0; at < text.length; at++) count += ((unsigned char)text.at[at] & 0xc0) != 0x80;
  return count;
}

/* White_Space of Unicode. */
bool is_space(uint32_t point) {
  return (point >= 0x09 && point <= 0x0d) || point == 0x20 || point == 0x85 || point == 0xa0 || point == 0x1680 ||
         (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 || point == 0x202f ||
         point == 0x205f || point == 0x3000;
}

/* The C library's tables of Unicode, which do not depend on a locale. */
bool is_upper(uint32_t point) { return iswupper(point); }
bool is_lower(uint32_t point) { return iswlower(point); }
bool is_letter(uint32_t point) { return iswalpha(point) && !(point >= '0' && point <= '9'); }

slice trim_start(slice text) {
  size_t bytes;
  while (text.length > 0 && is_space(first_point(text, &bytes))) text = after(text, bytes);
  return text;
}

slice trim_end(slice text) {
  size_t bytes;
  while (text.length > 0 && is_space(last_point(text, &bytes))) text.length -= bytes;
  return text;
}

slice trim(slice text) { return trim_end(trim_start(text)); }

slice trim_end_of(slice text, const char *characters) {
  while (ends_with_any(text, characters)) text.length--;
  return text;
}

slice first_word(slice text, slice *rest) {
  *rest = text;
  size_t bytes;
  while (rest->length > 0 && !is_space(first_point(*rest, &bytes))) *rest = after(*rest, bytes);
  return (slice){text.at, text.length - rest->length};
}

bool is_digits(slice text) {
  for (size_t at = 0; at < text.length; at++) {
    if (text.at[at] < '0' || text.at[at] > '9') return false;
  }
  return text.length > 0;
}

static line line_of(slice raw) {
  slice text = trim_start(raw);
  size_t indent = raw.length - text.length;
  text = trim_end(text);
  while (starts_with(text, S(">"))) text = trim_start(after(text, 1));
  if (text.length >= 4 && starts_with(text, S("* ")) && memcmp(text.at + text.length - 2, " *", 2) == 0) {
    text = trim((slice){text.at + 2, text.length - 4});
  }
  return (line){.indent = indent, .text = text};
}

/* A fence without its partner opens nothing: else a stray one would hide the rest of the document. */
static void mark_code(lines *lines) {
  line *open = NULL;
  for (line *line = lines->at; line < lines->at + lines->count; line++) {
    if (!starts_with(line->text, S("```"))) continue;
    if (open == NULL) {
      open = line;
      continue;
    }
    for (; open <= line; open++) open->is_code = true;
    open = NULL;
  }
}

lines lines_of(slice text) {
  size_t most = 1;
  for (size_t at = 0; at < text.length; at++) most += text.at[at] == '\n';
  lines lines = {.at = calloc(most, sizeof(line))};
  if (lines.at == NULL) hap_panic("no memory for %zu lines", most);
  while (text.length > 0) {
    const char *end = memchr(text.at, '\n', text.length);
    size_t length = end == NULL ? text.length : (size_t)(end - text.at);
    lines.at[lines.count++] = line_of((slice){text.at, length});
    text = after(text, end == NULL ? length : length + 1);
  }
  mark_code(&lines);
  return lines;
}

bool is_ruler(const line *line) {
  slice text = line->text;
  if (text.length < 3 || !is_one_of(text.at[0], "-=_*~#")) return false;
  for (size_t at = 1; at < text.length; at++) {
    if (text.at[at] != text.at[0]) return false;
  }
  return true;
}

bool is_blank(const line *line) { return line->text.length == 0 || is_ruler(line); }

/* `4.2`, `1.10.3`: two or more numbers with dots between. */
static bool is_number_path(slice text) {
  size_t parts = 0;
  for (;;) {
    const char *dot = memchr(text.at, '.', text.length);
    slice part = {text.at, dot == NULL ? text.length : (size_t)(dot - text.at)};
    if (part.length > 3 || !is_digits(part)) return false;
    parts++;
    if (dot == NULL) return parts >= 2;
    text = after(text, part.length + 1);
  }
}

static bool consists_of(slice text, const char *characters) {
  for (size_t at = 0; at < text.length; at++) {
    if (!is_one_of(text.at[at], characters)) return false;
  }
  return text.length > 0;
}

bool has_marker(slice text) {
  static const slice bullets[] = {S("-"), S("*"), S("+"), S("•"), S("–"), S("—"), S("·"), S("◦"), S("▪")};
  slice rest;
  slice word = first_word(text, &rest);
  if (rest.length == 0) return false;
  for (size_t at = 0; at < sizeof bullets / sizeof *bullets; at++) {
    if (equals(word, bullets[at])) return true;
  }
  slice inner = word;
  while (starts_with(inner, S("("))) inner = after(inner, 1);
  inner = trim_end_of(inner, ").:");
  if (is_number_path(inner)) return true;
  if (inner.length == word.length || ends_with_any(word, "(")) return false;
  /* A letter with a dot alone is likelier the end of a sentence. */
  bool is_one_letter = inner.length == 1 && is_letter((unsigned char)inner.at[0]);
  bool is_roman = inner.length <= 5 && consists_of(inner, "ivxlIVXL");
  return (inner.length <= 3 && is_digits(inner)) || (contains_any(word, ")") && (is_one_letter || is_roman));
}
