"""What type checkers see: public names say their types, and the package comes with its marker."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

import ellar_db
from ellar_db import env, hookspecs, hooktypes, library, options, testing

MODULES: dict[ModuleType, list[str]] = {
    ellar_db: list(ellar_db.__all__),
    library: list(library.__all__),
    testing: list(testing.__all__),
    **{
        module: [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        for module in (env, hookspecs, hooktypes, options)
    },
}

NAMES = [(module.__name__, name) for module, names in MODULES.items() for name in names if not name.startswith("_")]

GENERIC = {"Column", "TypeEngine"}
"""SQLAlchemy's generics, in whose brackets Any means one of any type."""

ALLOWED = {
    "plugin_option": "an option has the type that its plugin gave it, which no signature knows",
    "Run.state": "a plugin keeps values of its own there, and knows their types",
    "Rule.applies": "it gets a Dialect, which is defined above the module of Rule",
    "Setting.check": "it gets a value of the type that it annotates",
    "Dialect.renumbered": "it gets what `numbering` of the same class has returned",
    "Dialect.compare_type": "it is Alembic's option, a function with parameters that Alembic doesn't type",
    "OverridingCommand.make_context": "click passes on what it was given",
}
"""Where Any stays, and why."""


def anys(annotation: object) -> bool:
    """Return whether an annotation says Any, other than in a generic's brackets."""
    if not isinstance(annotation, str):
        annotation = inspect.formatannotation(annotation)
    tree = ast.parse(annotation, mode="eval")
    inside = {
        id(name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in GENERIC
        for name in ast.walk(node.slice)
    }
    # a generic without brackets is one of Any
    bare = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in {"dict", "list", "tuple", "Mapping", "Sequence", "Callable"}
    } - {
        node.value.id for node in ast.walk(tree) if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
    }
    said = any(
        (isinstance(node, ast.Name) and node.id == "Any") or (isinstance(node, ast.Attribute) and node.attr == "Any")
        for node in ast.walk(tree)
        if id(node) not in inside
    )
    return said or bool(bare)


def annotated(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield each annotation of a public name, with where it is."""
    if isinstance(value, type):
        for kind in value.__mro__:
            if not kind.__module__.startswith("ellar_db"):
                continue
            for field, annotation in inspect.get_annotations(kind).items():
                if not field.startswith("_"):
                    yield f"{name}.{field}", annotation
            for attribute, member in vars(kind).items():
                if attribute == "__init__" and is_dataclass(kind):
                    continue
                if not attribute.startswith("_") or attribute in ("__init__", "__call__", "__getattr__", "__getitem__"):
                    yield from annotated(f"{name}.{attribute}", member)
        return
    for function in (
        [value.fget, value.fset] if isinstance(value, property) else [inspect.unwrap(getattr(value, "__func__", value))]
    ):
        if isinstance(function, FunctionType) and function.__module__.startswith("ellar_db"):
            for annotation in function.__annotations__.values():
                yield name, annotation


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_public_name_says_its_types(module: str, name: str) -> None:
    value = getattr(importlib.import_module(module), name)

    vague = {where for where, annotation in annotated(name, value) if anys(annotation)}

    assert vague - ALLOWED.keys() == set()


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_public_function_has_annotations(module: str, name: str) -> None:
    value = getattr(importlib.import_module(module), name)
    if isinstance(value, FunctionType):
        signature = inspect.signature(value)

        assert signature.return_annotation is not inspect.Signature.empty
        assert [each for each in signature.parameters.values() if each.annotation is inspect.Parameter.empty] == []


def test_what_may_stay_vague_is_so() -> None:
    every = {
        where
        for module, name in NAMES
        for where, annotation in annotated(name, getattr(importlib.import_module(module), name))
        if anys(annotation)
    }

    assert every == ALLOWED.keys()


@pytest.mark.parametrize("annotation", ["Any", "Mapping[str, Any]", "dict", "t.Any | None", "dict[Column[Any], Any]"])
def test_any_is_found(annotation: str) -> None:
    assert anys(annotation)


@pytest.mark.parametrize("annotation", ["Column[Any]", "Mapping[str, object]", "AnyStr", "dict[str, int] | None"])
def test_a_type_is_none(annotation: str) -> None:
    assert not anys(annotation)


@pytest.mark.parametrize("module", [ellar_db, library])
def test_type_checkers_and_python_know_the_same_names(module: ModuleType) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    checked = {
        alias.asname: str(node.module).removeprefix("ellar_db.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }

    assert checked == module.HOMES
    assert list(module.HOMES) == sorted(module.HOMES) or module is ellar_db
    for name in module.HOMES:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'upgrad'"):
        _ = module.upgrad
