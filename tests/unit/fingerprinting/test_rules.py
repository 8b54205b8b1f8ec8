"""Every rule is taken out once, and the rows that it is for are seen to fail.

A rule is a piece of source text that stands in one module, exactly as it is said. It is replaced as that module is
imported, in a process where nothing of the package was imported before (`without`). A row is a pair of texts, which
must compare the other way round there than they do with the rule; or a test, named as pytest names it below
``tests/unit``, which must fail there.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import IO, Any, NamedTuple

import pytest

import inviscid

HOME = Path(inviscid.__file__).parent
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted(HOME.rglob("*.py"))}
HERE = Path(__file__).parent

# (rows, the rule, what stands in its place); all places where the rule stands are replaced.
NORMAL_FORM = [
    (["docstring", "pass", "constant statement"], "case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Global()", "case ast.Global()"),
    (["annotated assignment", "annotated attribute"], "if node.value is not None:\n            return self.statement", "if False:\n            return self.statement"),
    (["annotated lambda"], "return self.statement(ast.Assign(targets=[target], value=node.value), scope)", "return self.generic(ast.Assign(targets=[target], value=node.value), scope)"),
    (["docstring that looks like a query"], "case ast.Expr(value=ast.Constant() as text):\n            # Documentation, and", "case ast.Expr(value=ast.Constant() as text) if False:\n            # Documentation, and"),
    (["local beside what is asked of an object"], "if not isinstance(given, ast.Starred):", "if False:"),
    (["local beside vars of what there may be"], "if not isinstance(given, ast.Starred):", "if True:"),
    (["redundant bare annotation"], "return None if scope.bindings.bound[target.id] > 1 else", "return"),
    (["local name", "exception name", "match name", "walrus name"], 'else ["L", depth, home.number(name)]', 'else ["L", depth, name]'),
    (["positional-only name", "starred names"], "signature.append(number if hidden and not self.names_kept else argument.arg)", "signature.append(argument.arg)"),
    (["bare return"], "case ast.Return(value=None | ast.Constant(value=None)):", "case ast.Return(value=None):"),
    (["return None"], "                _strip_returns(body)", "                pass"),
    (["else after return"], "if statement.orelse and isinstance(statement.body[-1], _JUMPS):", "if False:"),
    (["not in", "is not"], "operand=ast.Compare(ops=[ast.In() | ast.Is() as operator]) as compare):", "operand=ast.Compare(ops=[ast.In() | ast.Is() as operator]) as compare) if False:"),
    (["nested lambda and def"], "case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value):", "case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value) if False:"),
    (["f-string literal"], "| ast.FormattedValue(value=ast.Constant(value=str(text)), conversion=-1, format_spec=None)", ""),
    (["if False", "if True"], "if dropped is not None and self.removable(dropped, scope):", "if False:"),
    (["code after return", "code after return that binds what is bound"], "if self.removable(rest, scope):", "if False:"),
    (["int and float", "int and bool"], "kind = type(value).__name__\n    if isinstance(value, str):", "kind = 'x'; value = float(value) if isinstance(value, int | float) else value\n    if isinstance(value, str):"),
    (["bare annotation of a target that is evaluated"], 'return ["Evaluate",', 'return None and ["Evaluate",'),
    (["dead yield"], "if suspends(statements) or scope.is_class:", "if False:"),
    (["f-string conversion"], "self.expression(value.value, scope), value.conversion, spec]", "self.expression(value.value, scope), spec]"),
    (["f-string format"], "self.expression(value.value, scope), value.conversion, spec]", "self.expression(value.value, scope), value.conversion]"),
    (["locals are seen"], "self.names_kept = _keeps_names(located.node)", "self.names_kept = False"),
    (["ordinary parameter name"], "signature.append(number if hidden and not self.names_kept else argument.arg)", "signature.append(number)"),
    (["class annotations"], "if scope.is_class:\n            return self.generic(node, scope)\n        if block", "if block"),
    (["async"], 'kind = "async" if isinstance(node, ast.AsyncFunctionDef) else "function"', 'kind = "function"'),
]  # fmt: skip

REACH = [
    (["import hoisted"], "if alone and name not in mentioned and not self.names_kept:", "if False:"),
    (["default", "keyword default", "default from a global"], "for name, value in [*named, *sorted(keywords.items())]:", "for name, value in []:"),
    (["closure", "wrapped"], "value = contents(cell)\n        name =", "value = None\n        name ="),
    (["base method", "order of bases"], "for base in cls.__bases__:\n        walk.refer", "for base in ():\n        walk.refer"),
    (["metaclass"], "if type(cls) is not type:\n        walk.refer", "if False:\n        walk.refer"),
    (["lru_cache"], "walk.refer(definition, value.__wrapped__, definition.name)", "pass"),
    (["singledispatch"], "walk.refer(definition, function.registry,", "(lambda *a: None)(definition, function.registry,"),
    (["bound method"], "walk.refer(definition, value.__func__, definition.name)", "pass"),
    (["documentation that is read"], '"__doc__": (DOC,)', '"__doc__": ()'),
    (["eval by another name"], "whole = whole or name in _LOOK_UP", "pass"),
    (["function attribute"], "for name, value in sorted(vars(function).items()):", "for name, value in []:"),
    (["dataclass option", "metadata of a field"], 'yield "dataclass", _dataclass(cls)', "pass"),
    (["enum member"], "[name, member.value, *_beside_the_value(member)]", "[name, 0]"),
    (["static to class method"], "definition.kind = type(value).__name__", 'definition.kind = "x"'),
    (["generic base"], 'yield "generic bases", generic', "pass"),
    (["subclasses", "another subclass"], "refer_to_subclasses(walk, definition, cls)", "pass"),
    (["registered with an abstract class"], 'definition.label.append(["registered", names])\n        definition.notes', "definition.notes"),
    (["annotation in quotes that is read"], "in registries.quoted(dict(", "in registries.quoted(list("),
    (["name that installed code shows"], "show_name(definition, target.value)", "pass"),
    (["global in a query"], "if names := template.variables(value):", "if names := []:"),
    (["attrgetter of documentation"], "walk.mentions.add(name)\n                walk.marks.update(template.REFLECTIVE_ATTRIBUTES.get(name, ()))", "walk.mentions.add(name)"),
    (["line that is read"], "(template.EXACT, form.source)", '(template.EXACT, "")'),
    (["annotation that is read"], "refer_to_annotations(walk, definition, function)", "pass"),
    (["name that is read"], "(template.NAME, [function.__name__, function.__qualname__, form.names])", '(template.NAME, "")'),
    (["code object"], "definition.label.append(code_stream(value))", "pass"),
    (["documentation that is set later"], "(template.DOC, _replaced_documentation(function)),", ""),
    (["attribute in a format that is a global"], "if base.attr in template.FORMATTING and not isinstance(base.value, ast.Constant):", "if False:"),
    (["attribute hung on a class of a library"], "if isinstance(target.value, type):\n        _refer_to_extensions", "if False:\n        _refer_to_extensions"),
]  # fmt: skip


# Names of tests that many rules are seen in.
_REACH = "fingerprinting/test_reach_rows.py"
_LIVE = f"{_REACH}::test_what_changes_in_the_running_process_is_seen"
_TAINTS = f"{_REACH}::test_what_can_not_be_followed_taints_with_a_reason"
_KEPT = f"{_REACH}::test_the_same_behaviour_has_the_same_digest"
_REGISTRY = "fingerprinting/test_registries.py::test_what_changes_in_the_running_process_is_seen"
_IMPURE = "fingerprinting/test_impure.py::test_what_is_impure_is_said"
_SHOWS = "fingerprinting/test_attacks.py::test_the_module_of_a_class_counts_where_a_text_shows_it"
_PURE = "fingerprinting/test_impure.py::test_what_only_looks_impure_is_not"
_ASKED = "fingerprinting/test_impure.py::test_what_is_asked_of_a_path_that_is_given_is_not_kept"
_HIDES = "inputs/test_objects.py::test_code_counts_that_an_instance_hides"
_GUARD = "fingerprinting/test_guards.py::test"
_GRAPH = "fingerprinting/test_graph.py::test"
_PLACE = "fingerprinting/test_places.py::test"
_SOURCE = "fingerprinting/test_source.py::test"

# Syntax: what a template leaves out and what it keeps.
SYNTAX = [
    (["comment", "layout", "quotes", "implicit concatenation", "semicolons", "elif", "parentheses"], "for field, value in ast.iter_fields(node):", 'for field, value in [*ast.iter_fields(node), ("end", getattr(node, "end_col_offset", 0))]:'),
    (["str and bytes"], "\n    kind = type(value).__name__\n    if isinstance(value, str)", "\n    kind = ''\n    if isinstance(value, str)"),
    (["prefix of a text"], "case ast.Constant(value=value):", 'case ast.Constant(value=value, kind="u"):\n                return ["u", value]\n            case ast.Constant(value=value):'),
    (["parameter annotation"], "signature.append(number if hidden", 'signature.append(argument.annotation and "annotated")\n            signature.append(number if hidden'),
    (["form walrus in an annotation of a parameter", "walrus in an annotation of what is returned", "walrus in an annotation of a method", "module walrus in an annotation of a parameter"], "if block_bindings([annotation]).bound or", "if"),
    (["yield in an annotation"], ".bound or suspends([annotation])", ".bound"),
    (["dead yield in a default"], "pending += _here(node) if isinstance(node, _NEW_SCOPE) else", "pending += [] if isinstance(node, _NEW_SCOPE) else"),
    (["name in a cell", "name in a nested comprehension", "deleted name", "name of a loop", "name of a context", "name of the rest of a mapping", "nonlocal name", "name of an import under a condition", "walrus name in a comprehension"], 'else ["L", depth, home.number(name)]', 'else ["L", depth, name]'),
    (["walrus name in a comprehension"], "return [node.generators[0].iter, *_walruses(node)]", "return [node.generators[0].iter]"),
    (["global in a nested function"], "if name in current.bindings.globals:\n                return None, 0", "if False:\n                return None, 0"),
    (["nonlocal"], "return set(self.bound) - self.globals - self.nonlocals", "return set(self.bound) - self.globals"),
    (["name outside a class that the class binds too"], "if name in current.locals and (current is scope or not current.is_class):", "if name in current.locals:"),
    (["name in a class that is bound there later"], "if scope.parent else None", "if False else None"),
    (["class member name"], 'return ["C", self.mangled(name)]', 'return ["C"]'),
    (["class name"], 'return ["Class", self.target(node.name, scope), node.name,', 'return ["Class", self.target(node.name, scope),'),
    (["fingerprinting/test_normalize.py::test_private_names_are_mangled_by_the_class"], """return f"_{self.class_name.lstrip('_')}{name}\"""", "return name"),
    (["test_attacks class of underscores"], 'if self.class_name.lstrip("_") and', "if self.class_name and"),
    (["debug f-string shows a local name"], "literal += text", 'literal += ""'),
    (["text and f-string with a conversion"], "conversion=-1, format_spec=None", "format_spec=None"),
    (["text and f-string with a format"], "conversion=-1, format_spec=None", "conversion=-1"),
    (["f-string without value"], "if not parts:\n            return _constant", "if False:\n            return _constant"),
    (["local that eval sees", "local that exec sees", "local that vars sees", "local that dir sees"], 'SEES_LOCALS = frozenset({"locals", "eval", "exec", "vars", "dir"})', 'SEES_LOCALS = frozenset({"locals"})'),
    (["test_attacks names of locals of a module that is given"], 'return node.attr == "locals"', "return False"),
    (["positional-only name that is seen"], "number if hidden and not self.names_kept else", "number if hidden else"),
    (["import whose name is seen"], "name not in mentioned and not self.names_kept:", "name not in mentioned:"),
    (["import order against use"], "if alone and name not in mentioned and", "if alone and"),
    (["import of a name that is bound again"], "alone = scope.bindings.bound[name] == 1 and", "alone ="),
    (["function name", "lambda and def"], 'return ["Function", kind,', 'return ["Function", getattr(node, "name", ""), kind,'),
    (["lambda and def", "lambda to def", "lambda of a constant"], 'body: list[Tree] = [["Return",', 'body: list[Tree] = [["Lambda",'),
    (["else after raise", "else after continue", "else after break", "nested if", "code after raise"], "_JUMPS = (ast.Return, ast.Raise, ast.Continue, ast.Break)", "_JUMPS = ()"),
    (["dead await"], "(ast.Yield, ast.YieldFrom, ast.Await,", "(ast.Yield, ast.YieldFrom,"),
    (["name that is deleted"], 'return ["X", name,', 'return ["X", "",'),
    (["super in a method that is a global"], 'if "__class__" in self.free:', "if False:"),
    (["fingerprinting/test_normalize.py::test_a_constant_computed_import_is_a_slot"], 'case [ast.Constant(value=str(module))], [] if not module.startswith("."):', "case [ast.Constant(value=str(module))], [] if False:"),
    (["documentation by a constant name"], 'if word.startswith("__"):', "if False:"),
    (["name of a function that is only called"], "if called in template.SILENT:", "if False:"),
    (["documentation of a class by a computed name"], "if called in template.FIRST_NAME_TAKING and", "if False and"),
    (["documentation read by a computed name", "COUNTS computed name"], "if name in template.NAME_TAKING and", "if False and"),
    (["test_attacks documentation in a pattern", "test_attacks namespace in a pattern", "COUNTS pattern"], "case ast.MatchClass(kwd_attrs=names):", "case ast.MatchClass(kwd_attrs=names) if False:"),
    (["annotation of a nested function that is read"], "(template.ANNOTATIONS, form.annotations)", '(template.ANNOTATIONS, b"")'),
    (["name of a nested function that is read"], "function.__qualname__, form.names])", "function.__qualname__])"),
    (["module that is read"], "(template.PLACE, function.__module__)", '(template.PLACE, "")'),
    (["module that is read"], '"__module__": (PLACE,)', '"__module__": ()'),
    (["name that is read"], '"__name__": (NAME,)', '"__name__": ()'),
    (["annotation that is read"], '"__annotations__": (ANNOTATIONS,)', '"__annotations__": ()'),
    (["code that is read"], '"__code__": (EXACT,)', '"__code__": ()'),
    (["line that is read"], '"_getframe": (EXACT,),\n    "currentframe": (EXACT,),\n    "f_lineno": (EXACT,)', '"_getframe": ()'),
    (["globals of a helper"], '"__globals__": (MODULE, MEMBERS)', '"__globals__": ()'),
    (["test_attacks order in a module"], '"globals": (MODULE, ORDER)', '"globals": ()'),
    (["help on a class"], '"help": (DOC, NAME, ANNOTATIONS)', '"help": ()'),
    (["COUNTS eval"], '"eval": (MODULE, MEMBERS)', '"eval": ()'),
    (["COUNTS vars"], '"vars": (MEMBERS, ORDER)', '"vars": ()'),
    (["COUNTS dir"], '"dir": (MEMBERS,)', '"dir": ()'),
    (["COUNTS dict of the class"], '"__dict__": (MEMBERS, ORDER)', '"__dict__": ()'),
    (["test_attacks order in a class"], "(template.ORDER, [name for name in vars(cls)", "(template.ORDER, [name for name in ()"),
    (["test_attacks order in a module"], "(template.ORDER, [name for name in namespace if", "(template.ORDER, [name for name in () if"),
    (["text that is read under another name"], 'if target.name.partition(".")[0] == "inspect" and', "if False and"),
    (["hints by another name"], 'if target.name == "typing.get_type_hints":', "if False:"),
    ([f"{_SOURCE}_code_that_differs_in_the_exception_table_only_is_not_the_same"], '"co_exceptiontable"\n', '""\n'),
    ([f"{_SOURCE}_constants_that_compare_equal_are_not_the_same"], "    # By repr: 0.0 == -0.0, and a NaN differs from itself.\n    return repr(a) == repr(b)", "    return a == b"),
    ([f"{_SOURCE}_an_edit_after_the_import_gives_nothing"], "if same_code(code, twin)]", "]"),
    (["fingerprinting/test_fingerprint.py::test_code_without_text_is_fingerprinted_whole"], "code.co_code, code.co_exceptiontable, code.co_argcount,", "code.co_code, code.co_argcount,"),
    (["fingerprinting/test_fingerprint.py::test_code_without_text_is_fingerprinted_whole"], 'found.append(Slot("global", value))', "found.append(Slot('global', 'len'))"),
    (["positional-only and starred parameter"], "[int(part) if isinstance(part, bool) else part for part in shape]", "[]"),
    (["nested default"], "defaults = [self.expression(default, scope) for default in node.args.defaults]", "defaults = []"),
    (["nested decorator"], 'for decorator in getattr(node, "decorator_list", ())]', "for decorator in ()]"),
    (["comprehension filter"], "self.expression(condition, inner) for condition in generator.ifs]", "self.expression(condition, inner) for condition in []]"),
    *(
        (rows, '_SKIPPED_FIELDS = frozenset({"ctx",', f'_SKIPPED_FIELDS = frozenset({{"ctx", "{field}",')
        for field, rows in {"targets": ["which local"], "value": ["star at the call"], "elts": ["set order"]}.items()
    ),
]  # fmt: skip

# What is reached, and by which way.
WAYS = [
    (["helper body", "wrapper", "method", "recursion"], "definition.label.append(form.body)", "pass"),
    (["alias", "global", "function in a container"], "value = namespace.get(slot.name, MISSING)\n", "value = MISSING\n"),
    (["import form", "helper reached through a module"], "while isinstance(value, ModuleType):", "while False:"),
    (["attribute of an instance by its name"], "definition.label.append(list(rest))", "definition.label.append([])"),
    (["relative import"], "if slot.level:", "if False:"),
    (["module that is a value", "module in a dict", "globals of a helper"], "names = sorted(namespace.keys() - _SKIPPED_GLOBALS)", "names = []"),
    (["globals of a helper"], "whole = template.MODULE in form.marks", "whole = False"),
    (["attribute of a module that is imported inside"], "module = _imported(name)", "module = MISSING"),
    (["state in a bound method"], "refer(definition, value.__self__,", "refer(definition, None,"),
    (["typed lru_cache"], "definition.label.append(pack(value.cache_parameters()))", "pass"),
    (["property", "class method", "cached property", "static method"], "for part in members.descriptor_parts(value):", "for part in ():"),
    (["setter of a property", "deleter of a property"], "return [value.fget, value.fset, value.fdel]", "return [value.fget]"),
    (["type of a single dispatch method"], "return [value.dispatcher, value.func]", "return [value.func]"),
    (["subclass of property"], "if type(value) not in members.DESCRIPTORS:", "if False:"),
    (["attribute that is got"], "            definition.label.append(argument)", "            pass"),
    (["documentation by a dotted getter that is a global"], 'for name in argument.split("."):', "for name in [argument]:"),
    (["name in a container that installed code shows", "documentation that installed code may show"], "show_name(definition, value)\n        self.refer(", "self.refer("),
    (["wrapper of a library that hides what it wraps"], "definition.label.append(value is MISSING)", "continue"),
    (["function behind a wrapper without structure"], "if members.inner_function(value) is None:", "if True:"),
    (["function of the standard library that is replaced"], '== "unittest.mock" or is_user(value):', '== "unittest.mock":'),
    (["partial that was put into the standard library"], "if isinstance(value, functools.partial) or type(value)", "if type(value)"),
    (["constant that was put into the standard library"], 'if place.kind == "stdlib" and type(value) in _PLAIN:', "if False:"),
    (["class made by type of abc"], 'return place.kind == "user" or made or', 'return place.kind == "user" or'),
    (["name of a class"], "definition.label.append(cls.__qualname__)", "pass"),
    (["test_attacks function that pickle finds by a name"], "if by_name else _beside(context, value))", "if by_name else {})"),
    (["test_attacks function in a slot that a state leaves out", "test_attacks attribute in a slot of what pickle finds by its name"], "for name in copyreg._slotnames(type(value)):", "for name in ():"),
    ([f"{_HIDES}[function-Hides]", f"{_HIDES}[list-Hides]", f"{_HIDES}[class-Hides]", f"{_HIDES}[partial-Hides]"], "return _held(context, node, _beside(context, value)) if says_its_state(kind) else node", "return node"),
    ([f"{_HIDES}[set-Hides]", f"{_HIDES}[instance in a set-Hides]"], "if code := frozenset(", "if code := () and ("),
    ([f"{_HIDES}[deque-Hides]"], "elif isinstance(part, list | tuple | deque):", "elif isinstance(part, list | tuple):"),
    ([f"{_HIDES}[key of a dict-Hides]"], "for number, pair in enumerate(pairs) for one in pair]", "for number, (_, one) in enumerate(pairs)]"),
    ([f"{_HIDES}[instance-Hides]"], "if type(part).__flags__ & _HEAP_TYPE:\n                # Its methods", "if False:\n                # Its methods"),
    ([f"{_HIDES}[attribute of an instance-Hides]", f"{_HIDES}[attribute of one that hides it too-Hides]"], 'inner = sorted(((f"{name}.{attribute}", one) for attribute, one in _attributes_of(part)), key=_NAME)', "inner = []"),
    ([f"{_HIDES}[attribute of one that hides it too-Hides]"], "says_its_state(type(part)) and _is_installed(type(part).__module__)", "says_its_state(type(part))"),
    ([f"{_HIDES}[argument of an exception-Hides]"], "if isinstance(part, BaseException) else []", "if False else []"),
    ([f"{_HIDES}[class-Hides]"], "functools.partial, type)", "functools.partial)"),
    ([f"{_HIDES}[partial-Hides]"], "types.ModuleType, functools.partial, type)", "types.ModuleType, type)"),
    ([f"{_HIDES}[method-Hides]"], "types.MethodType, types.ModuleType, functools", "types.ModuleType, functools"),
    (["test_attacks attribute of what pickle finds by its name"], "return _held(context, named_only, _all_of(context, value))", "return named_only"),
    (["test_attacks attribute of what pickle finds by a name"], "_all_of(context, value) if by_name else", "{} if by_name else"),
    (["test_attacks name that a class was given"], "if cls.__name__ != cls.__qualname__.rpartition", "if False and cls.__qualname__.rpartition"),
    (["test_attacks type of another meaning"], 'if slot.name == "type" and name', "if False and name"),
    (["test_attacks data that a state leaves out", "test_attacks data beside what has no digest"], "isinstance(part, type) and says_its_state(part)", "False"),
    (["test_attacks data beside what has no digest"], "held = {name: stream for name, stream in streams.items() if stream is not None}", "held = {} if None in streams.values() else streams"),
    (["test_attacks type of another meaning around", "test_attacks type of another meaning"], 'if slot.name == "type" and name != "builtins.type":', "if False:"),
    (["test_attacks class that an instance says it has"], 'if "__class__" in vars(cls):', "if False:"),
    (["fingerprinting/test_impure.py::test_what_finds_codecs_counts"], "for number, finder in enumerate(finders)", "for number, finder in ()"),
    (["fingerprinting/test_impure.py::test_what_is_done_about_errors_of_coding_counts[True]", "fingerprinting/test_impure.py::test_what_is_done_about_errors_of_coding_counts[False]"], "if not isinstance(handler, BuiltinFunctionType)", "if False"),
    (["test_attacks data that a registered way to pickle leaves out"], "cls in copyreg.dispatch_table or any(", "any("),
    (["test_attacks how a class is pickled"], "if (reducer := copyreg.dispatch_table.get(cls)) is not None:", "if (reducer := None) is not None:"),
    (["test_attacks structural protocol"], 'if getattr(cls, "_is_protocol", False):', "if False:"),
    (["test_attacks positions of a pattern of another class"], 'name for name in vars(cls).get("__match_args__", ())', "name for name in ()"),
    (["test_attacks bound format", "test_attacks format by another name", "test_attacks attribute lookup by another name"], "if type(value) in _METHODS and value.__name__ in _LOOKS_UP:", "if False:"),
    (["test_attacks query that is a global"], "if isinstance(target, Found) and type(target.value) is str:", "if False:"),
    (["annotation in quotes of a class that is read"], 'in registries.quoted(vars(cls).get("__annotations__"), namespace):', "in ():"),
    ([f"{_REACH}::test_another_behaviour_has_another_digest[{row}]" for row in ("function as an annotation", "function as an annotation of a class")], "    types.FunctionType, types.BuiltinFunctionType, types.MethodType, functools.partial,\n)", ")"),
    (["accessor of frames"], '_HELD = ("_accessor", ', "_HELD = ("),
    (["attribute hung on a class of a library", "accessor of frames"], "                if is_user(item):", "                if False:"),
    (["type of a field", "class in an annotation that is read"], "[[name, annotation(value)] for name, value in annotations.items()]", "[]"),
    (["documentation of a class that is no text"], 'yield "documentation", namespace["__doc__"]', "pass"),
    (["test_attacks text of an enum", "test_attacks global enum"], 'for name in ("__str__", "__repr__", "__format__")', "for name in ()"),
    (["test_attacks boundary of a flag"], 'yield "enum boundary", str(getattr(cls, "_boundary_", None))', "pass"),
    (["test_attacks what an enum puts on its members", "test_attacks attribute put on a member"], "[name, member.value, *_beside_the_value(member)]", "[name, member.value]"),
    (["own __eq__ of a dataclass", "own __init__ of a dataclass", "wrapped init of a dataclass"], 'return _is_from(function, "dataclasses") or', "return True or"),
    (["own _replace of a named tuple"], 'return _is_from(function, "collections") or', "return True or"),
    (["__str__ of an enum", "_missing_ of an enum"], "if name in _ENUM_METHODS and (", "if name in _ENUM_METHODS or ("),
    (["own __init__ of a protocol"], 'return name in _PROTOCOL and _is_from(function, "typing")', "return name in _PROTOCOL"),
    (["fields of a named tuple"], 'return name in vars(cls).get("_fields", ()) and', "return True or"),
    (["documentation of a class"], '"__module__ __doc__ __dict__', '"__module__ __dict__'),
    ([f"{_KEPT}[state that an abstract class has]"], "__abstractmethods__ _abc_impl", "__abstractmethods__"),
    (["documentation below a wrapper that is an object", "name below a wrapper that is an object"], "        if name in copied:", "        if False:"),
    (["circle of equal bodies", "circle unrolled once", "circle entered elsewhere with equal bodies"], "class_of = _refine(keys, references)", "class_of = list(range(len(keys)))"),
    (["entry into a circle"], 'combine("member", circle, pack(number))', 'combine("member", circle, pack(0))'),
    ([f"{_GRAPH}_a_digest_does_not_depend_on_the_rest_of_the_graph"], "sorted(component, key=number_of.__getitem__)", "component"),
    ([f"{_GRAPH}_members_of_a_circle_that_differ_outside_of_it_only"], '*(b"" if child in place else found[child] for child in references[node])) for node', '*(b"" for child in references[node])) for node'),
    (["COUNTS attribute", "COUNTS in a helper"], "update(form.mentions)", "update(())"),
    (["KEEPS method", "KEEPS subclass"], "if whole or always is None or name in mentions or", "if True or"),
    (["COUNTS installed code", "COUNTS pickle"], "if opaque(target.name):", "if False:"),
    (["COUNTS computed name, getattr in a container", "COUNTS computed name, getattr as a default"], "if external in MEMBER_LOOK_UP:", "if False:"),
    (["COUNTS computed name, getattr by another name", "COUNTS computed name, getattr of its module"], "if name in MEMBER_LOOK_UP and not", "if False and not"),
    (["ALWAYS special"], "or name in always or _special(name)", "or name in always"),
    (["ALWAYS looked up by print", "ALWAYS looked up by dict()"], "names = {*_LOOKED_UP, *ABOUT_THE_CLASS}", "names = {*ABOUT_THE_CLASS}"),
    (["ALWAYS another name of a builtin base"], "names.update(dir(base))", "pass"),
    (["ALWAYS base beside the closed ones"], "if base.__module__ not in _CLOSED_BASES:", "if False:"),
    (["ALWAYS metaclass"], 'if type(base) is not type and type(base).__module__ not in ("abc", "typing"):', "if False:"),
    (["ALWAYS abstract"], 'if getattr(value, "__isabstractmethod__", False)', "if False"),
    (["fingerprinting/test_narrowing.py::test_a_class_that_is_asked_for_counts_whole"], "if not isinstance(root, FunctionType) and not", "if False and not"),
    ([f"{_PLACE}_a_local_install_counts_by_content_too"], 'if _read(info, "direct_url.json"):', "if False:"),
    ([f"{_PLACE}_a_local_install_counts_by_content_too"], ' and "__pycache__" not in line', ""),
    ([f"{_PLACE}_distributions_share_a_namespace"], 'if os.path.isfile(os.path.join(site, top, "__init__.py")):', "if True:"),
    (["fingerprinting/test_reach_rows.py::test_distributions_in_reach_are_listed"], 'if target.place.kind == "distribution":', "if False:"),
    ([f"{_PLACE}_a_compiled_module_of_the_users_counts_by_its_file"], "definition.label.append(digest(stream.read()))", "pass"),
    ([f"{_PLACE}_a_compiled_module_of_the_users_counts_by_its_file"], "guards.answer(functools.partial(stamp_of, file))", "answer = functools.partial(stamp_of, file)"),
    (["fingerprinting/test_remembered.py::test_the_exception_table_counts"], "code.co_linetable, code.co_exceptiontable,", "code.co_linetable,"),
    (["fingerprinting/test_remembered.py::test_lambdas_of_equal_code_in_other_columns_differ"], "code.co_linetable, code.co_exceptiontable,", "code.co_exceptiontable,"),
    (["fingerprinting/test_remembered.py::test_depth_is_not_remembered"], '# How deep that is depends on the caller, not on the text.\n        return None, b""', "return None, text"),
]  # fmt: skip

# What counts by value: the structure of globals, cells and defaults.
VALUES = [
    (["tuple and list"], "return [_MARK, *value]", "return list(value)"),
    (["module aliasing"], "                    memo[id(value)] = len(memo)\n                    self._alive.append(value)\n                    if kind is dict:", "                    if kind is dict:"),
    (["name of a logger"], "return Node(tags.LOGGER, [value.name])", "return Node(tags.LOGGER, [])"),
    (["kind of a lock"], "return Node(tags.NOTHING, [name])", "return Node(tags.NOTHING, [])"),
    ([f"{_KEPT}[lock that is held]"], '"_thread:LockType": _nothing("threading:Lock"),', ""),
    ([f"{_LIVE}[variable of the context]"], "elif (read := members.ambient(value)) is not None:", "elif (read := None) is not None:"),
]  # fmt: skip

# Guards: what changes in the running process, and while a body runs.
GUARDS = [
    ([f"{_LIVE}[name that hides a builtin]", f"{_LIVE}[name that is gone]", f"{_LIVE}[module that is replaced]", f"{_GUARD}_a_rebound_name"], "all(namespace.get(name, MISSING) is value() for", "all(True for"),
    ([f"{_LIVE}[code of a helper]", f"{_LIVE}[default of a helper]", f"{_LIVE}[keyword default of a helper]", f"{_LIVE}[attribute of a helper]", f"{_GUARD}_the_parts_of_a_function"], "all(_same_function(*item) for", "all(True for"),
    ([f"{_LIVE}[closure cell]", f"{_GUARD}_a_class_and_a_cell"], "return all(contents(cell) is value() for", "return all(True for"),
    ([f"{_LIVE}[code of a method]", f"{_LIVE}[code of a helper]"], "return (function.__code__, function.__defaults__,", "return (function.__defaults__,"),
    ([f"{_LIVE}[default of a helper]"], "return (function.__code__, function.__defaults__,", "return (function.__code__,"),
    ([f"{_REGISTRY}[documentation of a function that is read]", f"{_REGISTRY}[name of a function that is read]"], "function.__defaults__, *shown,", "function.__defaults__,"),
    ([f"{_LIVE}[keyword default of a helper]"], "*shown, *keywords.values(), *attributes.values())", "*shown, *attributes.values())"),
    ([f"{_LIVE}[method]", f"{_LIVE}[added override]", f"{_LIVE}[removed override]"], "all(_same_class(*item) for", "all(True for"),
    ([f"{_LIVE}[bases]"], "(type(cls), *cls.__bases__)))", "(type(cls),)))"),
    ([f"{_LIVE}[whole module]", f"{_GUARD}_names_of_a_namespace"], "all(namespace.keys() == names for", "all(True for"),
    ([f"{_REGISTRY}[class that is registered]", f"{_REGISTRY}[subclass that is added]", f"{_REGISTRY}[annotation of a function that is read]"], "all(ask() == given for", "all(True for"),
    ([f"{_REGISTRY}[class that is registered with an installed one]"], "asked = functools.partial(registries.registered, target.value, is_user)", "asked = list"),
    ([f"{_REGISTRY}[method of a library that is replaced]"], "walk.guards.klass(base)", "pass"),
    ([f"{_REGISTRY}[attribute of a loaded class that is looked up by a computed name]", f"{_REGISTRY}[method of a loaded class that is replaced]"], "return len(members) == count and all(map(is_, map(members.get, names), values))", "return len(members) == count"),
    ([f"{_REGISTRY}[attribute of a loaded class that is looked up by a computed name]"], ".issuperset(template.COMPUTED_NAME)", ".issuperset([0])"),
    ([f"{_LIVE}[content of a default]", f"{_LIVE}[content of a closure cell]", f"{_LIVE}[deep in a container]", f"{_LIVE}[array]", f"{_LIVE}[attribute of an instance]"], "all(_still(take, expected) for", "all(True for"),
    ([f"{_LIVE}[type of an equal value]", f"{_LIVE}[order of a dict]"], "return stream == expected[0] and", "return"),
    ([f"{_LIVE}[function in a container]"], "and _same(parts, expected[1])", ""),
    ([f"{_LIVE}[module that a function imports]"], "guards.binding(sys.modules, name,", "(lambda *a: None)(sys.modules, name,"),
    ([f"{_LIVE}[module that appears]"], 'guards.content(lambda: (repr(_findable(name)).encode(), ()), (b"False", ()))', "pass"),
    ([f"{_LIVE}[attribute that a module answers]"], "guards.content(functools.partial(_answer, module, attribute),", "(lambda *a: None)(functools.partial(_answer, module, attribute),"),
    ([f"{_GUARD}_a_value_that_is_gone_is_not_none"], "return lambda: _GONE if (held := reference()) is None else held", "return reference"),
    ([f"{_GUARD}_a_rebound_value_is_not_kept_alive", f"{_GUARD}_a_function_that_was_made_for_one_call_does_not_live_on"], "reference = weakref.ref(value)", "raise TypeError"),
    ([f"{_GUARD}_many_readers_of_a_name_share_a_guard_unless_it_was_rebound_between_them"], "if known is None or known() is not value:", "if known is None:"),
    (["test_memo.py::test_what_changes_while_it_runs_is_not_stored_under_the_old_key"], "if now.raw != call.fingerprint.raw:", "if False:"),
    (["test_memo.py::test_an_argument_that_the_body_changes"], "names = calls.changed(call, self._options)", "names = []"),
    ([f"{_LIVE}[{row}]" for row in ("getter of a property", "function behind lru_cache")], "all(_same_function(*item) for", "all(True for"),
    ([f"{_LIVE}[{row}]" for row in ("method of a base", "member of a metaclass", "method of the class of an instance")], "all(_same_class(*item) for", "all(True for"),
    ([f"{_LIVE}[{row}]" for row in ("content of a class attribute", "class of an instance", "instance behind a bound method", "argument of a partial", "iterator", "set")], "all(_still(take, expected) for", "all(True for"),
    ([f"{_LIVE}[{row}]" for row in ("global of another module", "global that a helper of another module reads", "name that was undefined", "attribute that was undefined")], "all(namespace.get(name, MISSING) is value() for", "all(True for"),
]  # fmt: skip

# What is impure, and what a computation was seen to do.
WORLD = [
    *(
        ([f"{_IMPURE}[{row}]" for row in rows], "for _world, _text in _LISTS.items():", f"for _world, _text in [pair for pair in _LISTS.items() if pair[0].what != {kind}.what]:")
        for kind, rows in {
            "_CLOCK": ["clock", "clock in a helper", "clock imported inside", "clock of a class", "clock of pandas"],
            "_RANDOM": ["random", "random of numpy", "uuid", "random, imported inside"],
            "_ENVIRONMENT": ["environment by a computed name", "whole environment", "working directory", "command line"],
            "_FILES": ["existence of a file", "existence of a path", "existence of a path that is given"],
            "_NETWORK": ["network"],
            "_PROGRAM": ["another program"],
            "_INPUT": ["input"],
            "_AMBIENT": ["settings of the process"],
            "_NATIVE": ["native reader"],
        }.items()
    ),
    ([f"{_IMPURE}[hash of a text]"], '"builtins.hash",\n', '"",\n'),
    ([f"{_PURE}[hash of one's own]"], 'not (name == "builtins.hash" and', "not (False and"),
    ([f"{_IMPURE}[generator without seed]", f"{_IMPURE}[Random without seed]"], "return _RANDOM if bare in uses else None", "return None"),
    ([f"{_PURE}[seeded Random]", f"{_PURE}[seeded generator]"], "return _RANDOM if bare in uses else None", "return _RANDOM"),
    ([f"{_IMPURE}[generator with None for a seed]"], "| ast.Call(args=[ast.Constant(value=None)], keywords=[]):", ":"),
    ([f"{_IMPURE}[a moment that is left out]"], "return _CLOCK if bare in uses else None", "return None"),
    ([f"{_PURE}[a moment that is given]"], "return _CLOCK if bare in uses else None", "return _CLOCK"),
    ([f"{_IMPURE}[now as a word]", f"{_IMPURE}[today as a word]"], "in _WORDS_FOR_NOW and not", "in () and not"),
    ([f"{_PURE}[generator as a type]"], "if name in _PURE:\n        return None", "if False:\n        return None"),
    ([f"{_IMPURE}[clock of a module that is handed on]"], "if found is None and (below := impure_below(", "if False and (below := impure_below("),
    ([f"{_IMPURE}[clock of a class that a helper is given]", f"{_IMPURE}[existence of a path that is given]"], "if attribute in template.ASKED:", "if False:"),
    ([f"{_PURE}[a method of one's own that is called exists]"], "for _, cls, _ in walk.classes for name in vars(cls)}", "for name in ()}"),
    ([f"{_IMPURE}[{name}]" for name in ("size of a path that a helper is given", "target of a path below a global one", "owner of a path in a global list")], "and called in template.ASKED_OF_PATHS and", "and False and"),
    ([f"{_IMPURE}[size by the name of the method]"], "self.mentions.update(_asked(key))", "pass"),
    ([f"{_IMPURE}[target of a path below a global one]", f"{_IMPURE}[owner of a path in a global list]"], "walk.paths = walk.paths or holds_path(stream)", "pass"),
    ([f"{_IMPURE}[size of a path that a helper is given]"], "makes_paths(d.name) for d in", "False for d in"),
    ([f"{_PURE}[stat of something else]"], "only_of_paths = name in of_paths and not paths", "only_of_paths = False"),
    ([f"{_PURE}[stat of something else, beside paths]"], "case [] | [ast.Constant(value=bool())]:", "case _:"),
    ([f"{_PURE}[stat of an entry]", f"{_PURE}[stat of an entry, imported]"], 'if name == "stat" and any(', "if False and any("),
    ([f"{_ASKED}[{how}]" for how in ("directly", "in a container", "to a callable argument", "through a callee")], "context.paths |= not", "context.paths |= False and not"),
    ([f"{_ASKED}[to a callable argument]"], 'self.asked += [f"{path}: {asked}" for asked in fingerprint.asked]', "pass"),
    ([f"{_ASKED}[by the config]"], "references.paths |= encoder.paths", "pass"),
    (["fingerprinting/test_impure.py::test_of_what_is_no_path_the_same_is_kept"], "if encoder.paths or references.paths else ()", "if True else ()"),
    (["fingerprinting/test_impure.py::test_of_what_is_no_path_the_same_is_kept"], 'not flavour.startswith("pure")', "True"),
    (["fingerprinting/test_impure.py::test_the_working_directory_counts_where_it_is_used"], 'if ".absolute()" in form.mentions:', "if False:"),
    (["fingerprinting/test_impure.py::test_the_working_directory_counts_for_whoever_names_the_method"], "if name and is_absolute(name, mentions):", "if False:"),
    ([f"{_PURE}[now of something else]"], "if moment and not any(", "if False and not any("),
    ([f"{_IMPURE}[clock in a container]", f"{_IMPURE}[clock as a default]", f"{_IMPURE}[clock as an attribute of a class]", f"{_IMPURE}[function that is impure, as an annotation that is called]"], "if type(value) not in IMMUTABLE and (external :=", "if False and (external :="),
    ([f"{_IMPURE}[attached database]"], 'mention.lower() == "attach"', "False"),
    ([f"{_IMPURE}[attached database, as a global]"], "walk.attaches = walk.attaches or attaches(stream)", "pass"),
    ([f"{_PURE}[attaching something else]"], "if is_sqlite(d.name)", "if True"),
    (["fingerprinting/test_impure.py::test_what_cures_a_question_for_existence_is_said"], "{world.cure}{CURES}", "{CURES}"),
    (["fingerprinting/test_impure.py::test_print_options_count_where_texts_are_made[texts]", "fingerprinting/test_impure.py::test_print_options_count_where_texts_are_made[printed]", "fingerprinting/test_impure.py::test_print_options_of_pandas_count"], "if makes_texts(form.mentions):", "if False:"),
    (["fingerprinting/test_impure.py::test_print_options_count_where_texts_are_made[called]"], 'if makes_texts(argument.split(".")):', "if False:"),
    (["test_cutoff.py::test_print_options_of_a_callee_count_for_its_callers"], "pack(kept), pack(config)", "pack(config)"),
    (["fingerprinting/test_impure.py::test_print_options_count_where_texts_are_made[joined]"], "if target.name in FORMATTING:", "if False:"),
    (["fingerprinting/test_impure.py::test_print_options_of_pandas_count"], "*([name, value] for name, value in _pandas(printed=True))", ""),
    (["fingerprinting/test_impure.py::test_other_options_of_pandas_count_always"], 'other_options() if "pandas" in libraries else []', "[]"),
    (["test_attacks names of locals by another name", "test_attacks names of locals by a helper"], "if name in FRAME_LOOK_UP and (", "if False and ("),
    (["test_attacks names of locals out of a container"], "if external in FRAME_LOOK_UP:", "if False:"),
    (["test_attacks order of attributes"], "[(template.ORDER, names)] if names != sorted(names) else []", "[]"),
    (["fingerprinting/test_attacks.py::test_the_order_of_attributes_counts_where_it_is_seen"], "if not context.ordered:", "if True:"),
    ([f"{_SHOWS}[{name}]" for name in ("str", "repr", "f-string", "format", "percent")], "if template.SHOWN in uses and", "if False and"),
    ([f"{_SHOWS}[{name}]" for name in ("class of an instance", "class of an instance, as an attribute")], '| ast.Attribute(attr="__class__"):\n                self.marks.add(template.PLACE)', '| ast.Attribute(attr="__class__"):\n                pass'),
    (["fingerprinting/test_attacks.py::test_the_text_of_an_error_is_no_result"], "case _ if self.raising:", "case _ if False:"),
    (["method of a class of the standard library that does the work unnamed", "the same, imported inside"], "_refer_to_extensions(walk, definition, worker)", "pass"),
    ([f"{_TAINTS}[computed import]", f"{_TAINTS}[generator]", f"{_TAINTS}[open file in a list]", f"{_TAINTS}[socket]", f"{_TAINTS}[database]", f"{_TAINTS}[object that refuses]"], "definition.taints.append(Taint(why))", "pass"),
    ([f"{_TAINTS}[computed import]", f"{_TAINTS}[computed import by a builtin]"], "computed = template.COMPUTED in form.marks", "computed = False"),
    ([f"{_TAINTS}[computed import under another name]", f"{_TAINTS}[name that is resolved]"], "computed = computed or (", "computed = computed and ("),
    (["fingerprinting/test_impure.py::test_the_users_word_holds_for_callers_too"], "definition.vouched = declared.vouched", "pass"),
    (["fingerprinting/test_impure.py::test_a_constant_environment_variable_is_a_dependency"], "return digest(pack(os.environ.get(name))).hex()", 'return ""'),
    (["fingerprinting/test_impure.py::test_a_constant_environment_variable_is_a_dependency"], "case ast.Subscript(value=asked, slice=ast.Constant(value=str(key)), ctx=ast.Load()):", "case ast.Subscript(value=asked, slice=ast.Constant(value=str(key)), ctx=ast.Load()) if False:"),
    (["fingerprinting/test_impure.py::test_the_decimal_context_counts_where_decimals_do"], 'in ("decimal", "_decimal", "_pydecimal"):', "in ():"),
    (["fingerprinting/test_impure.py::test_the_decimal_context_counts_where_decimals_do"], "({DECIMAL} if encoder.decimals else frozenset())", "frozenset()"),
    (["fingerprinting/test_impure.py::test_the_time_zone_counts_where_it_is_used"], "if not ZONED.isdisjoint(form.mentions):", "if False:"),
    (["fingerprinting/test_impure.py::test_a_native_reader_is_fine_with_a_file"], "unseen = () if encoder.files else", "unseen = () if False else"),
    (["fingerprinting/test_impure.py::test_a_seed_that_is_none_is_no_seed"], "seeds.update(seeds(name, uses))", "seeds.update(())"),
    (["fingerprinting/test_impure.py::test_a_sample_without_a_seed_is_random"], 'if called == "sample" and not', "if False and not"),
    (["fingerprinting/test_impure.py::test_a_sample_without_a_seed_is_random"], "in self.mentions and not ours", "in self.mentions"),
    (["fingerprinting/test_impure.py::test_what_is_impure_is_an_argument[time.time]", "fingerprinting/test_impure.py::test_what_is_impure_is_an_argument[numpy.random]"], "(*fingerprint.taints, *references.taints, *unseen, *drawn)", "(*fingerprint.taints, *unseen, *drawn)"),
    ([f"test_world.py::test_a_file_that_was_read_is_a_dependency[{way}]" for way in ("directly", "in a thread", "in a callee")], '    "open": _opened,', ""),
    (["test_world.py::test_a_file_that_was_read_is_a_dependency[by a File]"], "(*sights, *files)", "(*sights,)"),
    (["test_world.py::test_a_file_that_was_read_is_a_dependency[directly]", "test_world.py::test_the_names_in_a_directory"], "return tuple(text for sight in sights if (text := world.differs(sight)))", "return ()"),
    (["test_world.py::test_a_callee_whose_file_is_not_read_again_hands_it_on"], "found.digest, standing.sights,", "found.digest, (),"),
    (["test_world.py::test_the_names_in_a_directory"], '"os.listdir": _listed,', ""),
    (["test_world.py::test_a_declared_file_counts_by_content_alone"], "or self.is_declared(absolute):", "or False:"),
    (["test_world.py::test_a_file_that_changes_while_it_is_read_stores_nothing"], "else _stamp(kind, absolute)) != stamp:", "else stamp) != stamp:"),
    (["test_world.py::test_programs_and_connections_are_not_kept"], "if not self._options.pure and (unseen := computation.watch.unseen()):", "if False:"),
    (["test_world.py::test_what_a_scan_tells_of_the_entries_is_a_dependency"], '"os.scandir": _scans,', '"os.scandir": _listed,'),
    (["test_world.py::test_what_a_scan_tells_of_the_entries_is_a_dependency"], "found.st_size, found.st_mtime_ns, found.st_ctime_ns]", "]"),
    (["test_world.py::test_an_entry_that_changes_after_the_scan_stores_nothing"], 'if (content if kind == "scan" else', 'if (stamp if kind == "scan" else'),
    (["test_world.py::test_a_scan_of_the_folder_that_has_the_store"], "if entry.is_dir() and os.path.exists(os.path.join(entry.path, _TAG)):", "if False:"),
    (["test_world.py::test_finding_files_by_a_pattern_is_no_scan"], 'one.read("names" if _caller() in _FINDERS else', 'one.read("names" if False else'),
    (["test_world.py::test_a_path_below_a_directory_handle_is_not_kept"], 'and _caller() != "tempfile":', "and False:"),
    (["test_world.py::test_temporary_files_in_the_working_directory_are_kept"], 'and _caller() != "tempfile":', "and True:"),
    ([f"test_world.py::test_what_a_memo_had_read_before_is_not_kept[{how}]" for how in ("directly", "as an argument")], "self.remembered[at] = name", "pass"),
    (["test_world.py::test_what_a_memo_had_read_before_is_not_kept[as an argument]"], "self.memos += fingerprint.memos", "pass"),
    (["test_world.py::test_what_one_body_read_is_seen_by_the_one_around"], "in inner.remembered.items() if at not in empty)", "in inner.remembered.items())"),
    (["test_world.py::test_a_memo_that_is_not_asked_or_reads_nothing_costs_nothing"], "any(map(_may_read, _below(definitions, number)))", "True"),
    (["test_world.py::test_the_users_word_covers_memos"], "computation.watch.remembered.clear()", "pass"),
    (["test_cutoff.py::test_what_a_memo_read_for_one_is_a_dependency_of_others"], "if computation.watch.relied or", "if"),
    (["test_cutoff.py::test_answers_are_not_compared_where_the_order_of_attributes_is_seen"], "or ORDER in call.fingerprint.marks:", "or False:"),
    ([f"test_world.py::test_what_others_commit_to_a_database_is_seen[{how}]" for how in ("by a path", "by a text", "by a URI", "through a link")], "for suffix in _BESIDE:", "for suffix in ():"),
    (["test_world.py::test_what_others_commit_to_a_database_is_seen[by a path]"], 'str | bytes | os.PathLike) else ""\n    path = path', 'str | bytes) else ""\n    path = path'),
    (["test_world.py::test_what_others_commit_to_a_database_is_seen[by a URI]"], "found.st_ino, found.st_dev) if found.st_size else None", "found.st_ino, found.st_dev)"),
    (["test_world.py::test_what_others_commit_to_a_database_is_seen[through a link]"], "os.path.realpath(path) if os.path.islink(path) else path", "path"),
    (["test_world.py::test_an_edit_through_a_mapping_is_seen"], "RACY = 40_000_000_000", "RACY = 2_000_000_000"),
    (["test_world.py::test_a_file_that_is_not_old_is_read_once_in_each_process"], "sight.path, _KNOWN) ==", "sight.path) =="),
    (["test_world.py::test_a_file_that_was_not_there"], 'return f"{what} {sight.path} is new"', 'return ""'),
    (["test_world.py::test_a_relative_path_is_another_file_elsewhere"], "found[kind, path] = Sight(kind, path,", "found[kind, path] = Sight(kind, absolute,"),
]  # fmt: skip

# What else is in the key of a call.
KEYS = [
    (["test_decisions.py::test_distributions_of_arguments_are_in_the_environment"], "sorted(fingerprint.distributions | references.distributions)", "sorted(fingerprint.distributions)"),
    (["test_memo.py::test_callables_as_arguments_bring_their_behaviour_and_config"], "self.reads += [(read, layers) for _, read in fingerprint.reads]", "pass"),
    (["test_memo.py::test_callables_as_arguments_bring_their_behaviour_and_config"], 'pack(["user", fingerprint.raw,', 'pack(["user",'),
    (["test_memo.py::test_what_callable_arguments_observe_counts", "fingerprinting/test_narrowing.py::test_code_among_the_arguments_may_call_anything"], "if references.marks <= fingerprint.marks:", "if True:"),
    ([f"fingerprinting/test_attacks.py::test_what_an_argument_may_look_up_counts[{given}]" for given in ("str.format", "'{0.size}'.format")], "if encoder.looks_up:", "if False:"),
    (["test_memo.py::test_a_caller_notices_the_version_of_what_it_reaches"], "if declared.options:", "if False:"),
    (["test_memo.py::test_only_config_keys_in_reach_are_in_the_key"], "definition.reads = declared.reads", "pass"),
    (["test_memo.py::test_twins_with_different_defaults_are_told_apart"], "if _ambiguous(reads, found, self._encode):", "if False:"),
    (["test_memo.py::test_what_identifies_an_argument_is_in_the_key"], "    if substitutes:\n", "    if False:\n"),
    (["test_memo.py::test_a_thread_that_sees_other_config_spoils_the_computation"], "computing.report(self.__qualname__, id(self), seen)", "pass"),
    (["test_memo.py::test_a_result_is_of_the_classes_of_the_module_that_asks"], "if _digest_at(home, qualname, forms) == wanted:", "if False:"),
    (["test_memo.py::test_equal_arguments_of_other_types_are_other_calls"], "_DIGEST, digest(pack(list(inputs))), self.behind", '_DIGEST, digest(b""), self.behind'),
    (["test_decisions.py::test_the_parts_of_a_key_and_their_order"], "[sys.implementation.name, version, sys.flags.optimize]", "[sys.implementation.name, version]"),
    (["test_decisions.py::test_the_parts_of_a_key_and_their_order"], "[options, pack([namespace, salt])]", "[options]"),
    (["test_memo.py::test_callables_as_arguments_bring_their_behaviour_and_config"], 'value.__inviscid_overrides__() if base is not value else b""', 'b""'),
]  # fmt: skip

# What an explanation shows of a fingerprint.
TOLD = [
    (["test_explain.py::test_the_diff_shows_normalized_source"], "definition.shown = form.text", "pass"),
    (["test_explain.py::test_the_diff_of_a_class_has_its_members"], "definition.shown = outline(cls,", "outline(cls,"),
    (["test_explain.py::test_a_secret_is_known_by_its_own_name"], "def is_secret(name: str) -> bool:\n", "def is_secret(name: str) -> bool:\n    return False\n\n\ndef _is_secret(name: str) -> bool:\n"),
]  # fmt: skip

RULES = [*NORMAL_FORM, *REACH, *SYNTAX, *WAYS, *VALUES, *GUARDS, *WORLD, *KEYS, *TOLD]


class Pair(NamedTuple):
    """Two texts, and whether they are the same."""

    before: str
    after: str
    same: bool


def tables(name: str) -> ModuleType:
    """The rows of a test file."""
    spec = importlib.util.spec_from_file_location(f"rows_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pairs_of_forms() -> dict[str, Pair]:
    module = tables("test_normalize")
    found = {
        name: Pair(*pair, same=table is module.SAME)
        for table in (module.SAME, module.DIFFERENT)
        for name, pair in table.items()
    }
    return found | {f"form {name}": pair for name, pair in found.items()}


def pairs_of_modules() -> dict[str, Pair]:
    """By name, with the file and ``CHANGES`` or ``REUSES`` in front where several tables have it."""
    found: dict[str, Pair] = {}
    for file in ("test_registries", "test_fingerprint", "test_reach_rows"):
        module = tables(file)
        texts = {**module.CHANGES, **getattr(module, "TEXTS", {})}
        for kind, table in (("CHANGES", texts), ("REUSES", module.REUSES)):
            for name, (before, after) in table.items():
                pair = Pair(module.HEAD + before, module.HEAD + after, same=kind == "REUSES")
                found[f"{file} {kind} {name}"] = found[f"module {name}"] = found[name] = pair
    module = tables("test_attacks")
    for name, (text, old, new) in module.ROWS.items():
        found[f"test_attacks {name}"] = Pair(module.HEAD + text, module.HEAD + text.replace(old, new), same=False)
    module = tables("test_narrowing")
    for table, name, text, class_text in [
        *(("KEEPS", name, text, module.CLASS) for name, text in module.KEEPS.items()),
        *(("COUNTS", name, text, module.CLASS) for name, text in module.COUNTS.items()),
        *(("ALWAYS", name, "def f(x): return A().used()", text) for name, text in module.ALWAYS.items()),
    ]:
        before, after = (class_text.format(value) + text for value in (1, 2))
        found[f"{table} {name}"] = Pair(before, after, same=table == "KEEPS")
    return found


FORMS = pairs_of_forms()
# A name that both have is that of a form, unless it says ``module``.
MODULES = {name: pair for name, pair in pairs_of_modules().items() if name not in FORMS}


@pytest.fixture(scope="module")
def forks() -> Iterator[subprocess.Popen[str]]:
    """The process that takes rules out."""
    with subprocess.Popen(
        [sys.executable, str(HERE / "without.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        # A fork has no threads but the one that forked.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    ) as process:  # fmt: skip
        written(process).write(json.dumps(tables("test_reach_rows").MODULES) + "\n")
        yield process


def written(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdin is not None
    return process.stdin


def asked(process: subprocess.Popen[str], names: list[str], rule: str, instead: str) -> dict[str, Any]:
    """What becomes of rows without a rule."""
    places = [path for path, text in SOURCES.items() if rule in text]
    assert len(places) == 1, f"the rule stands in {places}: {rule}"
    job = {
        "module": ".".join(["inviscid", *places[0].relative_to(HOME).with_suffix("").parts]),
        "path": str(places[0]),
        "text": SOURCES[places[0]].replace(rule, instead),
        "forms": [FORMS[name][:2] for name in names if name in FORMS],
        "modules": [MODULES[name][:2] for name in names if name in MODULES],
        "tests": [name for name in names if "::" in name],
    }
    assert len(job["forms"]) + len(job["modules"]) + len(job["tests"]) == len(names), "a row is missing"
    written(process).write(json.dumps(job) + "\n")
    written(process).flush()
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


@pytest.mark.parametrize(("names", "rule", "instead"), RULES, ids=[names[0] for names, _, _ in RULES])
def test_a_row_fails_without_its_rule(forks: subprocess.Popen[str], names: list[str], rule: str, instead: str) -> None:
    found = asked(forks, names, rule, instead)
    assert "error" not in found, found["error"]
    forms = [not FORMS[name].same for name in names if name in FORMS]
    modules = [not MODULES[name].same for name in names if name in MODULES]
    assert (found["forms"], found["modules"]) == (forms, modules), names
    for name in names:
        if "::" in name:
            # Another error than that of an assertion, or of ours, would say little: the text may only be broken.
            failures = ("AssertionError", "Failed", "InviscidWarning", "ConfigError")
            assert found["tests"].get(name) in failures, found["told"]
