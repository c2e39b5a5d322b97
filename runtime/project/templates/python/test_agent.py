from hap_guest import testing

from agent import word_count


def test_frequent_words_come_first():
    call = testing.invoke(word_count, {"text": "the cat and the dog"}, {"top": 1})
    assert call.output == {"words": 5, "frequent": ["the"]}
    assert call.records[0].message == "4 different words"


def test_a_text_without_words_is_refused():
    call = testing.invoke(word_count, {"text": " "})
    assert call.error.kind == "invalid-input"
