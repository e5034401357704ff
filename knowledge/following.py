"""A question that leans on the last answer is answered from its topic, or from what it adds to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from care.situation import Programme
from knowledge import leaning, retelling
from knowledge.answer import Answer
from knowledge.article import Article
from knowledge.foods import FoodTable, Mention, verdict
from knowledge.gate import Gate
from knowledge.leaning import SIDES, Lean, Leaning
from knowledge.topic import Topic

_DISEASES = tuple(str(programme) for programme in Programme)
_OWN = {"htn.": str(Programme.HYPERTENSION), "dm.": str(Programme.TYPE2_DIABETES)}
# These are about eating: a bare food behind them is one more thing to eat.
_DIETARY = ("life.", "dm.diet", "dm.fruit", "dm.vegetable", "dm.protein", "dm.sugar_free", "myth.")
_EATING = {"dm.diet", "dm.fruit", "dm.vegetable", "dm.protein", "life.diet_htn", "life.protein"}

# A question in words, the diseases it is about: the answer of an article, if one fits.
Find = Callable[[str, frozenset[str]], Answer | None]
# Foods, the words, diseases, ailments, what is kept of the advice: the answer.
Serve = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Tools:
    """What the library lends for one question."""

    foods: FoodTable
    gate: Gate
    articles: Mapping[str, Article]
    serve: Serve
    find: Find
    unknown: Find


def follow(lean: Leaning, text: str, topic: Topic, tools: Tools) -> Answer | None:
    """Answer a normalised text that leans on a topic; None when it adds something we do not know."""
    if not lean.bare:
        return None
    mentions = tools.foods.find(lean.bare)
    about = _about(text, topic, tools)
    ailments = topic.ailments | tools.foods.ailments(text)
    now = replace(topic, about=about, ailments=ailments)
    if mentions and (is_dietary(topic) or mentions[0].name == lean.bare):
        # What is asked of another food for the first time is answered in full.
        new = {mention.food for mention in mentions} - {m.food for m in _eaten(topic, tools)}
        answer = tools.serve(mentions, text, about, ailments, None if new else _part(lean))
        return _kept(answer, now, foods=tuple(m.name for m in mentions))
    eaten = _eaten(topic, tools)
    again = _of_foods(lean, text, eaten, now, tools) if eaten else None
    found = again or _of_articles(lean, text, now, tools)
    if found is None and (topic.foods or set(topic.articles) & _EATING):
        found = tools.unknown(lean.bare, about)
    if found is None:
        return None
    foods = topic.foods if again is not None or _same(found, topic) else ()
    return _kept(found, now, foods=foods, told_long=lean.kind in (Lean.LONGER, Lean.MORE))


def _about(text: str, topic: Topic, tools: Tools) -> frozenset[str]:
    """The diseases that are named, or those of before; without what somebody does not have."""
    plain = leaning.without_denied(text)
    if plain == text:
        return tools.gate.mentioned(text) or topic.about
    denied = tools.gate.mentioned(text) - tools.gate.mentioned(plain)
    return topic.about - denied or frozenset(_DISEASES) - denied


def _eaten(topic: Topic, tools: Tools) -> tuple[Mention, ...]:
    return tuple(m for name in topic.foods if (m := tools.foods.mention(name)) is not None)


def is_dietary(topic: Topic) -> bool:
    """Whether a bare food would be one more thing to eat."""
    return bool(topic.foods) or any(one.startswith(_DIETARY) for one in topic.articles)


def _of_foods(
    lean: Leaning, text: str, eaten: tuple[Mention, ...], topic: Topic, tools: Tools
) -> Answer | None:
    if lean.kind in (Lean.REST, Lean.LONGER, Lean.MORE, Lean.WHAT_TO_DO):
        return None
    if lean.kind is Lean.SWITCH and tools.foods.ailments(text):
        # The rest was just said.
        return tools.serve(eaten, text, topic.about, topic.ailments, verdict)
    return tools.serve(eaten, text, topic.about, topic.ailments, _part(lean))


def _part(lean: Leaning) -> Callable[[str], str] | None:
    """What is kept of a piece of advice."""
    if lean.kind is Lean.SIMPLER:
        return verdict
    if lean.kind is Lean.WHY:
        return lambda said: leaning.sentences_on(lean.kind, said) or verdict(said)
    if lean.kind in SIDES:
        return lambda said: leaning.sentences_on(lean.kind, said)
    return None


def _of_articles(lean: Leaning, text: str, topic: Topic, tools: Tools) -> Answer | None:
    articles = [tools.articles[name] for name in topic.articles if name in tools.articles]
    if not articles:
        return None
    if lean.kind is Lean.SWITCH:
        return _switched(text, articles, topic, tools)
    if lean.kind in SIDES:
        return _side(lean, articles, topic, tools)
    if lean.kind is Lean.REST:
        return _added(lean.bare, articles, topic, tools)
    related = [tools.articles[r].title for a in articles for r in a.related if r in tools.articles]
    return retelling.told(articles, lean.kind, related if topic.told_long else ())


def _side(lean: Leaning, articles: Sequence[Article], topic: Topic, tools: Tools) -> Answer | None:
    """One side of an article: in the unit that was asked for, or where its word stands."""
    unit, word = leaning.unit_of(lean.bare), leaning.asked_of(lean.kind, lean.bare)
    if unit is not None:
        found = retelling.on_side(articles, lambda said: leaning.sentences_like(unit, said))
        return found or _expanded(lean.bare, articles, topic, tools)
    return (
        retelling.on_side(articles, lambda said: leaning.sentences_with(word, said))
        or _expanded(lean.bare, articles, topic, tools)
        or retelling.on_side(articles, lambda said: leaning.sentences_on(lean.kind, said))
    )


def _added(bare: str, articles: Sequence[Article], topic: Topic, tools: Tools) -> Answer | None:
    """Something else about the same thing: its own article, or the sentences that speak of it."""
    whole = "".join(f"{a.plain}{a.body}{a.see_doctor}" for a in articles)
    piece = retelling.shared(bare, whole)
    within = None
    if leaning.weighs(piece):
        within = retelling.on_side(articles, lambda said: leaning.sentences_with(piece, said))
    return within or _expanded(bare, articles, topic, tools)


def _expanded(bare: str, articles: Sequence[Article], topic: Topic, tools: Tools) -> Answer | None:
    """Ask anew, with what the short words leave out: the disease, the medicine, the title."""
    plain = "".join(f"{article.plain}{article.body}" for article in articles)
    told = {article.id for article in articles}
    left_out = [leaning.said(name) for name in _DISEASES if name in topic.about]
    left_out += [medicine for medicine in leaning.medicines() if medicine in plain]
    tried = [f"{one}{bare}" for one in left_out] or [bare]
    for words in (*tried, f"{articles[0].title},{bare}"):
        found = tools.find(words, topic.about)
        if found is not None and not {c.article for c in found.citations} <= told:
            return found
    return None


def _switched(text: str, articles: Sequence[Article], topic: Topic, tools: Tools) -> Answer | None:
    """The same question for another disease or person: the other article, or the same for both."""
    own = _OWN.get(articles[0].id.split(".")[0] + ".")
    named = tools.gate.mentioned(text)
    wanted = named or topic.about
    if own is None or own in wanted or not wanted:
        return retelling.told(articles, Lean.SWITCH, ())
    other = leaning.said(min(wanted))
    question = articles[0].title.replace(leaning.said(own), other)
    question = question if other in question else f"{other}{question}"
    return tools.find(question, wanted)


def _same(found: Answer, topic: Topic) -> bool:
    return {c.article for c in found.citations} <= set(topic.articles)


def _kept(
    answer: Answer, topic: Topic, *, foods: tuple[str, ...], told_long: bool = False
) -> Answer:
    """The answer with what the next question may lean on."""
    articles = tuple(dict.fromkeys(citation.article for citation in answer.citations))
    kept = replace(topic, foods=foods, articles=articles, told_long=told_long)
    return replace(answer, topic=kept)
