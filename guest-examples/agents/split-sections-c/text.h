/* Pieces of text and lines. A slice points into the document: nothing of it is copied while it is scanned. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const char *at;
  size_t length;
} slice;

/* A line without decoration. */
typedef struct {
  size_t indent; /* bytes before the text */
  slice text;    /* without indentation, quotation marks of Markdown, and the frame of boxed text */
  bool is_code;  /* inside a fenced code block of Markdown, or one of its fences */
} line;

typedef struct {
  line *at;
  size_t count;
} lines;

/* A slice of a literal. */
#define S(literal) ((slice){literal, sizeof literal - 1})

slice after(slice text, size_t bytes);
bool equals(slice text, slice other);
bool starts_with(slice text, slice prefix);
bool ends_with_any(slice text, const char *characters); /* in ASCII */
bool contains_any(slice text, const char *characters);  /* in ASCII */
bool contains(slice text, slice part);
slice trim_start(slice text);
slice trim_end(slice text);
slice trim(slice text);
slice trim_end_of(slice text, const char *characters); /* in ASCII */

/* The code point at the start of a text that is not empty, and its length in bytes. */
uint32_t first_point(slice text, size_t *bytes);
size_t count_points(slice text);
/* The first word, up to white space; `*rest` begins with that space. */
slice first_word(slice text, slice *rest);
bool is_upper(uint32_t point);
bool is_lower(uint32_t point);
bool is_letter(uint32_t point);
bool is_space(uint32_t point);
bool is_digits(slice text); /* one or more, in ASCII */

lines lines_of(slice text);
/* Nothing to read: empty, or a ruler such as `-----`. */
bool is_blank(const line *line);
bool is_ruler(const line *line);
/* Whether a text starts with a list marker: `-`, `(a)`, `iv)`, `3.` or `4.2`; never a bare number. */
bool has_marker(slice text);

#endif
