/* The forms of headings: of Markdown, numbered, and bare. */

#include "heading.h"

#include <stdlib.h>
#include <string.h>

#include <hap.h>

enum {
  HEADING_CHARACTERS = 120, /* a heading has one or two lines and no more text than this */
  BARE_CHARACTERS = 70,
  CENTRED = 10, /* a line that starts this far in is centred */
};

static bool is_in(slice word, const slice *words, size_t count) {
  for (size_t at = 0; at < count; at++) {
    if (equals(word, words[at])) return true;
  }
  return false;
}

/* What a title in English does not capitalise. */
static bool is_small_word(slice word) {
  static const slice words[] = {S("a"),  S("an"), S("and"), S("as"), S("at"),   S("by"),  S("for"),  S("from"), S("in"),
                                S("its"), S("of"), S("on"),  S("or"), S("that"), S("the"), S("this"), S("to"),
                                S("under"), S("with")};
  return is_in(word, words, sizeof words / sizeof *words);
}

/* What makes a short clause say something, so that it is text and no heading. */
static bool is_verb(slice word) {
  static const slice words[] = {S("agrees"), S("may"), S("means"), S("must"), S("shall"), S("will")};
  return is_in(word, words, sizeof words / sizeof *words);
}

/* `Revised Versions of this License`. */
static bool is_title_case(slice text) {
  size_t words = 0, bytes;
  for (text = trim_start(text); text.length > 0; text = trim_start(text)) {
    slice word = first_word(text, &text);
    uint32_t first = first_point(word, &bytes);
    if (words == 0 && !is_letter(first)) continue;
    if (words == 0 ? !is_upper(first) : is_lower(first) && !is_small_word(word)) return false;
    if (++words > 10) return false;
  }
  return words > 0;
}

static const line *line_at(const seen *seen, size_t index) {
  return index < seen->lines.count ? &seen->lines.at[index] : NULL;
}

static bool is_blank_before(const seen *seen, size_t index) {
  if (index == 0) return true;
  const line *before = line_at(seen, index - 1);
  return is_blank(before) || before->is_code;
}

/* Nothing but a blank line, code or a heading stands right before the line. */
static bool is_free(const seen *seen, size_t index) {
  return index == seen->after_heading || is_blank_before(seen, index);
}

/* A heading of Markdown: its text and level. */
static bool parse_atx(const line *line, slice *text, unsigned *level) {
  slice rest = line->text;
  while (starts_with(rest, S("#"))) rest = after(rest, 1);
  *level = (unsigned)(line->text.length - rest.length);
  *text = trim(rest);
  return *level >= 1 && *level <= 6 && starts_with(rest, S(" ")) && line->indent < 4 && !line->is_code;
}

/* `## Heading`, or a heading with a line of `===` or `---` below. */
static bool parse_marked(const seen *seen, size_t index, slice *text, unsigned *level, size_t *lines) {
  const line *line = line_at(seen, index), *next = line_at(seen, index + 1);
  *lines = 1;
  if (parse_atx(line, text, level)) return true;
  if (next == NULL || !is_ruler(next) || (next->text.at[0] != '=' && next->text.at[0] != '-')) return false;
  *text = line->text;
  *level = next->text.at[0] == '=' ? 1 : 2;
  *lines = 2;
  /* Front matter stands between two rulers at the very start. */
  bool is_front_matter = index == 1 && is_ruler(line_at(seen, 0));
  return is_free(seen, index) && !is_front_matter;
}

/* A paragraph short enough to be a heading, on one line, and how many lines it had. */
static bool short_paragraph(const seen *seen, size_t index, slice *text, size_t *count) {
  const line *line = line_at(seen, index), *next = line_at(seen, index + 1), *third = line_at(seen, index + 2);
  *count = next == NULL || is_blank(next) ? 1 : third == NULL || is_blank(third) ? 2 : 3;
  /* The next line may begin something else, for example the first clause below a heading. */
  if (*count > 1 && has_marker(next->text)) *count = 1;
  if (*count > 2) return false;
  *text = line->text;
  if (*count == 2) {
    char *joined = malloc(line->text.length + 1 + next->text.length);
    if (joined == NULL) hap_panic("out of memory");
    memcpy(joined, line->text.at, line->text.length);
    joined[line->text.length] = ' ';
    memcpy(joined + line->text.length + 1, next->text.at, next->text.length);
    *text = (slice){joined, line->text.length + 1 + next->text.length};
  }
  for (slice rest = *text; rest.length > 0;) {
    const char *space = memchr(rest.at, ' ', rest.length);
    size_t length = space == NULL ? rest.length : (size_t)(space - rest.at);
    if (is_verb((slice){rest.at, length})) return false;
    rest = after(rest, space == NULL ? length : length + 1);
  }
  return !ends_with_any(*text, ";:,") && (!ends_with_any(*text, ".") || is_title_case(*text)) &&
         count_points(*text) <= HEADING_CHARACTERS;
}

/* Whether a line with a number begins a clause, and not an item of a list or a line of running text. */
static bool is_clause(const seen *seen, size_t index, const path *path) {
  const line *next = line_at(seen, index + 1);
  number number;
  bool has_child =
      next != NULL && parse_number(next->text, &number) && number.kind == KIND_PATH && is_child(path, &number.path);
  if (path->count == 1) {
    bool is_item = next != NULL && has_marker(next->text) && !has_child;
    bool restarts = path->parts[0] == 1 && seen->has_divisions;
    return !seen->is_markdown && !is_item && (is_free(seen, index) || has_child) &&
           (restarts || follows(&seen->last_path, path));
  }
  bool ends_sentence = index > 0 && ends_with_any(line_at(seen, index - 1)->text, ".;:");
  return is_free(seen, index) || (follows(&seen->last_path, path) && (has_child || ends_sentence));
}

/* Takes a heading apart, gives it its level, and remembers its number. `marked` is the level of Markdown, or 0. */
static heading accept(seen *seen, slice text, unsigned marked, size_t lines) {
  heading heading = {.lines = lines};
  heading.has_number = parse_number(text, &heading.number);
  size_t level = marked == 0 ? 1 : marked;
  slice rest = text;
  if (heading.has_number) {
    const number *number = &heading.number;
    rest = number->rest;
    switch (number->kind) {
      case KIND_PATH:
        seen->last_path = number->path;
        if (marked != 0) seen->offset = marked > number->path.count ? marked - number->path.count : 0;
        level = number->path.count + seen->offset;
        break;
      case KIND_SECTION:
        if (marked == 0 && seen->has_divisions) level = 2;
        break;
      case KIND_DIVISION:
        seen->has_divisions = true;
        break;
    }
  }
  heading.text = trim(trim_end_of(trim_end_of(rest, "# "), "."));
  heading.level = level > 9 ? 9 : (unsigned)level;
  return heading;
}

/* `4. Payment`, `5.1 The Supplier shall …`, `ARTICLE IV`. */
static bool parse_numbered(seen *seen, size_t index, heading *heading) {
  slice text = line_at(seen, index)->text, joined;
  number number;
  if (!parse_number(text, &number)) return false;
  size_t lines;
  bool is_short = short_paragraph(seen, index, &joined, &lines);
  /* A word and a number alone may also begin a sentence that goes on below. */
  bool is_section = number.kind == KIND_PATH ? is_clause(seen, index, &number.path)
                                             : is_free(seen, index) && (is_short || number.rest.length > 0);
  if (!is_section) return false;
  *heading = is_short ? accept(seen, joined, 0, lines)
                      : accept(seen, (slice){text.at, text.length - number.rest.length}, 0, 0);
  return true;
}

/* A line on its own, in capitals, in title case or centred. */
static bool parse_bare(const seen *seen, size_t index, heading *found) {
  const line *line = line_at(seen, index), *next = line_at(seen, index + 1);
  slice text = line->text;
  bool next_is_free = next == NULL || is_blank(next) || next->indent >= CENTRED;
  bool is_sentence = ends_with_any(text, ".,;:!?") || contains_any(text, "<@/|=");
  /* A blank line and not just a heading: the second line of a centred title is no heading of its own. */
  if (seen->is_markdown || !is_blank_before(seen, index) || !next_is_free || is_sentence ||
      count_points(text) > BARE_CHARACTERS || has_marker(text)) {
    return false;
  }
  size_t letters = 0, capitals = 0, bytes;
  for (slice rest = text; rest.length > 0; rest = after(rest, bytes)) {
    uint32_t point = first_point(rest, &bytes);
    letters += is_letter(point);
    capitals += is_letter(point) && is_upper(point);
  }
  bool is_title = line->indent < 4 && !contains_any(text, ",\"") && !contains(text, S("“")) && is_title_case(text);
  *found = (heading){.text = text, .level = 1, .lines = 1};
  return letters > 1 && (capitals == letters || line->indent >= CENTRED || is_title);
}

seen begin(lines lines) {
  seen seen = {.lines = lines};
  for (size_t index = 0; index < lines.count && !seen.is_markdown; index++) {
    slice text;
    unsigned level;
    seen.is_markdown = parse_atx(&lines.at[index], &text, &level);
  }
  return seen;
}

bool heading_at(seen *seen, size_t index, heading *heading) {
  const line *line = line_at(seen, index);
  if (is_blank(line) || line->is_code) return false;
  slice text;
  unsigned level;
  size_t lines;
  if (parse_marked(seen, index, &text, &level, &lines)) {
    *heading = accept(seen, text, level, lines);
  } else if (!parse_numbered(seen, index, heading) && !parse_bare(seen, index, heading)) {
    return false;
  }
  seen->after_heading = index + heading->lines;
  return true;
}
