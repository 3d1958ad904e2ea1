"""Render what was recorded in ``results/``, so that nobody types a number.

Two directives: ``{record} name`` shows ``results/name.json`` as tables,
whatever its shape, with the command, the machine and the versions that it was
measured with; ``{beside} name`` shows a table of ``results/published.yml``,
figures that others published, each with its source, and ours beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

RESULTS = Path(__file__).parent.parent.parent / "results"
PUBLISHED = "published.yml"
MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"

WIDEST = 6  # columns of numbers that a table of a tree may have
LONGEST = 9  # numbers of a list that are all shown
FULL = 0.6  # share of its cells that such a table fills at least

# A name with one of these words says what was measured. Any other says on what.
MEASURES = {
    *("accuracies", "accuracy", "deviation", "epochs", "error", "errors"),
    *(
        "loss",
        "losses",
        "macs",
        "mean",
        "median",
        "milliseconds",
        "parameters",
    ),
    *("percent", "pictures", "quartiles", "ratio", "second", "seconds"),
    *("share",),
}

Tree = dict[str, Any]
Names = tuple[str, ...]


def leaves(value: Any, path: Names = ()) -> Iterator[tuple[Names, Any]]:
    """Walk over the ends of a tree: the names on the way, and the value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    else:
        yield path, value


def is_measure(name: str) -> bool:
    """Say whether a name tells what was measured."""
    return not MEASURES.isdisjoint(name.lower().split("_"))


def is_plain(value: Any) -> bool:
    """Say whether a value fits into a cell."""
    inner = value if isinstance(value, list) else [value]
    return not any(isinstance(each, dict | list) for each in inner)


def escaped(text: str) -> str:
    """Keep Markdown from reading signs into a text."""
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def title(*path: str) -> str:
    """Write names as a heading, in words."""
    words = ", ".join(path).replace("_", " ")
    return escaped(words.replace("standard deviation", "±"))


def cell(value: Any, name: str = "") -> str:
    """Write a value as a cell of a table."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}".replace("-", MINUS)
        case float() if abs(value) >= 1e-3:
            short = f"{value:,.4f}".rstrip("0").rstrip(".")
            return short.replace("-", MINUS, 1)
        case float():
            return f"{value:.3g}"
        case [low, high] if "quartiles" in name:
            return f"{cell(low)} to {cell(high)}"
        case list() if len(value) > LONGEST:
            return f"{len(value)}: {cell(value[0])} to {cell(value[-1])}"
        case list():
            return ", ".join(map(cell, value))
        case dict():
            return ", ".join(
                f"{title(n)} {cell(v, n)}" for n, v in value.items()
            )
    return escaped(str(value))


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a table."""
    rule = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join(
        f"| {' | '.join(row)} |" for row in (head, rule, *rows)
    )


def of_names(values: Tree) -> str:
    """Write a name and a value a line."""
    rows = [
        [title(name), cell(value, name)] for name, value in values.items()
    ]
    return table(["what", "value"], rows)


def of_rows(trees: dict[str, Tree]) -> str | None:
    """Write trees that hold the same as a line each, where that fits."""
    flat = {name: dict(leaves(tree)) for name, tree in trees.items()}
    columns = list(
        dict.fromkeys(path for row in flat.values() for path in row)
    )
    filled = sum(map(len, flat.values()))
    if len(columns) > WIDEST or filled < FULL * len(columns) * len(flat):
        return None
    rows = [
        [escaped(name), *(cell(row.get(p), "_".join(p)) for p in columns)]
        for name, row in flat.items()
    ]
    return table(["what", *(title(*path) for path in columns)], rows)


def of_measures(measures: dict[str, Tree]) -> Iterator[str]:
    """Write a column for each measure, those of the same things in a table."""
    groups: list[dict[str, Tree]] = []
    for name, values in measures.items():
        for group in groups:
            known = {each for others in group.values() for each in others}
            if len(group) < WIDEST and known & values.keys():
                group[name] = values
                break
        else:
            groups.append({name: values})
    for group in groups:
        things = dict.fromkeys(
            each for values in group.values() for each in values
        )
        rows = [
            [
                escaped(each),
                *(cell(v.get(each), m) for m, v in group.items()),
            ]
            for each in things
        ]
        yield table(["what", *map(title, group)], rows)


def of_list(rows: list[Tree]) -> str:
    """Write a line for each tree of a list."""
    flat = [dict(leaves(row)) for row in rows]
    columns = list(dict.fromkeys(path for row in flat for path in row))
    cells = [
        [cell(row.get(p), "_".join(p)) for p in columns] for row in flat
    ]
    return table([title(path[-1]) for path in columns], cells)


def blocks(results: Tree, path: Names = ()) -> Iterator[str]:
    """Write what was measured as paragraphs and tables, whatever its shape.

    Parameters
    ----------
    results
        A tree of dicts, with numbers, strings and lists at its ends.
    path
        The names on the way to it.

    Yields
    ------
    str
        A piece of Markdown.
    """
    trees = {n: v for n, v in results.items() if isinstance(v, dict) and v}
    lists = {
        name: value
        for name, value in results.items()
        if isinstance(value, list) and not is_plain(value)
    }
    plain = {
        n: v for n, v in results.items() if n not in {**trees, **lists}
    }
    measures = {
        name: tree
        for name, tree in trees.items()
        if is_measure(name)
        and not any(map(is_measure, tree))
        and all(map(is_plain, tree.values()))
    }
    others = {n: tree for n, tree in trees.items() if n not in measures}
    together = of_rows(others) if len(others) > 1 else None
    if path and (plain or measures or together):
        yield f"**{title(*path)}**"
    if plain:
        yield of_names(plain)
    yield from of_measures(measures)
    if together:
        yield together
    else:
        for name, tree in others.items():
            yield from blocks(tree, (*path, name))
    for name, rows in lists.items():
        yield f"**{title(*path, name)}**"
        same = all(isinstance(row, dict) for row in rows)
        yield of_list(rows) if same else f"{len(rows)} lists of numbers."


def without(value: Any, names: set[str]) -> Any:
    """Leave out what bears one of these names, however deep."""
    if isinstance(value, dict):
        kept = value.keys() - names
        return {n: without(v, names) for n, v in value.items() if n in kept}
    if isinstance(value, list):
        return [without(each, names) for each in value]
    return value


def facts(record: Tree) -> str:
    """Say how a record was made."""
    threads, results = record["threads"], record["results"]
    count = (
        f"{threads} thread{'s' * (threads != 1)} on {record['cores']} cores"
    )
    lists = [
        value for path, value in leaves(results) if path[-1] == "seeds"
    ]
    seeds = sorted({seed for used in lists for seed in used}) or [
        record["seed"]
    ]
    seed = f"seed{'s' * (len(seeds) > 1)} {cell(seeds)}"
    versions = {**record["versions"], **results.get("versions", {})}
    listed = ", ".join(
        f"{title(n)} {number}" for n, number in versions.items()
    )
    return (
        f"Recorded by `{record['command']}` on {record['date']}: "
        f"{record['device']}, {count}, {seed}; {listed}."
    )


def read(name: str) -> Tree:
    """Read a record."""
    text = (RESULTS / f"{name}.json").read_text("utf-8")
    record: Tree = json.loads(text)
    return record


def found(value: Any, path: list[Any]) -> Any:
    """Follow names into a record; a dict finds the row that has its values."""
    for step in path:
        if isinstance(step, dict):
            (value,) = (row for row in value if step.items() <= row.items())
        else:
            value = value[step]
    return value


def figure(row: Tree, measure: str) -> tuple[str, str]:
    """Write a figure, published or measured, and where it comes from."""
    if "published" in row:
        where = f"{{{row['where']}}}" if "where" in row else ""
        shown = row["published"].replace(" ", NO_BREAK)
        return shown, f"{{cite:t}}`{row['source']}{where}`"
    results, digits, unit = read(row["record"])["results"], 1, "%"
    accuracy = found(results, row["accuracy"])
    if measure == "test error":
        accuracy, digits = 1 - accuracy, 2
    if "less" in row:
        accuracy, unit = accuracy - found(results, row["less"]), "points"
    shown = f"{100 * accuracy:.{digits}f}".replace("-", MINUS)
    if "deviation" in row:
        shown += f" ± {100 * found(results, row['deviation']):.{digits}f}"
    shown = f"**{shown} {unit}**".replace(" ", NO_BREAK)
    return shown, f"{{ref}}`measured <record-{row['record']}>`"


def beside(name: str) -> str:
    """Write a table of published figures with ours beside them."""
    text = (RESULTS / PUBLISHED).read_text("utf-8")
    compared = yaml.safe_load(text)[name]
    measure = compared["measure"]
    rows = [
        [row["what"], *figure(row, measure)] for row in compared["rows"]
    ]
    lines = [["what", measure, "source"], ["---", "--:", "---"], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


class Record(SphinxDirective):
    """Show ``results/name.json``."""

    required_arguments = 1
    option_spec: ClassVar = {"without": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Render it, without the names that the option lists."""
        (name,) = self.arguments
        for path in (RESULTS / f"{name}.json", __file__):
            self.env.note_dependency(str(path))
        record = read(name)
        names = self.options.get("without", "").split()
        results = without(record["results"], {"versions", *names})
        return self.parse_text_to_nodes(
            "\n\n".join([*blocks(results), facts(record)])
        )


class Beside(SphinxDirective):
    """Show a table of ``results/published.yml``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Render it."""
        for path in (*RESULTS.iterdir(), __file__):
            self.env.note_dependency(str(path))
        return self.parse_text_to_nodes(beside(self.arguments[0]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directives known to Sphinx."""
    app.add_directive("record", Record)
    app.add_directive("beside", Beside)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
