/* The number of a section: `4.`, `5.1`, `Section 4`, `ARTICLE IV`, `Schedule A`. */
#ifndef NUMBER_H
#define NUMBER_H

#include "text.h"

enum { PATH_PARTS = 16 };

/* `5.1` as numbers. */
typedef struct {
  uint32_t parts[PATH_PARTS];
  size_t count;
} path;

typedef enum {
  KIND_PATH,     /* `4.` or `5.1` */
  KIND_SECTION,  /* `Section 4`, `§ 4`, `Clause 4` */
  KIND_DIVISION, /* `ARTICLE IV`, `Schedule A`: what holds sections, or stands beside them */
} kind;

typedef struct {
  kind kind;
  path path;   /* of KIND_PATH */
  slice word;  /* of KIND_DIVISION: `ARTICLE` */
  slice label; /* as written, without the final dot and the word */
  slice rest;  /* the rest of the line */
} number;

/* The number at the start of a line, where there is one. */
bool parse_number(slice text, number *number);

/* Whether `next` may follow `last` in a document that counts without gaps: a child, a sibling, or the next after a
 * parent. */
bool follows(const path *last, const path *next);

bool is_child(const path *parent, const path *child);

#endif
