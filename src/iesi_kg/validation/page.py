"""A report to one self-contained HTML page in one language, to be mailed: no script, no image, no address to load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from iesi_kg.records import Report, Row, Severity
from iesi_kg.validation.listing import Listed, Neighbour, in_sheet_order
from iesi_kg.validation.render import by_kind, summary
from iesi_kg.validation.scoring import Score, Standing, label
from iesi_kg.vocabulary.parts import weights
from iesi_kg.vocabulary.told import in_language, say

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1b1b1b;background:#fff}
table{border-collapse:collapse;width:100%;margin:1rem 0 2rem}
caption{text-align:start;font-weight:600;padding:.3rem 0}
th,td{text-align:start;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid #ccc;overflow-wrap:anywhere}
.violation{background:#fbd5d0}.warning{background:#ffedb8}.info{background:#d9eaf7}
.around{margin:0;font-size:.85rem;width:auto}.around th,.around td{border:1px solid #ccc;padding:.1rem .4rem}
.around .wrong{outline:2px solid #b3261e;font-weight:600}code{overflow-wrap:anywhere}
@media print{body{margin:0;max-width:none}}
"""


def html(
    report: Report, name: str, language: str = "en", *, rows: Iterable[Row] = (), standing: Standing | None = None
) -> str:
    """The page. Everything that comes from the file is escaped."""
    listed = in_sheet_order(report, language, rows)
    parts = [
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(name)}: {escape(summary(report, language))}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(name)}</h1><p><strong>{escape(summary(report, language))}</strong></p>",
        *(_kinds(report, language) if listed else ()),
        *(_findings(listed, language) if listed else ()),
        *(_scores(standing, language) if standing and standing.scores else ()),
        "</body></html>\n",
    ]
    return "".join(parts)


def _word(key: str, language: str, **facts: object) -> str:
    return escape(in_language(say(f"word.{key}", **facts), language))


def _head(language: str, *keys: str) -> str:
    return "<thead><tr>" + "".join(f'<th scope="col">{_word(key, language)}</th>' for key in keys) + "</tr></thead>"


def _kinds(report: Report, language: str) -> Iterator[str]:
    yield f"<table><caption>{_word('kinds', language)}</caption>{_head(language, 'severity', 'code', 'times')}<tbody>"
    for code, severity, count in by_kind(report):
        yield f"<tr><td>{_badge(severity, language)}</td><td><code>{escape(code)}</code></td><td>{count:,}</td></tr>"
    yield "</tbody></table>"


def _badge(severity: Severity, language: str) -> str:
    return f'<span class="{severity}">{_word(severity.value, language)}</span>'


def _findings(listed: Iterable[Listed], language: str) -> Iterator[str]:
    yield f"<table><caption>{_word('findings', language)}</caption>"
    yield _head(language, "severity", "where", "foundhead", "wrong", "remedyhead") + "<tbody>"
    for item in listed:
        spoken = "" if item.language == language else f' lang="{item.language}"'
        found = f"<code>{escape(item.finding.value[:200])}</code>" if item.finding.value is not None else ""
        yield f"<tr><td>{_badge(item.finding.severity, language)}</td><td>{escape(item.place)}</td><td>{found}</td>"
        yield f"<td{spoken}>{escape(item.message)}{_around(item.around)}</td>"
        yield f"<td>{escape(item.suggestion or '')}</td></tr>"
    yield "</tbody></table>"


def _around(cells: Iterable[Neighbour]) -> str:
    shown = list(cells)
    if not shown:
        return ""
    marks = [' class="wrong"' if cell.wrong else "" for cell in shown]
    names = "".join(f"<th{mark}>{escape(cell.column)}</th>" for mark, cell in zip(marks, shown, strict=True))
    texts = "".join(f"<td{mark}>{escape(cell.text)}</td>" for mark, cell in zip(marks, shown, strict=True))
    return f'<table class="around"><tr>{names}</tr><tr>{texts}</tr></table>'


def _scores(standing: Standing, language: str) -> Iterator[str]:
    yield f"<h2>{_word('scores', language)}</h2>"
    yield from (f"<p>{escape(line)}</p>" for line in standing.lines(language))
    counts = weights()
    told = _word("scorehelp", language, v=counts["Violation"], w=counts["Warning"], i=counts["Info"])
    yield f"<p>{told}</p><table>{_head(language, 'recordhead', 'completeness', 'evidence', 'missing')}<tbody>"
    yield from (_scored(score, language) for score in standing.scores)
    yield "</tbody></table>"


def _scored(score: Score, language: str) -> str:
    where = _word("row", language, n=score.ref.row) if score.ref.row else ""
    name = escape(score.subject.rsplit("/", 1)[-1])
    points = "".join(f"<td>{points}</td>" for points in score.points)
    missing = escape(", ".join(label(part, language) for part, _ in score.missing))
    return f"<tr><td>{name} {where}</td>{points}<td>{missing}</td></tr>"
