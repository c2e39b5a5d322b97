/* cc -o build/test_count test_count.c && build/test_count */

#include "count.h"

#undef NDEBUG
#include <assert.h>
#include <stdio.h>

int main(void) {
  char text[] = "the cat and The dog";
  word_counts counts = {0};
  assert(count_words(text, &counts));
  assert(counts.words == 5 && counts.different == 4);
  assert(strcmp(counts.entries[0].word, "the") == 0 && counts.entries[0].count == 2);

  char blank[] = " \n";
  word_counts none = {0};
  assert(count_words(blank, &none) && none.words == 0);
  puts("good");
  return 0;
}
