"""Where a service's code failed can be sent and told again."""

from __future__ import annotations

from msa_lab.runtime.blame import HandlerFailed, by_service, kind_of, places_of, told, words_of


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError


def failing(error: BaseException, module: str = "services.cart.handlers") -> BaseException:
    code = compile("def add(error):\n    raise error\n", "/shop/handlers.py", "exec")
    names: dict[str, object] = {"__name__": module}
    exec(code, names)  # noqa: S102 - code of a module that need not be there
    try:
        names["add"](error)  # type: ignore[operator] # it is a function
    except BaseException as raised:  # noqa: BLE001 - whatever it was given
        return raised
    raise AssertionError


def test_a_failure_that_was_sent_names_kind_words_and_place() -> None:
    sent = HandlerFailed(*told("cart-1", failing(KeyError("shelf 9"))))

    assert (kind_of(sent), words_of(sent)) == ("KeyError", "KeyError: 'shelf 9'")
    assert places_of(sent)[0] == ("services.cart.handlers", "/shop/handlers.py", 2, "add")
    assert "in cart-1" in str(sent)
    assert "line 2, in add" in str(sent)


def test_a_failure_can_be_sent_on_without_loss() -> None:
    sent = HandlerFailed(*told("cart-1", failing(KeyError("shelf 9"))))

    again = HandlerFailed(*told("cart-1", sent))

    assert (again.kind, again.words, again.places) == (sent.kind, sent.words, sent.places)


def test_what_cannot_be_said_or_written_is_told_all_the_same() -> None:
    assert words_of(failing(Mute())) == "Mute: (it cannot say what)"
    assert told("cart-1", failing(KeyError("\ud800")))[2].encode()


def test_only_what_code_of_a_service_raised_itself_is_its_own() -> None:
    assert by_service(failing(SystemExit()))
    assert not by_service(failing(SystemExit(), "msa_lab.sdk.saga"))
    assert not by_service(SystemExit())
