"""The sections that are plain tables: numbers, lines, drugs, intervals, the ladder, sentences, words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from care.line import PressureCutoff, SugarCutoff, SugarTarget
from care.protocol import protocol
from care.protocol_file import Provenance, read
from care.value import Value
from reports.rulebook.condition import in_words
from reports.rulebook.expressions import classes
from reports.rulebook.rows import TextRow, origin, text_row, value_row
from reports.rulebook.words import word, words
from texts.catalogue import catalogue

_BESIDE = frozenset(
    {"safety.on_duty", "safety.nobody_on_duty", "safety.clinic_phone"}
    | {"safety.on_duty_urgent", "safety.nobody_on_duty_urgent"}
)
_CONTEXTS = {None: "其他血糖", "fasting": "空腹血糖", "postprandial": "餐后血糖"}
_FROM = "出处"
_SURE = "把握"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a title. `dense` is set small: lists of words."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    dense: bool = False


def of_part(part: str) -> tuple[Table, ...]:
    """The tables of a section that is no set and no list; none for one that has other content."""
    made = _PARTS.get(part)
    return made() if made else ()


def part_of(value: Value) -> str:
    """In which section a number stands."""
    return "intervals" if value.id in _interval_ids() else "thresholds"


def texts() -> tuple[TextRow, ...]:
    """Every fixed sentence that a rule may say, and what is said beside it."""
    said = dict.fromkeys(rule.advice for rule in protocol().book.rules)
    return tuple(text_row(key) for key in (*said, *sorted(_BESIDE)))


@lru_cache(maxsize=1)
def _interval_ids() -> frozenset[str]:
    files = [read(f"{name}.toml") for name in ("cadence", "escalation")]
    return frozenset(name for file in files for name, _ in file.named("values"))


def _numbers(part: str) -> Table:
    rows = [value_row(v) for v in protocol().values.values() if part_of(v) == part]
    return Table(
        "数值",
        ("名称", "值", "规则里怎么比", _FROM, _SURE),
        tuple(
            (
                r.name,
                r.value,
                r.compared,
                f"{r.origin.source} {r.origin.section}",
                r.origin.confidence,
            )
            for r in rows
        ),
    )


def _bands() -> Table:
    return Table(
        "什么样的数可能",
        ("项目", "可能的范围", "常见的范围", "正常带（阈值不得落入）", _FROM, _SURE),
        tuple(
            (
                f"{word('measure', name)}（{span.unit}）",
                *(f"{low:g}–{high:g}" for low, high in (span.possible, span.usual, span.normal)),
                *_from(span.origin),
            )
            for name, span in protocol().spans.items()
        ),
    )


def _thresholds() -> tuple[Table, ...]:
    return (_numbers("thresholds"), _bands())


def _lines() -> tuple[Table, ...]:
    known = protocol().lines
    cutoffs = [*map(_pressure, known.pressure_cutoffs), *map(_sugar, known.sugar_cutoffs)]
    targets = [
        (
            f"{t.age_from}岁起" if t.age_from else "其他人",
            f"低于{t.systolic:g}/{t.diastolic:g}"
            + (f"，能耐受再到{t.then[0]:g}/{t.then[1]:g}" if t.then else ""),
            *_from(t.origin),
        )
        for t in known.pressure_targets
    ]
    targets += [
        (
            "糖尿病人",
            _sugar_target(t),
            *_from(t.origin),
        )
        for t in known.sugar_targets
    ]
    return (
        Table(
            "达标线（随访分类和报表用）", ("谁、什么", "低于才算达标", _FROM, _SURE), tuple(cutoffs)
        ),
        Table("治疗目标（只给医生看）", ("谁", "目标", _FROM, _SURE), tuple(targets)),
    )


def _pressure(cutoff: PressureCutoff) -> tuple[str, ...]:
    who = f"{cutoff.age_from}岁起" if cutoff.age_from else "其他人"
    where = "诊室" if cutoff.setting == "clinic" else "家庭"
    line = f"{cutoff.systolic:g}/{cutoff.diastolic:g} mmHg"
    return (f"{where}血压，{who}", line, *_from(cutoff.origin))


def _sugar_target(target: SugarTarget) -> str:
    sugar = f"空腹{target.fasting_from:g}–{target.fasting_below:g}，非空腹低于{target.nonfasting_below:g}"
    return f"{sugar}，糖化低于{target.hba1c_below:g}%，血压低于{target.systolic:g}/{target.diastolic:g}"


def _sugar(cutoff: SugarCutoff) -> tuple[str, ...]:
    if cutoff.kind == "hba1c":
        return ("糖化血红蛋白", f"{cutoff.value:g}%", *_from(cutoff.origin))
    return (_CONTEXTS[cutoff.context], f"{cutoff.value:g} mmol/L", *_from(cutoff.origin))


def _defined() -> tuple[Table, ...]:
    rows = tuple(
        (word("defined", name), in_words(found)) for name, found in protocol().book.defined.items()
    )
    return (Table("共用条件", ("名称", "内容"), rows),)


def _context() -> tuple[Table, ...]:
    rows = tuple(
        (one["name"], one["example"], word("level_short", one["heard"]))
        for one in words()["context"]
    )
    limits = tuple((one,) for one in words()["limits"]["items"])
    return (
        Table("例子（每一句都有测试）", ("情形", "例句", "判为"), rows),
        Table("还不能做到的", ("情形",), limits),
    )


def _drugs() -> tuple[Table, ...]:
    rows = []
    for code, label in protocol().drugs.items():
        used = [rule.id for rule in protocol().book.rules if f"drug:{code}" in rule.when.facts()]
        rows.append((label, "、".join(used) or "只登记，不参与判断"))
    return (Table("档案里的药物类别", ("类别", "哪些规则用到"), tuple(rows)),)


def _intervals() -> tuple[Table, ...]:
    hours = protocol().sending
    sending = (f"{hours.start:%H:%M}–{hours.end:%H:%M}", *_from(hours.origin))
    return (
        _numbers("intervals"),
        Table("我们主动发消息的时间（回复和急症文字不受限）", ("每天", _FROM, _SURE), (sending,)),
    )


def _ladder() -> tuple[Table, ...]:
    rows = []
    for level, rungs in protocol().ladders.items():
        passed = 0
        for number, step in enumerate(rungs.steps, start=1):
            passed += step.wait_minutes
            rows.append(
                (
                    word("level_short", level),
                    f"第{number}级",
                    "、".join(word("role", role) for role in step.roles),
                    f"{step.wait_minutes}分钟（累计{passed}）",
                    "任何时候" if rungs.any_hour else _working(),
                    f"{rungs.reopen_minutes}分钟没关闭再响",
                    _from(rungs.origin)[1],
                )
            )
    columns = ("级别", "级", "通知谁", "等多久", "何时计时", "接了以后", _SURE)
    return (Table("没人接就往上一级；没人值班立刻跳过", columns, tuple(rows)),)


def _working() -> str:
    hours = protocol().working
    return f"只数{hours.start:%H:%M}–{hours.end:%H:%M}"


def _texts() -> tuple[Table, ...]:
    levels = {rule.advice: word("level_short", rule.level) for rule in protocol().book.rules}
    rows = tuple(
        (levels.get(row.key, "附在后面"), row.text, f"{row.length}字", f"{row.sms}条", row.key)
        for row in texts()
    )
    return (Table("逐条", ("级别", "文字", "长度", "短信", "代号"), rows),)


def _words() -> tuple[Table, ...]:
    rows = tuple((title.strip("〈〉"), "、".join(members)) for title, members in classes().items())
    return (Table("词类（前面〈…等〉指的就是这些）", ("词类", "成员"), rows, dense=True),)


def _second_ear() -> tuple[Table, ...]:
    rules = [rule for rule in protocol().book.rules if rule.id.startswith("unlisted.")]
    rows = tuple(
        (rule.id, word("level_short", rule.level), catalogue().sentence(rule.advice).text)
        for rule in rules
    )
    return (Table("它能触发的规则", ("规则", "级别", "病人看到的文字"), rows),)


def _from(found: Provenance) -> tuple[str, str]:
    shown = origin(found)
    return (f"{shown.source} {shown.section}", shown.confidence)


_PARTS: dict[str, Callable[[], tuple[Table, ...]]] = {
    "thresholds": _thresholds,
    "lines": _lines,
    "defined": _defined,
    "context": _context,
    "drugs": _drugs,
    "intervals": _intervals,
    "ladder": _ladder,
    "texts": _texts,
    "words": _words,
    "second_ear": _second_ear,
}
