"""Rewrites: other texts of a whole library that do the same.

A *rewrite* takes all files of a library and gives them another text. None of them knows inviscid: which names live where,
and what may change places, is worked out here once more, from the syntax alone.

Where it can't be told from the text that a piece may be rewritten, it stays as it is: a rewrite that changed what the code
does would prove nothing.
"""

from __future__ import annotations

import ast
import builtins
import io
import re
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

Files = Mapping[str, str]
"""Relative path → text."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_SEE_LOCALS = frozenset({"locals", "eval", "exec", "vars", "dir", "_getframe", "currentframe", "f_locals"})
_SEE_GLOBALS = frozenset({"globals", "eval", "exec", "vars", "dir", "__dict__", "modules"})
_PREFIX = "renamed_"


class Rewritten(NamedTuple):
    """A library in another text."""

    files: Files
    """Those that are different now."""
    places: int
    """How many places were rewritten; of a formatter, how many files."""


class Rewrite(NamedTuple):
    """A way to write the same in another way."""

    name: str
    seen_by: tuple[str, ...]
    """Marks of code that observes what is changed: its fingerprint changes with reason. The plainest reason is first."""
    apply: Callable[[Files, Files], Rewritten]
    """Given the files of the library, and those of others that use it."""


# Text that stays where it is -------------------------------------------------------------------------------------------


class _Text:
    """A text with pieces to be replaced."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.edits: list[tuple[int, int, str]] = []

    def offset(self, line: Any, column: Any) -> int:
        """Of a place in a syntax tree, whose columns are bytes."""
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def token(self, place: tuple[int, int]) -> int:
        return self.starts[place[0] - 1] + place[1]

    def replace(self, start: int, end: int, after: str) -> None:
        self.edits.append((start, end, after))

    def done(self) -> str:
        text = self.text
        # Of insertions at one place, the last that was made comes first.
        for start, end, after in sorted(self.edits, key=lambda edit: edit[:2], reverse=True):
            text = text[:start] + after + text[end:]
        return text


def _each(change: Callable[[str], tuple[str, int]]) -> Callable[[Files, Files], Rewritten]:
    """A rewrite of each file by itself."""

    def apply(files: Files, users: Files) -> Rewritten:
        made = {name: change(text) for name, text in files.items()}
        changed = {name: text for name, (text, _) in made.items() if text != files[name]}
        return Rewritten(changed, sum(made[name][1] for name in changed))

    return apply


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))


def formatted(files: Files, users: Files) -> Rewritten:
    """All files by a formatter in a style that few write: short lines, single quotes."""
    beside = Path(sys.executable).with_name("ruff")
    ruff = str(beside) if beside.exists() else shutil.which("ruff")
    if ruff is None:
        raise FileNotFoundError("ruff is not installed: it is in the dependency group `proofs`")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        style = ["--config", "format.quote-style = 'single'", "--config", "format.skip-magic-trailing-comma = true"]
        command = [ruff, "format", "--quiet", "--isolated", "--no-cache", "--line-length", "60", *style, str(folder)]
        subprocess.run(command, check=True)
        after = {name: (folder / name).read_text(encoding="utf-8") for name in files}
    changed = {name: text for name, text in after.items() if text != files[name]}
    return Rewritten(changed, len(changed))


def uncommented(text: str) -> tuple[str, int]:
    """Without comments."""
    edited = _Text(text)
    for token in _tokens(text):
        if token.type == tokenize.COMMENT:
            start = edited.token(token.start)
            spaces = len(text[:start]) - len(text[:start].rstrip(" \t"))
            edited.replace(start - spaces, edited.token(token.end), "")
    return edited.done(), len(edited.edits)


def shifted(text: str) -> tuple[str, int]:
    """With empty lines and comments at the top, and before each definition."""
    edited = _Text(text)
    edited.replace(0, 0, "# A word\n# before all else.\n\n\n")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _SCOPED):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            indent = edited.lines[first - 1][: len(edited.lines[first - 1]) - len(edited.lines[first - 1].lstrip())]
            alone = len(indent.encode()) in {node.col_offset, *(one.col_offset - 1 for one in node.decorator_list)}
            continued = first > 1 and edited.lines[first - 2].endswith("\\")
            if alone and not continued:
                edited.replace(edited.starts[first - 1], edited.starts[first - 1], f"\n{indent}# What follows.\n\n\n")
    return edited.done(), len(edited.edits)


def cluttered(text: str) -> tuple[str, int]:
    """With parentheses around what is returned or assigned, and with semicolons."""
    edited = _Text(text)
    compound = (*_SCOPED, ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Match)
    for node in ast.walk(ast.parse(text)):
        value = node.value if isinstance(node, ast.Return | ast.Assign | ast.AugAssign) else None
        if value is not None:
            edited.replace(
                edited.offset(value.lineno, value.col_offset), edited.offset(value.lineno, value.col_offset), " ("
            )
            end = edited.offset(value.end_lineno, value.end_col_offset)
            edited.replace(end, end, ")")
        if isinstance(node, ast.stmt) and not isinstance(node, (*compound, ast.TryStar)):
            end = edited.offset(node.end_lineno, node.end_col_offset)
            rest = text[end : edited.starts[node.end_lineno or 0] - 1].strip()
            if not rest or rest.startswith("#"):
                edited.replace(end, end, ";")
    # What ends a value may end a statement, too: then the parenthesis comes before the semicolon.
    edited.edits.sort(key=lambda edit: edit[2] != ";")
    return edited.done(), len(edited.edits)


def respelled(text: str) -> tuple[str, int]:
    """Strings with other quotes and escapes, whole numbers in another base."""
    edited = _Text(text)
    inside = 0
    for token in _tokens(text):
        kind = tokenize.tok_name[token.type]
        inside += (kind == "FSTRING_START") - (kind == "FSTRING_END")
        if inside:
            # A debugging f-string shows the text of its expressions.
            continue
        after = ""
        if kind == "STRING" and "f" not in token.string.lower()[: token.string.index(token.string[-1])]:
            value = ast.literal_eval(token.string)
            plain = isinstance(value, str) and '"' not in value and value.isprintable() and "\\" not in value
            after = f'"{value}"' if plain and token.string[-1] == "'" else ascii(value)
        elif kind == "NUMBER" and token.string.isdigit() and token.string != "0":
            after = hex(int(token.string)) + " "
        if after and after.strip() != token.string:
            edited.replace(edited.token(token.start), edited.token(token.end), after)
    return edited.done(), len(edited.edits)


# Another tree ---------------------------------------------------------------------------------------------------------


def printed(text: str) -> tuple[str, int]:
    """The text that the syntax tree prints as."""
    return ast.unparse(ast.parse(text)) + "\n", 1


def undocumented(text: str) -> tuple[str, int]:
    """Without the documentation of functions, classes and the module."""
    tree = ast.parse(text)
    places = 0
    for node in ast.walk(tree):
        if isinstance(node, (*_SCOPED, ast.Module)) and ast.get_docstring(node, clean=False) is not None:
            places += 1
            del node.body[0]
            # A string that comes next would be documentation now.
            if not node.body or (isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)):
                node.body.insert(0, ast.Pass())
    return (ast.unparse(tree) + "\n" if places else text), places


def bare(text: str) -> tuple[str, int]:
    """Without comments and documentation."""
    without, comments = uncommented(text)
    without, documented = undocumented(without)
    return without, comments + documented


class _Unannotated(ast.NodeTransformer):
    """Takes annotations away from functions and from variables inside of them."""

    def __init__(self) -> None:
        self.places = 0
        self.inside = False

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        around, self.inside = self.inside, False
        self.generic_visit(node)
        self.inside = around
        return node

    def visit_FunctionDef(self, node: Any) -> ast.AST:
        around, self.inside = self.inside, True
        self.generic_visit(node)
        self.inside = around
        # These read the annotations where they are called.
        if any(re.search(r"register|dispatch|overload", ast.unparse(one)) for one in node.decorator_list):
            return node
        arguments = node.args
        for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
            if one is not None and one.annotation is not None and _silent(one.annotation):
                self.places += 1
                one.annotation = None
        if node.returns is not None and _silent(node.returns):
            self.places += 1
            node.returns = None
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if not self.inside or node.value is None:
            return node
        self.places += 1
        return ast.copy_location(ast.Assign([node.target], node.value), node)


class _Annotated(ast.NodeTransformer):
    """Annotates all functions, and the variables inside of them."""

    def __init__(self) -> None:
        self.places = 0
        self.declared: list[set[str]] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        around, self.declared = self.declared, []
        self.generic_visit(node)
        self.declared = around
        return node

    def visit_FunctionDef(self, node: Any) -> ast.AST:
        self.declared.append({name for one in _declared(node.body).values() for name in one})
        self.generic_visit(node)
        self.declared.pop()
        if any(re.search(r"register|dispatch|overload", ast.unparse(one)) for one in node.decorator_list):
            return node
        arguments = node.args
        for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
            if one is not None and one.annotation is None:
                self.places += 1
                one.annotation = ast.Constant("object")
        if node.returns is None:
            self.places += 1
            node.returns = ast.Constant("object")
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        target = node.targets[0]
        if not self.declared or len(node.targets) > 1 or not isinstance(target, ast.Name):
            return node
        if target.id in self.declared[-1]:
            return node
        self.places += 1
        return ast.copy_location(ast.AnnAssign(target, ast.Constant("object"), node.value, 1), node)


def annotated(text: str) -> tuple[str, int]:
    """With annotations wherever a function can have some."""
    change = _Annotated()
    tree = ast.fix_missing_locations(change.visit(ast.parse(text)))
    return (ast.unparse(tree) + "\n" if change.places else text), change.places


def _silent(node: ast.expr) -> bool:
    return not any(isinstance(one, ast.NamedExpr | ast.Yield | ast.YieldFrom | ast.Await) for one in ast.walk(node))


def unannotated(text: str) -> tuple[str, int]:
    """Without annotations, but for those of class bodies and modules."""
    change = _Unannotated()
    tree = ast.fix_missing_locations(change.visit(ast.parse(text)))
    return (ast.unparse(tree) + "\n" if change.places else text), change.places


def _movable(node: ast.stmt, names: set[str], decorators: frozenset[str]) -> bool:
    """Whether it doesn't matter where a definition stands among its like."""
    if not isinstance(node, _Function):
        return False
    if any(ast.unparse(one) not in decorators for one in node.decorator_list):
        return False
    evaluated = [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]
    evaluated += [one.annotation for one in ast.walk(node.args) if isinstance(one, ast.arg) and one.annotation]
    evaluated += [node.returns] if node.returns else []
    for one in (inner for outer in evaluated for inner in ast.walk(outer)):
        if isinstance(one, ast.Call | ast.Lambda | ast.NamedExpr | ast.Await | ast.Yield | ast.Attribute):
            return False
        if isinstance(one, ast.Name) and (one.id in names or not hasattr(builtins, one.id)):
            return False
    return True


def _turned(body: list[ast.stmt], names: set[str], decorators: frozenset[str]) -> int:
    """Turn each run of movable definitions around, in place. How many moved."""
    moved = 0
    start = 0
    while start < len(body):
        end = start
        seen: set[str] = set()
        while end < len(body) and _movable(body[end], names, decorators) and body[end].name not in seen:  # type: ignore[attr-defined]
            seen.add(body[end].name)  # type: ignore[attr-defined]
            end += 1
        if end - start > 1:
            body[start:end] = body[start:end][::-1]
            moved += end - start
        start = max(end, start + 1)
    return moved


def reordered(text: str) -> tuple[str, int]:
    """Functions of the module in another order, where they stand side by side and are evaluated without each other."""
    tree = ast.parse(text)
    moved = _turned(tree.body, set(names_of(tree).module.bound), frozenset())
    return (ast.unparse(tree) + "\n" if moved else text), moved


def reordered_methods(text: str) -> tuple[str, int]:
    """Methods in another order."""
    tree = ast.parse(text)
    names = set(names_of(tree).module.bound)
    plain = frozenset({"property", "staticmethod", "classmethod"} - names)
    moved = 0
    for node in ast.walk(tree):
        # A decorator, a metaclass, or `__init_subclass__` may look at the order.
        if isinstance(node, ast.ClassDef) and not node.decorator_list and not node.keywords:
            own = {name for one in node.body for name in _bound_by(one)}
            moved += _turned(node.body, names | own, plain)
    return (ast.unparse(tree) + "\n" if moved else text), moved


def _bound_by(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, _SCOPED):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


# Names ----------------------------------------------------------------------------------------------------------------


class _Scope:
    """What a scope binds, and in which ways: `assigned`, `given` (a parameter), `defined`, `imported`, or `fixed`."""

    def __init__(self, kind: str, parent: _Scope | None) -> None:
        self.kind = kind
        self.parent = parent
        self.bound: dict[str, set[str]] = {}
        self.times: dict[str, int] = {}
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        # Whether names of locals can be seen in it, or in a function around it or inside of it.
        self.observed = False

    def bind(self, name: str, way: str) -> None:
        if name in self.globals:
            top = self
            while top.parent is not None:
                top = top.parent
            top.bound.setdefault(name, set()).add("fixed")
        elif name not in self.nonlocals:
            self.bound.setdefault(name, set()).add(way)
            self.times[name] = self.times.get(name, 0) + 1


class _Occurrence(NamedTuple):
    """A place where a name stands."""

    name: str
    scope: _Scope
    rename: Callable[[str], None]


class Names(ast.NodeVisitor):
    """Which name of a file lives in which scope: Python's own rule."""

    def __init__(self) -> None:
        self.module = _Scope("module", None)
        self.scope = self.module
        self.occurrences: list[_Occurrence] = []
        self.strings: list[str] = []
        self.attributes: set[str] = set()
        self.words: set[str] = set()
        self.observers: list[_Scope] = []
        self.hidden: set[str] = set()
        """Names that a class body binds: there they may mean what is outside."""

    def home(self, name: str, scope: _Scope) -> _Scope | None:
        current: _Scope | None = scope
        while current is not None:
            if name in current.globals:
                return self.module
            if (
                name in current.bound
                and name not in current.nonlocals
                and (current is scope or current.kind != "class")
            ):
                return current
            current = current.parent
        return None

    def note(self, name: str, rename: Callable[[str], None], way: str = "", scope: _Scope | None = None) -> None:
        scope = scope or self.scope
        if name.startswith("__"):
            way = way and "fixed"
        if way:
            scope.bind(name, way)
            if scope.kind == "class":
                self.hidden.add(name)
        self.words.add(name)
        self.occurrences.append(_Occurrence(name, scope, rename))
        if name in _SEE_LOCALS:
            self.observe()

    def observe(self) -> None:
        self.observers.append(self.scope)
        current: _Scope | None = self.scope
        while current is not None:
            current.observed = True
            current = current.parent

    def within(self, kind: str, act: Callable[[], Any], **declared: set[str]) -> None:
        around = self.scope
        self.scope = _Scope(kind, around)
        self.scope.globals, self.scope.nonlocals = declared.get("globals", set()), declared.get("nonlocals", set())
        act()
        self.scope = around

    def visit_Name(self, node: ast.Name) -> None:
        scope = self.scope
        self.note(node.id, _setter(node, "id"), "" if isinstance(node.ctx, ast.Load) else "assigned", scope)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        scope = self.scope
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        self.note(node.target.id, _setter(node.target, "id"), "assigned", scope)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.attributes.add(node.attr)
        if node.attr in _SEE_LOCALS:
            self.observe()
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.strings.append(node.value)

    def visit_FunctionDef(self, node: Any) -> None:
        self.note(node.name, _setter(node, "name"), "defined")
        for one in node.decorator_list:
            self.visit(one)
        self.function(node, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.function(node, [node.body])

    def function(self, node: Any, body: list[Any]) -> None:
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
        every = [one for one in every if one is not None]
        outside = [*arguments.defaults, *(one for one in arguments.kw_defaults if one is not None)]
        outside += [one.annotation for one in every if one.annotation is not None]
        outside += [node.returns] if getattr(node, "returns", None) is not None else []
        for one in outside:
            self.visit(one)
        free = [*arguments.posonlyargs, arguments.vararg, arguments.kwarg]

        def inside() -> None:
            for one in every:
                self.note(one.arg, _setter(one, "arg"), "given" if one in free else "fixed")
            for one in body:
                self.visit(one)

        self.within("function", inside, **_declared(body))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.note(node.name, _setter(node, "name"), "fixed")
        for one in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(one)
        self.within("class", lambda: [self.visit(one) for one in node.body], **_declared(node.body))

    def comprehension(self, node: Any) -> None:
        self.visit(node.generators[0].iter)

        def inside() -> None:
            for number, one in enumerate(node.generators):
                self.visit(one.target)
                for other in ([one.iter] if number else []) + one.ifs:
                    self.visit(other)
            for one in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
                self.visit(one)

        self.within("comprehension", inside)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension

    def visit_Import(self, node: Any) -> None:
        for one in node.names:
            name = one.asname or one.name.partition(".")[0]
            fixed = one.name == "*" or (one.asname is None and "." in one.name)
            future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
            self.note(name, _setter(one, "asname"), "fixed" if fixed or future else "imported")

    visit_ImportFrom = visit_Import

    def visit_Global(self, node: Any) -> None:
        for number, name in enumerate(node.names):
            self.note(name, _placer(node.names, number))

    visit_Nonlocal = visit_Global

    def bound_by_name(self, node: Any) -> None:
        field = "rest" if isinstance(node, ast.MatchMapping) else "name"
        if getattr(node, field) is not None:
            self.note(getattr(node, field), _setter(node, field), "assigned")
        self.generic_visit(node)

    visit_ExceptHandler = visit_MatchAs = visit_MatchStar = visit_MatchMapping = bound_by_name


def _setter(node: Any, field: str) -> Callable[[str], None]:
    return lambda name: setattr(node, field, name)


def _placer(names: list[str], number: int) -> Callable[[str], None]:
    return lambda name: names.__setitem__(number, name)


def _declared(body: list[Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"globals": set(), "nonlocals": set()}
    pending = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Global | ast.Nonlocal):
            found["globals" if isinstance(node, ast.Global) else "nonlocals"].update(node.names)
        elif not isinstance(node, (*_SCOPED, ast.Lambda)):
            pending += ast.iter_child_nodes(node)
    return found


def names_of(tree: ast.Module) -> Names:
    names = Names()
    for one in tree.body:
        names.visit(one)
    # What was gone through before its function turned out to see its locals.
    for one in names.occurrences:
        current: _Scope | None = one.scope
        while current is not None and current.kind != "module":
            one.scope.observed = one.scope.observed or current in names.observers
            current = current.parent
    return names


def _renamed(tree: ast.Module, names: Names, wanted: Callable[[str, _Scope], bool]) -> int:
    """Rename in place what is wanted. The new names sort the other way round than they come."""
    new: dict[tuple[int, str], str] = {}
    for one in names.occurrences:
        home = names.home(one.name, one.scope)
        if home is not None and one.name in home.bound and wanted(one.name, home):
            key = id(home), one.name
            one.rename(new.setdefault(key, f"{_PREFIX}{99_999 - len(new):05d}"))
    return len(new)


def _typed(tree: ast.Module) -> bool:
    """Whether there are scopes of type parameters, which are not followed here."""
    return any(getattr(node, "type_params", None) or type(node).__name__ == "TypeAlias" for node in ast.walk(tree))


def renamed_locals(text: str) -> tuple[str, int]:
    """Local variables by other names, and parameters that no caller can name."""
    tree = ast.parse(text)
    names = names_of(tree)

    def wanted(name: str, home: _Scope) -> bool:
        return (
            home.kind in ("function", "comprehension")
            and not home.observed
            and home.bound[name] <= {"assigned", "given", "imported"}
            and name not in names.hidden
        )

    places = 0 if _typed(tree) or _PREFIX in text else _renamed(tree, names, wanted)
    return (ast.unparse(tree) + "\n" if places else text), places


def renamed_helpers(files: Files, users: Files) -> Rewritten:
    """Nested functions by other names, and private functions of modules that nobody else names."""
    trees = {name: ast.parse(text) for name, text in files.items()}
    every = {name: names_of(tree) for name, tree in trees.items()}
    texts = {**files, **users}
    changed, places = {}, 0
    for file, tree in trees.items():
        names = every[file]
        elsewhere = {word for name, text in texts.items() if name != file for word in re.findall(r"\w+", text)}
        said = {word for string in names.strings for word in re.findall(r"\w+", string)} | names.attributes
        plain = {one.name for one in tree.body if isinstance(one, _Function) and not one.decorator_list}
        wide = bool(_SEE_GLOBALS & (names.words | names.attributes))

        def wanted(
            name: str,
            home: _Scope,
            names: Names = names,
            taken: set[str] = elsewhere | said,
            plain: set[str] = plain,
            wide: bool = wide,
        ) -> bool:
            if home.bound[name] != {"defined"} or name in names.hidden or home.observed:
                return False
            if home.kind == "function":
                return name not in names.attributes
            private = home.kind == "module" and home.times[name] == 1 and name.startswith("_")
            return private and name in plain and not wide and name not in taken

        found = 0 if _typed(tree) or _PREFIX in files[file] else _renamed(tree, names, wanted)
        if found:
            places += found
            changed[file] = ast.unparse(tree) + "\n"
    return Rewritten(changed, places)


def renamed_imports(files: Files, users: Files) -> Rewritten:
    """What modules import, by other names, where nobody can look for it there."""
    trees = {name: ast.parse(text) for name, text in files.items()}
    every = {name: names_of(tree) for name, tree in trees.items()}
    others = {**every, **{name: names_of(ast.parse(text)) for name, text in users.items()}}
    # Imported by name from some module, or asked of something, anywhere.
    asked = {name for one in others.values() for name in one.attributes}
    for tree in [*trees.values(), *map(ast.parse, users.values())]:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] in _roots(files)):
                asked |= {alias.name for alias in node.names}
    changed, places = {}, 0
    for file, tree in trees.items():
        names = every[file]
        said = {word for string in names.strings for word in re.findall(r"\w+", string)}
        free = not _SEE_GLOBALS & (names.words | names.attributes) and not _typed(tree) and _PREFIX not in files[file]

        def wanted(
            name: str, home: _Scope, names: Names = names, taken: set[str] = asked | said, free: bool = free
        ) -> bool:
            once = home.kind == "module" and home.bound[name] == {"imported"} and home.times[name] == 1
            alone = once and not hasattr(builtins, name)
            return alone and free and name not in taken and name not in names.hidden

        starred = any(isinstance(one, ast.ImportFrom) and one.names[0].name == "*" for one in ast.walk(tree))
        found = 0 if starred or file.endswith("__init__.py") else _renamed(tree, names, wanted)
        if found:
            places += found
            changed[file] = ast.unparse(tree) + "\n"
    return Rewritten(changed, places)


def _roots(files: Files) -> set[str]:
    return {name.split("/", maxsplit=1)[0].removesuffix(".py") for name in files}


_LINES = "lines"
_MEMBERS = "members by name"
"""Then what a function shows of itself may be looked up under a name that is computed."""

REWRITES = [
    Rewrite("another formatter's style", (_LINES,), formatted),
    Rewrite("printed from the syntax tree", (_LINES,), _each(printed)),
    Rewrite("lines shifted, comments added", (_LINES,), _each(shifted)),
    Rewrite("parentheses and semicolons added", (_LINES,), _each(cluttered)),
    Rewrite("strings and numbers spelled anew", (_LINES,), _each(respelled)),
    Rewrite("comments stripped", (_LINES,), _each(uncommented)),
    Rewrite("documentation stripped", ("documentation", _LINES, _MEMBERS), _each(undocumented)),
    Rewrite("comments and documentation stripped", ("documentation", _LINES, _MEMBERS), _each(bare)),
    Rewrite("annotations stripped", ("annotations", _LINES, _MEMBERS), _each(unannotated)),
    Rewrite("annotations added", ("annotations", _LINES, _MEMBERS), _each(annotated)),
    Rewrite("local variables renamed", (_LINES,), _each(renamed_locals)),
    Rewrite("private and nested functions renamed", ("names", _LINES, _MEMBERS), renamed_helpers),
    Rewrite("imported names renamed", (_LINES,), renamed_imports),
    Rewrite("functions reordered", ("order of names", _LINES), _each(reordered)),
    Rewrite("methods reordered", ("order of names", _LINES), _each(reordered_methods)),
]
