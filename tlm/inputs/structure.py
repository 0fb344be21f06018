"""From plain values to frozen specs: every fault of a document is found, each with its key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin

import attrs
import cattrs
from cattrs.errors import AttributeValidationNote, BaseValidationError, ForbiddenExtraKeysError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, mapping_structure_factory, override

from .errors import BadInput, shown
from .ranges import OutOfRange
from .units import quantity

KeyPath = tuple[str, ...]
Fault = tuple[KeyPath, BadInput]
Spec = TypeVar("Spec")

#: Metadata of the fields that say where a spec came from: no keys of its document.
ORIGIN = {"origin": True}
MISSING = "is missing"
UNKNOWN = "unknown key"
TYPE_NAMES = {int: "a whole number", bool: "true or false", str: "text", float: "a number"}


def structure(document: Any, spec: type[Spec], also: Iterable[str] = ()) -> tuple[Spec | None, list[Fault]]:
    """The `spec` that `document` describes, or None and every fault in it with the key it is at.

    `also` names keys that the document might have had as well: they are offered for one that is unknown.
    """
    try:
        return CONVERTER.structure(document, spec), []
    except BadInput as error:
        return None, [((), error)]
    except BaseValidationError as group:
        return None, list(_faults(group, (), also))


def hidden(field: attrs.Attribute[Any]) -> bool:
    """Whether a field says where a spec came from and is no key of its document."""
    return "origin" in field.metadata


def known_keys(cls: type) -> list[str]:
    """The keys a mapping for the spec `cls` may have."""
    return [field.name for field in attrs.fields(cls) if not hidden(field)]


def _faults(group: BaseValidationError, path: KeyPath, also: Iterable[str] = ()) -> Iterator[Fault]:
    for error in group.exceptions:
        where = (*path, *_step(error))
        if isinstance(error, BaseValidationError):
            yield from _faults(error, where)
        elif isinstance(error, ForbiddenExtraKeysError):
            yield from (((*path, key), _unknown(error.cl, key, also)) for key in sorted(error.extra_fields))
        elif isinstance(error, KeyError):
            yield where, BadInput(MISSING)
        else:
            yield where, error if isinstance(error, BadInput) else BadInput(str(error))


def _step(error: Exception) -> KeyPath:
    """From a mapping to the fault inside it: the key at which cattrs met it, else the one that it names itself."""
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return (note.name,)
        if isinstance(note, IterableValidationNote):
            return (str(note.index),)
    return (error.key,) if isinstance(error, BadInput) and error.key else ()


def _unknown(cls: type, key: str, also: Iterable[str]) -> BadInput:
    owners = [field.name for field in attrs.fields(cls) if _has_key(field.type, key)]
    message = f"{UNKNOWN}; it belongs to {' or '.join(owners)}" if owners else UNKNOWN
    part, dot, rest = key.partition(".")
    if dot and part in known_keys(cls):
        message += f"; write {part}: {{{rest}: ...}}"
    return BadInput(message, given=key, allowed=[*known_keys(cls), *also])


def _has_key(cls: Any, key: str) -> bool:
    return attrs.has(cls) and key in known_keys(cls)


def _spec_hook(cls: Any) -> Callable[[Any, Any], Any]:
    """A hook for the spec `cls`: one mapping, known keys only, each field of its type and in its range."""
    attrs.resolve_types(cls)
    fields: dict[str, Any] = {
        field.name: override(omit=True) if hidden(field) else override(struct_hook=_field_hook(field))
        for field in attrs.fields(cls)
    }
    build = make_dict_structure_fn(cls, CONVERTER, **fields)

    def hook(value: Any, kind: Any) -> Any:
        if not isinstance(value, Mapping):
            raise BadInput(f"expected a mapping with keys such as {known_keys(cls)[0]!r}, not {shown(value)}")
        return build(value, kind)

    return hook


def _field_hook(field: attrs.Attribute[Any]) -> Callable[[Any, Any], Any]:
    unit = field.metadata.get("unit")

    def hook(given: Any, kind: Any) -> Any:
        if given is None and field.default is None:
            return None
        value = quantity(given, unit) if unit else CONVERTER.structure(given, kind)
        if field.validator:
            _validate(field, value, given)
        return value

    return hook


def _validate(field: attrs.Attribute[Any], value: Any, given: Any) -> None:
    """Run the field's validator, whose message then says what was `given` as it was written."""
    try:
        field.validator(None, field, value)  # type: ignore[misc]
    except OutOfRange as error:
        raise OutOfRange(error.bound, shown(given)) from None


def _scalar_hook(value: Any, kind: Any) -> Any:
    """The value where it is of its type: 4.0 is no whole number, nor is true; a whole one is a number."""
    if type(value) is not kind and (type(value), kind) != (int, float):
        raise BadInput(f"expected {TYPE_NAMES[kind]}, not {shown(value)}")
    return kind(value)


def _literal_hook(value: Any, kind: Any) -> Any:
    allowed = get_args(kind)
    if value not in allowed:
        raise BadInput(f"not {shown(value)}", given=value if isinstance(value, str) else None, allowed=allowed)
    return value


def _text_or_mapping_hook(value: Any, _kind: Any) -> Any:
    if value is not None and not isinstance(value, (str, Mapping)):
        raise BadInput(f"expected text or a mapping, not {shown(value)}")
    return dict(value) if isinstance(value, Mapping) else value


def _mapping_hook(kind: Any) -> Callable[[Any, Any], Any]:
    """A hook for a dict of any keys: each value of its type."""
    build = mapping_structure_factory(kind, CONVERTER)

    def hook(value: Any, _kind: Any) -> Any:
        if not isinstance(value, Mapping):
            raise BadInput(f"expected a mapping, not {shown(value)}")
        return build(value, kind)

    return hook


def _text_or_mapping(kind: Any) -> bool:
    parts = get_args(kind) if isinstance(kind, UnionType) else ()
    return str in parts and any(_origin(part) is dict for part in parts)


def _origin(kind: Any) -> Any:
    return get_origin(kind)


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind in TYPE_NAMES:
        converter.register_structure_hook(kind, _scalar_hook)
    converter.register_structure_hook_func(lambda kind: _origin(kind) is Literal, _literal_hook)
    converter.register_structure_hook_func(_text_or_mapping, _text_or_mapping_hook)
    converter.register_structure_hook_factory(lambda kind: _origin(kind) is dict, _mapping_hook)
    converter.register_structure_hook_factory(attrs.has, _spec_hook)
    return converter


CONVERTER = _converter()
