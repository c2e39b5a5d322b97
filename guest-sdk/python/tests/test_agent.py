"""What an agent does, against the fake host."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from hap_guest import Context, Failed, InvalidInput, Unavailable, agent, log, progress, resources, testing
from hap_guest.log import Handler


@dataclass
class Input:
    text: str
    limit: int = 3


@dataclass
class Output:
    words: list[str]


@agent(version="1.2.3", read_only=True)
def first_words(input: Input, cx: Context) -> Output:
    """Gives the first words
    of a text.

    More about it.
    """
    return Output(input.text.split()[: input.limit])


def test_the_manifest_comes_from_the_function():
    assert (first_words.name, first_words.version) == ("first-words", "1.2.3")
    assert first_words.description == "Gives the first words of a text."
    assert (first_words.read_only, first_words.idempotent) == (True, False)


def test_a_dataclass_comes_in_and_goes_out():
    call = testing.invoke(first_words, {"text": "a b c d", "other": 1})
    assert call.output == {"words": ["a", "b", "c"]}
    # The function itself is still there.
    assert first_words(Input("x y", 1), None) == Output(["x"])


def test_a_context_that_does_not_fit_names_the_place():
    call = testing.invoke(first_words, {"text": 5})
    assert call.error.kind == "invalid-input"
    assert call.error.message == "`context` does not fit at `text`: expected a string, got the number 5"
    assert call.error.details == '{"part":"context","path":"text"}'


def test_params_fit_a_type_and_an_unknown_key_is_an_error():
    @dataclass
    class Params:
        top: int = 5

    @agent
    def params(input: dict, cx: Context) -> dict:
        return {"top": cx.params(Params).top, "raw": cx.params()}

    assert testing.invoke(params, {}, {"top": 2}).output == {"top": 2, "raw": {"top": 2}}
    error = testing.invoke(params, {}, {"tpo": 2}).error
    assert error.kind == "invalid-input"
    assert error.message == "`params` does not fit at `tpo`: unknown key (known: `top`)"


@pytest.mark.parametrize(
    ("error", "kind", "details", "retry_after_ms"),
    [
        (InvalidInput("no", details={"a": 1}), "invalid-input", '{"a":1}', None),
        (Unavailable("no", retry_after=1.5), "unavailable", None, 1500),
        (Unavailable("no", retry_after=timedelta(minutes=1)), "unavailable", None, 60_000),
        (Unavailable("no"), "unavailable", None, None),
        (Failed("no", details=object()), "failed", '{"details_error":"a value of type object is not JSON"}', None),
    ],
)
def test_the_class_of_an_error_is_its_kind(error, kind, details, retry_after_ms):
    @agent
    def fails(input: dict) -> dict:
        raise error

    failure = testing.invoke(fails, {}).error
    assert (failure.kind, failure.message) == (kind, "no")
    assert (failure.details, failure.retry_after_ms) == (details, retry_after_ms)


def failing(raise_it):
    @agent(name="fails")
    def fails(input: dict) -> Any:
        return raise_it()

    return testing.invoke(fails, {}).error


def test_any_other_exception_is_a_failure_with_place_and_traceback():
    def read():
        try:
            int("x")
        except ValueError as error:
            raise LookupError("no such line") from error

    failure = failing(read)
    assert failure.kind == "failed"
    assert failure.message.startswith("LookupError: no such line (test_agent.py:")
    for part in ('"exception":"LookupError"', "invalid literal for int()", "direct cause", "in read"):
        assert part in failure.details
    assert "hap_guest" not in failure.details


def test_a_missing_module_says_when_modules_are_loaded():
    failure = failing(lambda: __import__("no_such_module"))
    assert "No module named 'no_such_module'" in failure.message
    assert "loaded when the component is built" in failure.message


def test_leaving_the_process_is_a_failure():
    assert "sys.exit(3)" in failing(lambda: exit(3)).message


def test_a_long_traceback_keeps_its_end_and_fits():
    def endless():
        return endless()

    failure = failing(endless)
    assert "RecursionError" in failure.message

    def long():
        raise ValueError("é" * 100_000)

    failure = failing(long)
    assert len(failure.details.encode()) <= 8_000
    assert len(failure.message.encode()) <= 8_000


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"a": [1, {"b": float("nan")}]}, "nan at `a[1].b` is no JSON number"),
        ({"a": object()}, "a value of type object is not JSON at `a`"),
        ({"a": "\ud800"}, "the string at `a` is not Unicode: surrogates not allowed at 0"),
        ({(1, 2): 3}, "a key is a tuple, and the keys of JSON are strings"),
    ],
)
def test_an_output_that_is_not_json_names_the_place(output, message):
    assert failing(lambda: output).message == f"the output is not JSON: {message}"


def test_an_output_that_contains_itself_is_a_failure():
    circle: list = []
    circle.append(circle)
    assert failing(lambda: circle).message.startswith("the output is not JSON: ")


def test_log_progress_and_documents_reach_the_host():
    @agent
    def tells(input: dict, cx: Context) -> dict:
        log.info("read", parts=3, strange=object)
        progress.status("half")
        progress.fraction(0.5)
        progress.partial(Output(["a"]))
        with resources.open("a.md") as document:
            first = document.readline().decode()
        return {"first": first, "all": resources.read_text("a.md"), "names": [e.name for e in resources.list()]}

    call = testing.invoke(tells, {}, resources={"b": b"", "a.md": "é\n" * 50_000}, attempt=2)
    assert call.output == {"first": "é\n", "all": "é\n" * 50_000, "names": ["a.md", "b"]}
    assert call.records == [testing.Record("info", "read", {"parts": 3, "strange": "<class 'object'>"})]
    assert call.updates == [("status", "half"), ("fraction", 0.5), ("partial", {"words": ["a"]})]


def test_a_document_that_is_not_there_is_an_error_that_names_it():
    failure = failing(lambda: resources.read_text("b.md"))
    assert failure.message.startswith("FileNotFoundError: resource `b.md` does not exist or is not granted")


def test_the_call_can_be_told_apart():
    @agent
    def tells(input: dict, cx: Context) -> list:
        return [cx.run_id, cx.node, cx.operation_id, cx.attempt, cx.is_cancelled, str(cx.remaining)]

    call = testing.invoke(tells, {}, attempt=2, cancelled=True, remaining_ms=1500)
    assert call.output == ["run", "node", "run/node", 2, True, "0:00:01.500000"]


def test_the_module_logging_arrives_with_its_traceback():
    @agent
    def logs(input: dict) -> None:
        logger = logging.Logger("my.module")
        logger.addHandler(Handler())
        logger.warning("%d left", 2)
        try:
            raise ValueError("no")
        except ValueError:
            logger.exception("it failed")

    first, second = testing.invoke(logs, {}).records
    assert first == testing.Record("warn", "2 left", {"logger": "my.module"})
    assert (second.level, second.message) == ("error", "it failed")
    assert second.fields["traceback"].endswith("ValueError: no\n")


def test_an_agent_that_no_host_accepts_is_refused_where_it_is_made():
    with pytest.raises(ValueError, match="kebab-case"):
        agent(name="Find_Terms")(lambda input: None)
    with pytest.raises(ValueError, match="three numbers"):
        agent(name="a", version="1")(lambda input: None)
    with pytest.raises(TypeError, match="takes 0 arguments"):
        agent(name="a")(lambda: None)
    with pytest.raises(TypeError, match="the input of `f`.*complex.*no type that JSON can serve"):

        @agent
        def f(input: complex) -> None: ...

    with pytest.raises(TypeError, match="`async`"):

        @agent
        async def g(input: dict) -> None: ...
