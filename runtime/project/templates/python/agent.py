"""Counts the words of a text."""

from collections import Counter
from dataclasses import dataclass

from hap_guest import Context, InvalidInput, agent, log


@dataclass
class Input:
    """The keys of the context that the agent reads."""

    text: str


@dataclass
class Params:
    """The node's settings: `params` in the graph."""

    top: int = 10


@dataclass
class Output:
    """The keys that the agent writes."""

    words: int
    frequent: list[str]


@agent(name="word-count", version="0.1.0", read_only=True, idempotent=True)
def word_count(input: Input, cx: Context) -> Output:
    """Counts the words of a text."""
    params = cx.params(Params)
    words = input.text.lower().split()
    if not words:
        raise InvalidInput("`text` has no words: pass some text")
    counts = Counter(words)
    log.debug(f"{len(counts)} different words")
    return Output(words=len(words), frequent=[word for word, _ in counts.most_common(params.top)])
