/* Reading the numbers of sections. */

#include "number.h"

#include <string.h>

static bool parse_path(slice label, path *path) {
  path->count = 0;
  for (;;) {
    const char *dot = memchr(label.at, '.', label.length);
    slice part = {label.at, dot == NULL ? label.length : (size_t)(dot - label.at)};
    if (part.length > 3 || !is_digits(part) || path->count == PATH_PARTS) return false;
    uint32_t value = 0;
    for (size_t at = 0; at < part.length; at++) value = value * 10 + (uint32_t)(part.at[at] - '0');
    path->parts[path->count++] = value;
    if (dot == NULL) return true;
    label = after(label, part.length + 1);
  }
}

/* A single number needs its dot, or it is the start of a sentence: `11 of the WIPO treaty`. */
static bool parse_bare(slice text, number *number) {
  size_t end = 0;
  while (end < text.length && ((text.at[end] >= '0' && text.at[end] <= '9') || text.at[end] == '.')) end++;
  slice word = {text.at, end}, rest = after(text, end), label = word;
  size_t bytes;
  if (rest.length > 0 && !is_space(first_point(rest, &bytes))) return false;
  if (ends_with_any(label, ".")) label.length--;
  number->kind = KIND_PATH;
  number->label = label;
  number->rest = trim_start(rest);
  return parse_path(label, &number->path) && (number->path.count > 1 || label.length < word.length);
}

/* Whether a word is another, however it is capitalised; `lower` is in small letters of ASCII. */
static bool is_word(slice word, slice lower) {
  if (word.length != lower.length) return false;
  for (size_t at = 0; at < word.length; at++) {
    char c = word.at[at];
    if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != lower.at[at]) return false;
  }
  return true;
}

static bool kind_of(slice word, kind *kind) {
  static const slice sections[] = {S("§"), S("section"), S("clause")};
  static const slice divisions[] = {S("article"), S("part"),  S("chapter"), S("schedule"),
                                    S("exhibit"), S("annex"), S("appendix")};
  for (size_t at = 0; at < sizeof sections / sizeof *sections; at++) {
    *kind = KIND_SECTION;
    if (is_word(word, sections[at])) return true;
  }
  for (size_t at = 0; at < sizeof divisions / sizeof *divisions; at++) {
    *kind = KIND_DIVISION;
    if (is_word(word, divisions[at])) return true;
  }
  return false;
}

static bool is_roman(slice name) {
  for (size_t at = 0; at < name.length; at++) {
    if (memchr("IVXLC", name.at[at], 5) == NULL) return false;
  }
  return name.length > 0;
}

static slice trim_separators(slice rest) {
  static const slice separators[] = {S(":"), S("."), S(")"), S("-"), S("–"), S("—"), S(" "), S("\t")};
  for (size_t at = 0; at < sizeof separators / sizeof *separators; at++) {
    if (!starts_with(rest, separators[at])) continue;
    rest = after(rest, separators[at].length);
    at = (size_t)-1;
  }
  return rest;
}

static bool parse_keyword(slice text, number *number) {
  slice rest;
  slice word = starts_with(text, S("§")) ? (slice){text.at, S("§").length} : first_word(text, &rest);
  size_t bytes;
  /* A word in lower case is running text: `section 7 applies`. */
  if (word.length == text.length || !kind_of(word, &number->kind) || is_lower(first_point(word, &bytes))) return false;
  slice tail = trim_start(after(text, word.length));
  size_t end = 0;
  while (end < tail.length && (unsigned char)tail.at[end] < 0x80 &&
         (is_letter((unsigned char)tail.at[end]) || is_digits((slice){tail.at + end, 1}) || tail.at[end] == '.')) {
    end++;
  }
  slice name = trim_end_of((slice){tail.at, end}, ".");
  bool is_capital = name.length == 1 && name.at[0] >= 'A' && name.at[0] <= 'Z';
  if (!is_roman(name) && !is_capital && !parse_path(name, &number->path)) return false;
  rest = trim_separators(after(tail, end));
  if (rest.length > 0) {
    uint32_t first = first_point(rest, &bytes);
    if (is_lower(first) || first == ',' || first == '(' || first == ';') return false;
  }
  number->word = word;
  number->label = name;
  number->rest = rest;
  return true;
}

bool parse_number(slice text, number *number) { return parse_keyword(text, number) || parse_bare(text, number); }

bool is_child(const path *parent, const path *child) {
  return child->count > parent->count && memcmp(child->parts, parent->parts, parent->count * sizeof(uint32_t)) == 0;
}

bool follows(const path *last, const path *next) {
  size_t parents = next->count - 1;
  uint32_t number = next->parts[parents];
  if (last->count == 0) {
    for (size_t at = 0; at < next->count; at++) {
      if (next->parts[at] > 1) return false;
    }
    return true;
  }
  if (last->count >= parents && memcmp(last->parts, next->parts, parents * sizeof(uint32_t)) == 0) {
    return last->count > parents ? number == last->parts[parents] + 1 : number <= 1;
  }
  /* `2.1` may come right after `1.7`, where chapters have no line of their own. */
  return number == 1 && parents == 1 && next->parts[0] == last->parts[0] + 1;
}
