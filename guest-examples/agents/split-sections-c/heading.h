/* Whether a section begins on a line, and with what heading. */
#ifndef HEADING_H
#define HEADING_H

#include "number.h"

/* What stands at the beginning of a section. */
typedef struct {
  bool has_number;
  number number;
  slice text;
  unsigned level; /* 1 for the outermost */
  size_t lines;   /* how many it takes; 0 where the section's text follows on the same line */
} heading;

/* The document, and what its headings up to now say about the next. */
typedef struct {
  lines lines;
  bool is_markdown;
  bool has_divisions;
  path last_path;
  size_t offset;        /* how much deeper than its number says a clause is, because of its marked parents */
  size_t after_heading; /* the line after the last heading */
} seen;

seen begin(lines lines);
/* The heading that begins on a line, where one does. */
bool heading_at(seen *seen, size_t index, heading *heading);

#endif
