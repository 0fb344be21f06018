"""A network's or an input's function by name."""

from __future__ import annotations

from typing import Any

import attrs

from ..inputs.errors import BadInput
from ..inputs.usercode import Find, UserCode, load


@attrs.frozen
class UserFunction:
    """A function that a scenario names, as `module:function` or `file.py:function`."""

    code: UserCode

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call it; a signature that does not fit, and whatever it raises, becomes BadInput."""
        function = self.code.value
        name = getattr(function, "__name__", repr(function))
        if options:
            with self.code.running(f"{name}() with the checkpoint's options {', '.join(options)}"):
                return function(*arguments, **options)
        self.code.check_arguments(function, name, arguments)
        with self.code.running(f"{name}()"):
            return function(*arguments)


def load_function(name: str, key: str, find: Find) -> UserFunction:
    """The function that `name` names; `key` is the scenario's, for messages; `find` finds a relative file."""
    code = load(name, key, find, "function")
    if not callable(code.value):
        raise BadInput(f"{name!r} is no function but of type {type(code.value).__name__}", key=key)
    return UserFunction(code)
