/* Counting words: plain C, which `test_count.c` tests on any machine. */
#ifndef COUNT_H
#define COUNT_H

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char *word;
  size_t count;
} word_count_entry;

typedef struct {
  word_count_entry *entries; /* the most frequent first; among equals, the one that came first */
  size_t different;
  size_t words;
} word_counts;

static inline bool word_counts_add(word_counts *counts, char *word) {
  counts->words++;
  size_t at = 0;
  while (at < counts->different && strcmp(counts->entries[at].word, word) != 0) at++;
  if (at == counts->different) {
    word_count_entry *grown = realloc(counts->entries, (at + 1) * sizeof *grown);
    if (grown == NULL) return false;
    counts->entries = grown;
    grown[at] = (word_count_entry){.word = word, .count = 0};
    counts->different++;
  }
  word_count_entry entry = counts->entries[at];
  entry.count++;
  for (; at > 0 && counts->entries[at - 1].count < entry.count; at--) counts->entries[at] = counts->entries[at - 1];
  counts->entries[at] = entry;
  return true;
}

/* Counts the words of a text, which is taken apart for it. False where there is no memory left. */
static inline bool count_words(char *text, word_counts *counts) {
  for (char *word = strtok(text, " \t\r\n"); word != NULL; word = strtok(NULL, " \t\r\n")) {
    for (char *letter = word; *letter != 0; letter++) *letter = (char)tolower((unsigned char)*letter);
    if (!word_counts_add(counts, word)) return false;
  }
  return true;
}

#endif
