"""The normal form: two texts get the same template only if they do the same.

What is dropped or unified, and under which condition, is the table in `docs/explanation/normal-form.md`; each rule here
is a row there. The syntax tree already ignores comments, layout, quotes and number notation. What must stay apart
although it looks alike (``a += b`` and ``a = a + b``, the order of a dict, ``1`` and ``1.0``) stays apart because no
rule touches it.

The parser is CPython's own: what it reads is what was compiled, on every version that runs, and it is seven times as
fast as a concrete-syntax parser. The stream is written here and skips empty fields, which makes it the same on all
versions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from inviscid.fingerprinting import template
from inviscid.fingerprinting.readable import readable
from inviscid.fingerprinting.scopes import (
    Bindings,
    Comprehension,
    Function,
    annotations_in,
    block_bindings,
    comprehension_targets,
    function_bindings,
    parameters,
    suspends,
)
from inviscid.fingerprinting.source import Located
from inviscid.fingerprinting.syntax import all_nodes, children
from inviscid.fingerprinting.template import Slot, Template, Tree, stream

_JUMPS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_SKIPPED_FIELDS = frozenset({"ctx", "type_comment", "kind"})
_NOWHERE = ast.Pass()
_LONGEST_NAME = 80
_NO_CALLS = frozenset({"", template.NAMED, template.GIVEN})


def normalize(located: Located, free: Sequence[str]) -> Template:
    """The template of a function.

    Args:
        located: its checked syntax.
        free: names of the closure cells of its code object.

    Raises:
        RecursionError: the syntax is nested deeper than the interpreter's limit.
    """
    return _Normalizer(located, free).template()


class _Scope:
    """A scope in the making: names become numbers in the order in which they are met."""

    __slots__ = ("bindings", "deferred", "imports", "is_class", "locals", "numbers", "parent")

    def __init__(
        self, parent: _Scope | None, bindings: Bindings, *, is_class: bool = False, deferred: bool = False
    ) -> None:
        self.parent = parent
        # Code of a nested function runs when somebody calls it, perhaps elsewhere.
        self.deferred: bool = deferred or (parent is not None and parent.deferred)
        self.bindings = bindings
        self.locals = bindings.locals
        self.is_class = is_class
        self.numbers: dict[str, int] = {}
        self.imports: dict[str, Slot] = {}

    def number(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))


class _Normalizer:
    def __init__(self, located: Located, free: Sequence[str]) -> None:
        self.located = located
        self.free = frozenset(free)
        self.slots: dict[Slot, int] = {}
        self.uses: dict[Slot, set[str]] = {}
        self.direct: dict[Slot, bool] = {}
        self.mentions: set[str] = set()
        # How the name or chain at this node is used, noted by what stands around it: see `Template.uses`.
        self.used_as: dict[int, str] = {}
        self.marks: set[str] = set()
        self.documentation: list[Tree] = []
        self.annotations: list[Tree] = []
        self.names: list[Tree] = []
        self.raising = False
        self.class_name = located.class_name
        self.names_kept = _keeps_names(located.node)

    def template(self) -> Template:
        node = self.located.node
        body = self.function(node, None)
        if "__class__" in self.free:
            # `super()` without arguments reads the cell without naming it.
            body = [body, self.slot(Slot("free", "__class__"))]
        return Template(
            body=stream(body),
            names=stream(self.names),
            documentation=stream(self.documentation),
            annotations=stream(self.annotations),
            source=f"{node.lineno}:{self.located.text}",
            slots=tuple(self.slots),
            marks=frozenset(self.marks),
            uses=tuple(tuple(sorted(self.uses.get(slot, {""}))) for slot in self.slots),
            mentions=tuple(sorted(self.mentions)),
            text=readable(node),
            direct=tuple(self.direct[slot] for slot in self.slots),
        )

    # Names ------------------------------------------------------------------------------------------------------------

    def slot(self, slot: Slot, *, direct: bool = False) -> Tree:
        self.direct[slot] = direct and self.direct.get(slot, True)
        return ["G", self.slots.setdefault(slot, len(self.slots))]

    def used(self, slot: Slot, node: ast.AST, scope: _Scope) -> Tree:
        use = self.used_as.get(id(node), "")
        self.uses.setdefault(slot, set()).add(use)
        return self.slot(slot, direct=not scope.deferred and use not in _NO_CALLS)

    def mark(self, attribute: str) -> None:
        self.marks.update(template.REFLECTIVE_ATTRIBUTES.get(attribute, ()))
        self.mentions.add(self.mangled(attribute))
        if attribute in template.ASKED:
            self.mentions.update(_asked(attribute))

    def of_a_class(self, node: ast.Attribute, scope: _Scope) -> bool:
        """Whether a name is set, or asked of a class, whose name counts anyhow."""
        match node:
            case ast.Attribute(attr="__name__" | "__qualname__", ctx=ast.Store()):
                return True
            # Not its qualified name: that of a class in a function shows what the function is called.
            case ast.Attribute(attr="__name__", value=ast.Attribute(attr="__class__")):
                return True
            case ast.Attribute(attr="__name__", value=ast.Call(func=ast.Name(id="type"), args=[_], keywords=[])):
                return self.lookup("type", scope)[0] is None and not _binds_globally(self.located.node, "type")
        return False

    def lookup(self, name: str, scope: _Scope) -> tuple[_Scope | None, int]:
        """The scope that a name lives in, and how many function scopes out; None for globals and closure cells."""
        depth = 0
        current: _Scope | None = scope
        while current is not None:
            if name in current.bindings.globals:
                return None, 0
            if name in current.locals and (current is scope or not current.is_class):
                return current, depth
            depth += not current.is_class
            current = current.parent
        return None, 0

    def name(self, name: str, scope: _Scope, chain: tuple[str, ...], node: ast.AST) -> Tree:
        """A name that is read, with the attributes that follow it; `node` is the whole of it."""
        home, depth = self.lookup(name, scope)
        if home is None:
            self.marks.update(template.REFLECTIVE_NAMES.get(name, ()))
            if name in template.NAME_TAKING and self.used_as.get(id(node)) != template.NAMED:
                self.marks.update(template.COMPUTED_NAME)
            kind = "free" if name in self.free and not self._declared_global(name, scope) else "global"
            return self.used(Slot(kind, name, chain), node, scope)
        if name in home.imports:
            base = home.imports[name]
            return self.used(base._replace(chain=base.chain + chain), node, scope)
        return self.attributes(self.local(name, home, depth, scope), chain)

    def _declared_global(self, name: str, scope: _Scope) -> bool:
        current: _Scope | None = scope
        while current is not None:
            if name in current.bindings.globals:
                return True
            current = current.parent
        return False

    def local(self, name: str, home: _Scope, depth: int, scope: _Scope) -> Tree:
        if home.is_class:
            # In a class body an unbound name falls through to what is outside.
            outside = self.name(name, scope.parent, (), _NOWHERE) if scope.parent else None
            return ["C", self.mangled(name), outside]
        return ["N", depth, name] if self.names_kept else ["L", depth, home.number(name)]

    def target(self, name: str, scope: _Scope) -> Tree:
        """A name that is bound or deleted."""
        home, depth = self.lookup(name, scope)
        if home is None:
            kind = "free" if name in self.free and not self._declared_global(name, scope) else "global"
            # What a function writes outside itself is a dependency too: the write is seen when it returns.
            return ["X", name, self.slot(Slot(kind, name))]
        if home.is_class:
            return ["C", self.mangled(name)]
        return ["N", depth, name] if self.names_kept else ["L", depth, home.number(name)]

    def mangled(self, name: str) -> str:
        if self.class_name.lstrip("_") and name.startswith("__") and not name.endswith("__"):
            return f"_{self.class_name.lstrip('_')}{name}"
        return name

    def attributes(self, base: Tree, chain: Iterable[str]) -> Tree:
        for attribute in chain:
            base = ["Attribute", base, attribute]
        return base

    # Functions --------------------------------------------------------------------------------------------------------

    def function(self, node: Function, outer: _Scope | None) -> Tree:
        """Parameters and body, as seen from inside; defaults and decorators belong to the scope outside."""
        scope = _Scope(outer, function_bindings(node), deferred=outer is not None)
        positional_only = {argument.arg for argument in node.args.posonlyargs}
        starred = {argument.arg for argument in (node.args.vararg, node.args.kwarg) if argument}
        signature: list[Tree] = []
        for argument in parameters(node.args):
            number = scope.number(argument.arg)
            # Only ordinary parameters can be named by a caller.
            hidden = argument.arg in positional_only or argument.arg in starred
            signature.append(number if hidden and not self.names_kept else argument.arg)
        shape: list[Tree] = [
            len(node.args.posonlyargs), len(node.args.args), node.args.vararg is not None,
            len(node.args.kwonlyargs), node.args.kwarg is not None,
        ]  # fmt: skip
        if outer is not None:
            self.dropped_annotations(node)
        if isinstance(node, ast.Lambda):
            body: list[Tree] = [["Return", ["value", self.expression(node.body, scope)]]]
            kind = "function"
        else:
            kind = "async" if isinstance(node, ast.AsyncFunctionDef) else "function"
            self.documented(node)
            statements = self.hoisted(node.body, scope)
            body = self.block(statements, scope)
            if not suspends(node.body):
                _strip_returns(body)
        # Type parameters are evaluated lazily, if ever.
        return ["Function", kind, [int(part) if isinstance(part, bool) else part for part in shape], signature, body]

    def dropped_annotations(self, node: Function) -> None:
        for argument in parameters(node.args):
            if argument.annotation is not None:
                self.annotations.append([argument.arg, ast.unparse(argument.annotation)])
        returns = getattr(node, "returns", None)
        if returns is not None:
            self.annotations.append(["return", ast.unparse(returns)])

    def documented(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        text = ast.get_docstring(node, clean=False)
        if text is not None:
            self.documentation.append([node.name, template.cleaned(text).encode("utf-8", "surrogatepass")])

    def hoisted(self, body: Sequence[ast.stmt], scope: _Scope) -> list[ast.stmt]:
        """The body without the imports that could as well stand at the head of the module.

        Only an import that always runs, before any use of its name, can be moved without changing what a use sees.
        """
        kept: list[ast.stmt] = []
        for statement in body:
            if not isinstance(statement, ast.Import | ast.ImportFrom):
                kept.append(statement)
                continue
            mentioned = {inner.id for earlier in kept for inner in all_nodes(earlier) if isinstance(inner, ast.Name)}
            for alias in statement.names:
                name = alias.asname or alias.name.partition(".")[0]
                alone = scope.bindings.bound[name] == 1 and name in scope.locals
                if alone and name not in mentioned and not self.names_kept:
                    scope.imports[name] = _import_slot(statement, alias)
                else:
                    kept.append(_only(statement, alias))
        return kept

    # Statements -------------------------------------------------------------------------------------------------------

    def block(self, statements: Sequence[ast.stmt], scope: _Scope) -> list[Tree]:
        result: list[Tree] = []
        pending = list(reversed(statements))
        while pending:
            statement = pending.pop()
            if isinstance(statement, ast.If):
                chosen, dropped = _constant_branch(statement)
                if dropped is not None and self.removable(dropped, scope):
                    pending.extend(reversed(chosen))
                    continue
                if statement.orelse and isinstance(statement.body[-1], _JUMPS):
                    result.append(self.generic(statement, scope, but="orelse"))
                    pending.extend(reversed(statement.orelse))
                    continue
            normal = self.statement(statement, scope)
            if normal is not None:
                result.append(normal)
            if isinstance(statement, _JUMPS):
                rest = list(reversed(pending))
                if self.removable(rest, scope):
                    break
        return result

    def removable(self, statements: list[ast.stmt], scope: _Scope) -> bool:
        """Whether code that never runs can go: it must not be what makes a name local, or a function a generator."""
        if suspends(statements) or scope.is_class:
            return False
        dropped = block_bindings(statements)
        if dropped.globals or dropped.nonlocals:
            return False
        if any(scope.bindings.bound[name] <= count for name, count in dropped.bound.items()):
            return False
        scope.bindings.bound.subtract(dropped.bound)
        return True

    def statement(self, node: ast.stmt, scope: _Scope) -> Tree:
        match node:
            case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Global() | ast.Nonlocal():
                return None
            case ast.Raise():
                around, self.raising = self.raising, True
                raised = self.generic(node, scope)
                self.raising = around
                return raised
            case ast.Return(value=None | ast.Constant(value=None)):
                return ["Return"]
            case ast.AnnAssign():
                return self.annotated(node, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return ["Define", self.target(node.name, scope), self.definition(node, scope)]
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value):
                return ["Define", self.target(name, scope), self.definition(value, scope)]
            case ast.ClassDef():
                return self.class_definition(node, scope)
            case ast.Import() | ast.ImportFrom():
                return ["Import", *(self.imported(node, alias, scope) for alias in node.names)]
            case _:
                return self.generic(node, scope)

    def annotated(self, node: ast.AnnAssign, scope: _Scope) -> Tree:
        target = node.target
        if scope.is_class:
            return self.generic(node, scope)
        if block_bindings([node.annotation]).bound:
            return ["Annotated", self.expression(target, scope), self.expression(node.annotation, scope)]
        if node.value is not None:
            return self.statement(ast.Assign(targets=[target], value=node.value), scope)
        if isinstance(target, ast.Name):
            # The bare annotation makes the name local; where another statement does too, it does nothing.
            return None if scope.bindings.bound[target.id] > 1 else ["Local", self.target(target.id, scope)]
        return ["Evaluate", *(self.expression(child, scope) for child in children(target))]

    def definition(self, node: Function, scope: _Scope) -> Tree:
        self.names.append(getattr(node, "name", "<lambda>"))
        decorators = [self.expression(decorator, scope) for decorator in getattr(node, "decorator_list", ())]
        defaults = [self.expression(default, scope) for default in node.args.defaults]
        keyword_defaults: list[Tree] = [
            None if default is None else self.expression(default, scope) for default in node.args.kw_defaults
        ]
        # An annotation that binds a name or suspends does so in the function around, whoever reads annotations.
        evaluated = [
            self.expression(annotation, scope)
            for annotation in annotations_in(node)
            if block_bindings([annotation]).bound or suspends([annotation])
        ]
        whole: list[Tree] = [decorators, defaults, keyword_defaults, self.function(node, scope)]
        return [*whole, evaluated] if evaluated else whole

    def class_definition(self, node: ast.ClassDef, scope: _Scope) -> Tree:
        self.documented(node)
        head: list[Tree] = [
            [self.expression(item, scope) for item in items]
            for items in (node.decorator_list, node.bases, node.keywords)
        ]
        outer, self.class_name = self.class_name, node.name
        inner = _Scope(scope, block_bindings(node.body), is_class=True)
        body = self.block(node.body, inner)
        self.class_name = outer
        # The class's name is behaviour: its repr shows it.
        return ["Class", self.target(node.name, scope), node.name, *head, body]

    def imported(self, node: ast.Import | ast.ImportFrom, alias: ast.alias, scope: _Scope) -> Tree:
        name = alias.asname or alias.name.partition(".")[0]
        return [self.target(name, scope), self.slot(_import_slot(node, alias))]

    # Expressions ------------------------------------------------------------------------------------------------------

    def expression(self, node: ast.AST, scope: _Scope) -> Tree:
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                return self.name(name, scope, (), node)
            case ast.Name(id=name):
                return self.target(name, scope)
            case ast.Attribute():
                return self.attribute(node, scope)
            case ast.Call():
                return self.call(node, scope)
            case ast.Constant(value=value):
                if isinstance(value, str):
                    self.text(value)
                    if names := template.variables(value):
                        return [_constant(value), *(self.name(name, scope, (), _NOWHERE) for name in names)]
                return _constant(value)
            case ast.Lambda():
                return self.definition(node, scope)
            case ast.Subscript(value=asked, slice=ast.Constant(value=str(key)), ctx=ast.Load()):
                self.used_as[id(asked)] = f"={key}"
                return self.generic(node, scope)
            case ast.Compare(left=ast.Constant(value=str(key)), ops=[ast.In() | ast.NotIn()], comparators=[asked]):
                self.used_as[id(asked)] = f"={key}"
                return self.generic(node, scope)
            case ast.MatchClass(kwd_attrs=names):
                for name in names:
                    self.mark(name)
                return self.generic(node, scope)
            case ast.UnaryOp(op=ast.Not(), operand=ast.Compare(ops=[ast.In() | ast.Is() as operator]) as compare):
                opposite = "NotIn" if isinstance(operator, ast.In) else "IsNot"
                sides = [self.expression(compare.left, scope), self.expression(compare.comparators[0], scope)]
                return ["Compare", ["left", sides[0]], ["ops", [opposite]], ["comparators", sides[1]]]
            case ast.BinOp(left=left, op=ast.Mod(), right=right) if not (_number(left) or _number(right)):
                self.mentions.add(template.FORMATS)
                self.shown(right)
                return self.generic(node, scope)
            case ast.JoinedStr():
                return self.joined(node, scope)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self.comprehension(node, scope)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                return [self.target(name, scope), self.generic(node, scope, but="name")]
            case ast.MatchMapping(rest=str(rest)):
                return [self.target(rest, scope), self.generic(node, scope, but="rest")]
            case ast.stmt():
                return self.statement(node, scope)
            case _:
                return self.generic(node, scope)

    def attribute(self, node: ast.Attribute, scope: _Scope) -> Tree:
        chain: list[str] = []
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            if self.of_a_class(base, scope):
                self.mentions.add(base.attr)
            else:
                self.mark(base.attr)
            if base.attr in template.FORMATTING and not isinstance(base.value, ast.Constant):
                # Which attributes are looked up says a text that is data here.
                self.marks.add(template.MEMBERS)
            chain.append(self.mangled(base.attr))
            base = base.value
        chain.reverse()
        if isinstance(node.ctx, ast.Load):
            if isinstance(base, ast.Name):
                return self.name(base.id, scope, tuple(chain), node)
            slot = self.imported_by_call(base, scope)
            if slot is not None:
                return ["Imported", self.generic(base, scope), self.slot(slot._replace(chain=tuple(chain)))]
            return self.attributes(self.expression(base, scope), chain)
        return ["Attribute", self.expression(node.value, scope), chain[-1]]

    def call(self, node: ast.Call, scope: _Scope) -> Tree:
        match node:
            case ast.Call(func=ast.Name(id=name), args=[_, ast.Constant(value=str(key)), *_]) if (
                name in template.NAME_TAKING
            ):
                self.used_as[id(node.func)] = template.NAMED
                self.mentions.update(_asked(key))
            case ast.Call(args=[], keywords=[]) | ast.Call(args=[ast.Constant(value=None)], keywords=[]):
                self.used_as[id(node.func)] = template.BARE
            case ast.Call(args=[ast.Constant(value=str(key)), *_]):
                self.used_as[id(node.func)] = f"={key}"
            case (
                ast.Call(args=[ast.Name(id=name)], keywords=[])
                | ast.Call(args=[], keywords=[ast.keyword(value=ast.Name(id=name))])
            ):
                self.used_as[id(node.func)] = f"{template.WITH}{name}"
            case _:
                self.used_as[id(node.func)] = template.CALLED
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called == "sample" and not {"random_state", "seed"} & {keyword.arg for keyword in node.keywords}:
            self.mentions.add(template.SAMPLES)
        if isinstance(node.func, ast.Attribute) and called in template.ASKED_OF_PATHS and _as_of_a_path(node):
            self.mentions.update(_asked(called))
        if called in template.SHOWING:
            for given in [*node.args, *(keyword.value for keyword in node.keywords)]:
                self.shown(given)
        if called in template.SILENT:
            for given in [*node.args, *(keyword.value for keyword in node.keywords)]:
                self.used_as.setdefault(id(given), template.GIVEN)
        if called in template.FIRST_NAME_TAKING and not all(isinstance(part, ast.Constant) for part in node.args):
            self.marks.update(template.COMPUTED_NAME)
        parts = self.generic(node, scope)
        slot = self.imported_by_call(node, scope, mark=True)
        return parts if slot is None else ["Imported", parts, self.slot(slot)]

    def shown(self, node: ast.AST) -> None:
        """Note that a text is made of an expression: of a class it shows the module."""
        match node:
            case _ if self.raising:
                # What an error says is no result.
                pass
            case ast.Call(func=ast.Name(id="type"), args=[_]) | ast.Attribute(attr="__class__"):
                self.marks.add(template.PLACE)
            case ast.Name() | ast.Attribute():
                self.used_as.setdefault(id(node), template.SHOWN)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self.shown(part)

    def imported_by_call(self, node: ast.AST, scope: _Scope, *, mark: bool = False) -> Slot | None:
        """The slot of ``importlib.import_module("constant")``; an import that can't be read is marked."""
        if not isinstance(node, ast.Call):
            return None
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called not in ("import_module", "__import__"):
            return None
        match node.args, node.keywords:
            case [ast.Constant(value=str(module))], [] if not module.startswith("."):
                return Slot("import", module if called == "import_module" else module.partition(".")[0], ensure=module)
        if mark:
            self.marks.add(template.COMPUTED)
        return None

    def text(self, value: str) -> None:
        """A string: what it names may be looked up by it."""
        words = template.words(value)
        for word in words:
            if word.startswith("__"):
                self.mark(word)
        # The whole text too: names that attributes are looked up by need not be words.
        self.mentions.update(words, [value] if len(value) < _LONGEST_NAME else [])

    def joined(self, node: ast.JoinedStr, scope: _Scope) -> Tree:
        parts: list[Tree] = []
        literal = ""
        for value in node.values:
            match value:
                case (
                    ast.Constant(value=str(text))
                    | ast.FormattedValue(value=ast.Constant(value=str(text)), conversion=-1, format_spec=None)
                ):
                    literal += text
                    self.text(text)
                case ast.FormattedValue():
                    if literal:
                        parts.append(_constant(literal))
                        literal = ""
                    self.mentions.add(template.FORMATS)
                    self.shown(value.value)
                    spec = None if value.format_spec is None else self.expression(value.format_spec, scope)
                    parts.append(["Format", self.expression(value.value, scope), value.conversion, spec])
        if not parts:
            return _constant(literal)
        if literal:
            parts.append(_constant(literal))
        return ["Joined", *parts]

    def comprehension(self, node: Comprehension, scope: _Scope) -> Tree:
        # The first iterable belongs to the scope outside.
        first = self.expression(node.generators[0].iter, scope)
        bindings = Bindings()
        bindings.bound.update(comprehension_targets(node))
        inner = _Scope(scope, bindings)
        parts: list[Tree] = [type(node).__name__, first]
        for position, generator in enumerate(node.generators):
            source = None if position == 0 else self.expression(generator.iter, inner)
            target = self.expression(generator.target, inner)
            conditions: list[Tree] = [self.expression(condition, inner) for condition in generator.ifs]
            parts.append([source, target, conditions, generator.is_async])
        elements = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        return [*parts, *(self.expression(element, inner) for element in elements)]

    def generic(self, node: ast.AST, scope: _Scope, but: str = "") -> Tree:
        parts: list[Tree] = [type(node).__name__]
        for field, value in ast.iter_fields(node):
            if value is None or value == [] or field == but or field in _SKIPPED_FIELDS:
                continue
            if isinstance(value, list):
                if value and isinstance(value[0], ast.stmt):
                    parts.append([field, *self.block(value, scope)])
                else:
                    parts.append([field, *(self.child(item, scope) for item in value)])
            else:
                parts.append([field, self.child(value, scope)])
        return parts

    def child(self, value: object, scope: _Scope) -> Tree:
        if isinstance(value, ast.AST):
            return self.expression(value, scope)
        return value if isinstance(value, str | int) or value is None else repr(value)


def _asked(name: str) -> list[str]:
    """What is mentioned where a method is looked up that reads the world."""
    found = [f".{name}"] if name in template.ASKED else []
    return [*found, f".{name}()"] if name in template.ASKED_OF_PATHS else found


def _as_of_a_path(node: ast.Call) -> bool:
    """Whether a path could be asked like that: it takes keywords, and ``strict`` alone by its position."""
    match node.args:
        case [] | [ast.Constant(value=bool())]:
            return True
    return False


def _shows_locals(node: ast.AST) -> bool:
    """Whether something shows the names of the locals around it."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and bool(template.variables(node.value))
    if isinstance(node, ast.Attribute):
        return node.attr == "locals"
    return isinstance(node, ast.Name) and node.id in template.SEES_LOCALS


def _keeps_names(function: ast.AST) -> bool:
    """Whether something in a function shows the names of its locals."""
    nodes = list(all_nodes(function))
    showing = [node for node in nodes if _shows_locals(node)]
    if not showing:
        return False
    idle = {id(part) for node in nodes for part in _shows_nothing(node)}
    return any(id(node) not in idle for node in showing)


def _binds_globally(function: ast.AST, name: str) -> bool:
    return any(isinstance(node, ast.Global) and name in node.names for node in all_nodes(function))


def _shows_nothing(node: ast.AST) -> Iterator[ast.AST]:
    """Parts of a node that would show locals elsewhere."""
    match node:
        case ast.Expr(value=ast.Constant() as text):
            # Documentation, and what else is evaluated for nothing.
            yield text
        case ast.Call(func=ast.Name(id="vars" | "dir") as function, args=[given, *_]):
            if not isinstance(given, ast.Starred):
                # They are asked about what they are given.
                yield function


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _constant(value: object) -> Tree:
    """Tagged by type: ``1``, ``True`` and ``1.0`` are equal to each other and do different things."""
    kind = type(value).__name__
    if isinstance(value, str):
        return ["Constant", kind, value.encode("utf-8", "surrogatepass")]
    if isinstance(value, bytes):
        return ["Constant", kind, value]
    if type(value) is int:
        # Decimal has a limit of digits.
        return ["Constant", kind, hex(value)]
    return ["Constant", kind, repr(value)]


def _constant_branch(node: ast.If) -> tuple[list[ast.stmt], list[ast.stmt] | None]:
    """For ``if`` over a constant: what runs, and what never does."""
    if not isinstance(node.test, ast.Constant):
        return [], None
    return (node.body, node.orelse) if node.test.value else (node.orelse, node.body)


def _strip_returns(body: list[Tree]) -> None:
    while body and body[-1] == ["Return"]:
        body.pop()


def _import_slot(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> Slot:
    if isinstance(statement, ast.ImportFrom):
        return Slot("import", statement.module or "", (alias.name,), level=statement.level)
    if alias.asname:
        return Slot("import", alias.name, ensure=alias.name)
    return Slot("import", alias.name.partition(".")[0], ensure=alias.name)


def _only(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    if isinstance(statement, ast.ImportFrom):
        return ast.ImportFrom(statement.module, [alias], statement.level)
    return ast.Import([alias])
