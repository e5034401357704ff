"""The curator's desk: found, written, looked at, signed, taken back; and never lost."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import pytest
from sqlmodel import select

from inbox import desk
from inbox.changes import runs
from inbox.desk import packaged
from knowledge.article import Article, Review, Signature, parse_article
from knowledge.corpus import Standing, standing_of
from knowledge.source import read_sources
from records import asked, question_groups, revisions, trials
from records.asked import Asker, Question
from records.tables import ArticleRevision, AskedQuestion, AuditEvent, KeptDraft, QuestionGroup
from records.trials import Difference, Reply
from suifang.publishing import examine_articles
from tests.inbox.browser import Browser, Opening
from tests.inbox.county import PASSWORD, there
from tests.inbox.office import Office

PLACE = "/desk/articles/dm.fruit"
NEW_PLAIN = "血糖稳的时候，两餐之间吃半个苹果。"
_FIELD = re.compile(r'<(?:input|textarea|select)[^>]* name="([a-z_]+)"')


def filled(**fields: str) -> dict[str, Any]:
    """A form that is good enough to be signed."""
    return {
        "action": "save",
        "title": "能吃水果吗",
        "audience": "dm",
        "plain": NEW_PLAIN,
        "body": "一次吃一个中等大小的苹果。\n\n不喝果汁。",
        "see_doctor": "血糖老是高，问村医。",
        "questions": "糖尿病能吃水果吗\n西瓜能吃不",
        "doc": ["DM_DIET_2017", ""],
        "section": ["第三章", ""],
        "related": ["dm.diet", ""],
        "confidence": "low",
        "level": "none",
        "expires": "2027-11-30",
        "based_on": "0",
        **fields,
    }


SIGNATURE = {"name": "钱教授", "title": "主任医师", "on": "2026-11-23", "read": "yes"}


async def drafted(one: Browser, **fields: str) -> None:
    await one.get(f"{PLACE}/edit")
    answer = await one.post(f"{PLACE}/edit", filled(**fields))
    assert answer.headers["location"] == f"{PLACE}/edit?done=draft_kept"


async def signed(one: Browser, **fields: str) -> int:
    """Press the button on the page of the signature. Returns the status."""
    await one.get(f"{PLACE}/sign")
    found = re.search(r'name="digest" value="([0-9a-f]+)"', one.page)
    digest = found[1] if found else ""
    return (await one.post(f"{PLACE}/sign", {"digest": digest, **SIGNATURE, **fields})).status_code


def in_force(office: Office) -> dict[str, str]:
    with office.database.reading() as session:
        return {one.article_id: one.manuscript for one in revisions.in_force(session)}


async def test_the_curator_begins_at_the_desk(browser: Opening) -> None:
    one = await browser("curator")
    assert (await one.get("/")).headers["location"] == "/desk/articles"
    page = (await one.get("/desk/articles")).text
    assert f"共 {len(packaged())} 篇" in page
    assert "食物表和药名表随程序更新" in page


@pytest.mark.parametrize("login", ["doctor_a", "bureau", "duty"])
async def test_for_others_the_desk_does_not_exist(browser: Opening, login: str) -> None:
    one = await browser(login)
    for path in ("/desk/articles", PLACE, f"{PLACE}/edit", f"{PLACE}/file", "/desk/articles/new"):
        assert (await one.get(path)).status_code == 404
    assert "/desk/articles" not in (await one.get("/account")).text


async def test_the_operator_reads_and_writes_nothing(office: Office, browser: Opening) -> None:
    with office.county() as county:
        county.practitioner("op", "county", "operator", "孙工")
    one = await browser("op")
    page = (await one.get(PLACE)).text
    assert "能吃水果吗" in page
    assert "/edit" not in page
    assert (await one.get(f"{PLACE}/edit")).status_code == 404
    for path in ("edit", "sign", "withdraw", "trial"):
        await one.get("/account")
        assert (await one.post(f"{PLACE}/{path}", {"title": "x"})).status_code == 404


@pytest.mark.parametrize(
    ("query", "there_", "gone"),
    [
        ("q=水果", "dm.fruit", "htn.what"),
        ("q=DM.FRUIT", "dm.fruit", "dm.diet"),
        ("q=果汁", "dm.fruit", "svc."),
        ("show=signed", "没有找到", "dm.fruit"),
        ("show=pending&q=水果", "dm.fruit", "没有找到"),
        ("show=<b>", "dm.fruit", "<b>"),
    ],
)
async def test_articles_are_found(browser: Opening, query: str, there_: str, gone: str) -> None:
    one = await browser("curator")
    page = (await one.get(f"/desk/articles?{query}")).text
    listed = page.partition("</nav>")[2] if query != "show=<b>" else page
    assert there_ in listed
    assert gone not in listed.partition("<nav")[0]


async def test_articles_about_to_expire_and_expired_are_found(
    office: Office, browser: Opening
) -> None:
    last = min(article.expires for article in packaged().values())
    office.now += timedelta(days=(last - date(2026, 11, 23)).days - 30)
    assert "有效到" in (await (await browser("curator")).get("/desk/articles?show=expiring")).text
    office.now += timedelta(days=31)
    one = await browser("curator")
    assert "已过期" in (await one.get("/desk/articles?show=expired")).text


async def test_the_page_shows_what_patients_read(browser: Opening) -> None:
    one = await browser("curator")
    page = html.unescape((await one.get(PLACE)).text)
    article = packaged()["dm.fruit"]
    assert article.plain in page
    assert "（来源：" in page
    assert "待医生审核" in page
    assert re.search(r"\d+ 字，[12] 条", page)


async def test_an_article_that_is_not_there_is_not_found(browser: Opening) -> None:
    one = await browser("curator")
    for path in ("dm.nothing", "dm.nothing/edit", "dm.nothing/sign", "dm.nothing/file"):
        assert (await one.get(f"/desk/articles/{path}")).status_code == 404
    assert (await one.get(f"{PLACE}/revisions/7")).status_code == 404
    assert (await one.get(f"{PLACE}/revisions/x")).status_code == 404
    assert (await one.get(f"{PLACE}/trials/x")).status_code == 404


async def test_the_form_has_one_field_per_field(browser: Opening) -> None:
    one = await browser("curator")
    await one.get(f"{PLACE}/edit")
    assert set(_FIELD.findall(one.page)) == {
        "csrf", "based_on", "title", "plain", "body", "today", "see_doctor", "not_true",
        "questions", "doc", "section", "related", "audience", "confidence", "level", "expires",
        "note",
    }  # fmt: skip
    assert html.escape(packaged()["dm.fruit"].plain) in one.page


async def test_a_draft_changes_nothing_for_patients(office: Office, browser: Opening) -> None:
    one = await browser("curator")
    await drafted(one)
    assert in_force(office) == {}
    page = (await one.get(PLACE)).text
    assert "有草稿" in page
    assert NEW_PLAIN not in page
    assert NEW_PLAIN in (await one.get(f"{PLACE}/edit")).text


async def test_what_is_signed_is_what_was_typed(office: Office, browser: Opening) -> None:
    one = await browser("curator")
    await drafted(one)
    await one.get(f"{PLACE}/sign")
    assert NEW_PLAIN in one.page
    assert "待医生审核" not in one.page.partition("谁签发")[0].partition("和现在发给病人的比")[0]
    assert await signed(one) == 303
    text = in_force(office)["dm.fruit"]
    article = parse_article("dm.fruit.md", text, read_sources())
    assert article.plain == NEW_PLAIN
    assert article.questions == ("糖尿病能吃水果吗", "西瓜能吃不")
    assert [(one.doc, one.section) for one in article.sources] == [("DM_DIET_2017", "第三章")]
    signature = there(article.signature)
    assert (signature.name, signature.title, signature.on.day) == ("钱教授", "主任医师", 23)
    page = (await one.get(PLACE)).text
    assert "已签发" in page
    assert "主任医师" in page
    assert NEW_PLAIN in page


async def test_a_packaged_article_is_signed_as_it_is(office: Office, browser: Opening) -> None:
    one = await browser("curator")
    assert await signed(one) == 303
    article = parse_article("dm.fruit.md", in_force(office)["dm.fruit"], read_sources())
    assert article.body == packaged()["dm.fruit"].body
    assert not article.pending


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("plain", "长" * 121, "太长了"),
        ("doc", "", "没有出处"),
        ("see_doctor", "问村医", "请用句号结尾"),
        ("expires", "", "请写日期"),
        ("expires", "2026-11-22", "已经过了"),
        ("questions", " \n", "还没有写"),
        ("related", "dm.nothing", "不存在"),
        ("related", "dm.fruit", "有它自己"),
        ("audience", "", "请选一个"),
        ("body", "看 www.example.com", "网址"),
        ("body", "[点这里](x)", "网址"),
    ],
)
async def test_an_unfit_draft_is_kept_but_never_signed(
    office: Office, browser: Opening, field: str, value: str, says: str
) -> None:
    one = await browser("curator")
    await drafted(one, **{field: value})
    assert says in (await one.get(f"{PLACE}/edit")).text
    page = (await one.get(f"{PLACE}/sign")).text
    assert "还不能签发" in page
    assert 'name="digest"' not in page
    with office.database.reading() as session:
        row = there(revisions.newest(session, "dm.fruit"))
    digest = revisions.digest_of(row.manuscript)
    await one.get("/account")
    answer = await one.post(f"{PLACE}/sign", {**SIGNATURE, "digest": digest})
    assert answer.status_code == 422
    assert in_force(office) == {}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "姓名"),
        ("title", "", "职称"),
        ("on", "yesterday", "请写日期"),
        ("on", "2026-11-24", "不能晚于今天"),
        ("read", "", "看过全文"),
    ],
)
async def test_a_signature_needs_name_title_day_and_reading(
    office: Office, browser: Opening, field: str, value: str, says: str
) -> None:
    one = await browser("curator")
    assert await signed(one, **{field: value}) == 422
    assert says in one.page
    assert in_force(office) == {}


@pytest.mark.parametrize(("day", "status"), [("2026-11-22", 422), ("2026-11-23", 303)])
async def test_a_signature_is_not_dated_before_the_one_it_replaces(
    office: Office, browser: Opening, day: str, status: int
) -> None:
    one = await browser("curator")
    await drafted(one)
    assert await signed(one) == 303
    await drafted(one, based_on="2", plain="每次吃一两草莓。")
    assert await signed(one, on=day) == status
    assert ("不能早于现在这一版" in one.page) == (status == 422)
    assert ("草莓" in in_force(office)["dm.fruit"]) == (status == 303)


@pytest.mark.parametrize(("day", "status"), [("2026-11-19", 422), ("2026-11-20", 303)])
async def test_a_signature_is_not_dated_before_the_one_in_the_file(
    browser: Opening, monkeypatch: pytest.MonkeyPatch, day: str, status: int
) -> None:
    released = Signature("钱教授", "主任医师", date(2026, 11, 20))
    file = replace(packaged()["dm.fruit"], review=Review.SIGNED, signature=released)
    monkeypatch.setattr(desk, "packaged", lambda: {**packaged(), file.id: file})
    one = await browser("curator")
    await drafted(one)
    assert await signed(one, on=day) == status
    assert (NEW_PLAIN in html.unescape((await one.get(PLACE)).text)) == (status == 303)


@pytest.mark.parametrize(("expires", "told"), [("2026-12-01", True), ("2030-12-01", False)])
async def test_an_expired_signature_over_a_file_that_still_holds_is_told(
    office: Office, browser: Opening, expires: str, *, told: bool
) -> None:
    one = await browser("curator")
    await drafted(one, expires=expires)
    assert await signed(one) == 303
    assert "盖住了它" not in (await one.get(PLACE)).text
    office.now += timedelta(days=30)
    one = await browser("curator")
    assert ("盖住了它" in (await one.get(PLACE)).text) is told
    with office.database.reading() as session:
        said = [found.says for found in examine_articles(session, office.now)]
    assert any("盖住了" in one and "dm.fruit" in one for one in said) is told


async def test_a_signature_binds_to_the_text_that_was_shown(
    office: Office, browser: Opening
) -> None:
    one, other = await browser("curator"), await browser("curator")
    await drafted(one)
    await one.get(f"{PLACE}/sign")
    shown = there(re.search(r'name="digest" value="([0-9a-f]+)"', one.page))[1]
    await drafted(other, based_on="1", plain="每天吃三斤西瓜。")
    answer = await one.post(f"{PLACE}/sign", {"digest": shown, **SIGNATURE})
    assert answer.status_code == 409
    assert "又被改了" in answer.text
    assert in_force(office) == {}


async def test_of_two_who_write_the_second_sees_both_texts(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        county.practitioner("curator_2", "county", "curator", "周医生")
    one, other = await browser("curator"), await browser("curator_2")
    await drafted(one, plain="一天吃一个苹果。")
    await other.get(f"{PLACE}/edit")
    answer = await other.post(f"{PLACE}/edit", filled(plain="一天吃两个桃子。"))
    assert answer.status_code == 409
    assert "钱教授在" in answer.text
    assert "一天吃一个苹果。" in answer.text
    assert "一天吃两个桃子。</textarea>" in answer.text
    based_on = there(re.search(r'name="based_on" value="(\d+)"', answer.text))[1]
    again = filled(plain="一天吃两个桃子。", based_on=based_on)
    assert (await other.post(f"{PLACE}/edit", again)).status_code == 303
    with office.database.reading() as session:
        rows = revisions.history(session, "dm.fruit")
    assert [row.number for row in rows] == [2, 1]
    assert "桃子" in rows[0].manuscript
    assert "苹果" in rows[1].manuscript


async def test_a_later_draft_leaves_the_signed_text_with_the_patients(
    office: Office, browser: Opening
) -> None:
    one = await browser("curator")
    await drafted(one)
    await signed(one)
    await drafted(one, based_on="2", plain="别吃水果。")
    assert NEW_PLAIN in in_force(office)["dm.fruit"]
    page = (await one.get(PLACE)).text
    assert "第 3 稿还没有签发" in page
    assert "别吃水果" not in page


async def test_a_signed_text_can_be_taken_back(office: Office, browser: Opening) -> None:
    one = await browser("curator")
    await drafted(one)
    await signed(one)
    await one.get(PLACE)
    answer = await one.post(f"{PLACE}/withdraw", {"note": "写错了"})
    assert answer.headers["location"] == f"{PLACE}?done=article_withdrawn"
    assert in_force(office) == {}
    page = html.unescape((await one.get(PLACE)).text)
    assert packaged()["dm.fruit"].plain in page
    assert "写错了" in page
    await one.get("/account")
    assert (await one.post(f"{PLACE}/withdraw", {"note": "x"})).status_code == 404


async def test_the_preview_keeps_what_is_typed_and_keeps_no_draft(
    office: Office, browser: Opening
) -> None:
    one = await browser("curator")
    await one.get(f"{PLACE}/edit")
    answer = await one.post(f"{PLACE}/edit", filled(action="preview"))
    assert answer.status_code == 200
    looks = html.unescape(answer.text.partition('id="preview"')[2])
    assert f"{NEW_PLAIN}（来源：" in looks
    with office.database.reading() as session:
        assert session.exec(select(ArticleRevision)).all() == []
        assert len(session.exec(select(KeptDraft)).all()) == 1
    page = (await one.get(f"{PLACE}/edit")).text
    assert "没有存的改动还在" in page
    assert NEW_PLAIN in page
    answer = await one.post(f"{PLACE}/edit", filled(action="discard"))
    assert answer.status_code == 303
    assert NEW_PLAIN not in (await one.get(f"{PLACE}/edit")).text


async def test_what_was_typed_survives_the_end_of_the_session(
    office: Office, browser: Opening
) -> None:
    one = await browser("curator")
    await one.get(f"{PLACE}/edit")
    office.now += timedelta(hours=13)
    answer = await one.post(f"{PLACE}/edit", filled(plain="半夜写的"))
    assert answer.status_code == 401
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text)
    fields: dict[str, Any] = {}
    for name, value in hidden:
        fields.setdefault(name, []).append(html.unescape(value))
    login = {**fields, "login": "curator", "password": PASSWORD}
    back = await one.post("/sign-in", login)
    assert back.headers["location"] == f"{PLACE}/edit"
    assert "半夜写的</textarea>" in (await one.get(f"{PLACE}/edit")).text


async def test_a_new_article_begins_as_a_draft_that_nobody_is_served(
    office: Office, browser: Opening
) -> None:
    one = await browser("curator")
    await one.get("/desk/articles/new")
    form = filled(prefix="life", name="Hot_Bath", title="能泡热水澡吗")
    answer = await one.post("/desk/articles/new", form)
    assert answer.headers["location"] == "/desk/articles/life.hot_bath/edit?done=draft_kept"
    assert "还没有签发过" in (await one.get("/desk/articles/life.hot_bath")).text
    assert in_force(office) == {}


@pytest.mark.parametrize(
    ("prefix", "name", "says"),
    [
        ("dm", "fruit", "已经有文章"),
        ("life", "热水", "小写字母"),
        ("", "bath", "小写字母"),
        ("life", "../x", "小写字母"),
        ("life", "a" * 80, "小写字母"),
    ],
)
async def test_an_id_is_free_and_plain(browser: Opening, prefix: str, name: str, says: str) -> None:
    one = await browser("curator")
    await one.get("/desk/articles/new")
    answer = await one.post("/desk/articles/new", filled(prefix=prefix, name=name))
    assert answer.status_code == 422
    assert says in answer.text
    assert NEW_PLAIN in answer.text


async def test_what_is_typed_is_text_and_never_markup(office: Office, browser: Opening) -> None:
    one = await browser("curator")
    evil = "<script>alert(1)</script>"
    await drafted(one, title=evil, plain=evil, body=evil, questions=evil, note=evil)
    for path in (PLACE, f"{PLACE}/edit", f"{PLACE}/sign", f"{PLACE}/revisions/1", "/desk/articles"):
        assert evil not in (await one.get(path)).text, path


async def test_the_history_says_what_changed(browser: Opening) -> None:
    one = await browser("curator")
    await drafted(one)
    await drafted(one, based_on="1", plain="血糖稳的时候，两餐之间吃半个桃子。")
    page = (await one.get(f"{PLACE}/revisions/2")).text
    assert "<del>苹果</del><ins>桃子</ins>" in page
    assert "钱教授" in page
    assert "和前一稿比" in (await one.get(f"{PLACE}/revisions/1")).text


def test_what_changed_can_be_put_together_again() -> None:
    old, new = "早上吃药。晚上量血压。" * 40, "早上吃药，晚上也吃。晚上量血压。" * 30
    found = runs(old, new)
    assert "".join(run.text for run in found if run.kind != "new") == old
    assert "".join(run.text for run in found if run.kind != "gone") == new


async def test_the_file_of_an_article_can_be_taken_home(browser: Opening) -> None:
    one = await browser("curator")
    answer = await one.get(f"{PLACE}/file")
    assert answer.headers["content-disposition"] == 'attachment; filename="dm.fruit.md"'
    article = parse_article("dm.fruit.md", answer.content.decode(), read_sources())
    assert article == packaged()["dm.fruit"]


async def test_reading_and_writing_stand_in_the_audit_trail(
    office: Office, browser: Opening
) -> None:
    one = await browser("curator")
    await one.get(PLACE)
    await drafted(one)
    await signed(one)
    with office.database.reading() as session:
        rows = session.exec(select(AuditEvent).where(AuditEvent.subject == "article")).all()
    actions = {row.action for row in rows}
    assert {"article.read", "article.drafted", "article.signed"} <= actions
    assert not any(NEW_PLAIN in str(row.detail) for row in rows)


async def test_the_desk_says_when_the_file_changed_after_the_signature(
    office: Office, browser: Opening
) -> None:
    one = await browser("curator")
    await drafted(one)
    await signed(one)
    with office.database.transaction() as session:
        row = there(revisions.one(session, "dm.fruit", 2))
        row.packaged_digest = "an older file"
        session.add(row)
    assert "又改过" in (await one.get(PLACE)).text
    assert "dm.fruit" in (await one.get("/desk/articles?show=parted")).text


async def test_the_desk_reads_each_signed_text_once_until_it_is_signed_anew(
    browser: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def compare(article: Article, file: Article | None, signed_over: str) -> Standing:
        compared.append(article.plain)
        return standing_of(article, file, signed_over)

    monkeypatch.setattr(desk, "_standing", lru_cache(compare))
    one = await browser("curator")
    await drafted(one, plain="吃一小把蓝莓。")
    assert await signed(one) == 303
    for _ in range(3):
        assert "吃一小把蓝莓。" in (await one.get("/desk/articles?q=水果")).text
    assert compared == ["吃一小把蓝莓。"]
    await drafted(one, based_on="2", plain="吃两颗草莓。")
    assert await signed(one) == 303
    assert "吃两颗草莓。" in (await one.get("/desk/articles?q=水果")).text
    assert compared == ["吃一小把蓝莓。", "吃两颗草莓。"]


async def test_a_signed_text_that_this_release_cannot_read_leaves_the_file(
    office: Office, browser: Opening
) -> None:
    one = await browser("curator")
    await drafted(one)
    await signed(one)
    with office.database.transaction() as session:
        row = there(revisions.one(session, "dm.fruit", 2))
        row.manuscript = row.manuscript.replace("DM_DIET_2017", "GONE_1900")
        row.digest = revisions.digest_of(row.manuscript)
        session.add(row)
    page = html.unescape((await one.get(PLACE)).text)
    assert "现在的程序读不懂" in page
    assert packaged()["dm.fruit"].plain in page


async def test_codes_are_compared_by_their_words(browser: Opening) -> None:
    one = await browser("curator")
    await drafted(one)
    await drafted(one, based_on="1", audience="all", expires="2028-01-31")
    page = (await one.get(f"{PLACE}/revisions/2")).text
    assert "<del>糖尿病</del><ins>所有人</ins>" in page
    assert "<del>2027-11-30</del><ins>2028-01-31</ins>" in page


def test_two_sentences_that_share_some_letters_are_not_mixed() -> None:
    found = runs("晚上别喝浓茶。", "连着两周睡不好，找村医看看。")
    assert [run.kind for run in found] == ["gone", "new"]


async def trial(office: Office, one: Browser) -> str:
    """Ask for a trial of the draft. Returns its place."""
    await one.get(PLACE)
    answer = await one.post(f"{PLACE}/trial")
    assert answer.status_code == 303
    assert "等后台来算" in (await one.get(answer.headers["location"])).text
    return str(answer.headers["location"])


async def test_a_trial_is_asked_for_and_told(office: Office, browser: Opening) -> None:
    one = await browser("curator")
    await drafted(one)
    place = await trial(office, one)
    trial_id = place.rpartition("/")[2]
    nothing, fruit = Reply("unknown", (), ""), Reply("answer", ("dm.fruit",), NEW_PLAIN)
    before = Reply("answer", ("dm.fruit",), "少吃。")
    found = (
        Difference("西瓜能吃不", nothing, fruit),
        Difference("糖尿病能吃水果吗", before, fruit),
        Difference("已经忘了的问题", before, fruit, "no such question"),
    )
    with office.database.transaction() as session:
        trials.claim(session, office.now)
        trials.advance(session, trial_id, 7, 9, office.now)
    assert '<progress value="7" max="9">' in (await one.get(place)).text
    with office.database.transaction() as session:
        trials.advance(session, trial_id, 9, 9, office.now)
        trials.finish(session, office.vault, trial_id, found, 2, "", office.now)
    page = (await one.get(place)).text
    assert "9 个问题里，2 个的回答会变" in page
    assert "已经忘了的问题" not in page
    moved = page.partition("换了文章")[2].partition("只是文字变了")[0]
    assert "<q>西瓜能吃不</q>" in moved
    assert "能吃水果吗</a>" in moved
    assert "<q>糖尿病能吃水果吗</q>" in page.partition("只是文字变了")[2]
    assert "试算过：2 个问题的回答会变" in (await one.get(f"{PLACE}/sign")).text
    await drafted(one, based_on="1", plain="又改了。")
    assert "这以后又有新的稿子" in (await one.get(place)).text
    assert "还没有试算过" in (await one.get(f"{PLACE}/sign")).text


async def test_a_trial_that_failed_says_why(office: Office, browser: Opening) -> None:
    one = await browser("curator")
    await drafted(one)
    place = await trial(office, one)
    with office.database.transaction() as session:
        trials.claim(session, office.now)
        trials.fail_running(session, place.rpartition("/")[2], "unfit", office.now)
    assert "还有没写好的地方" in (await one.get(place)).text


async def test_without_a_draft_there_is_nothing_to_try(browser: Opening) -> None:
    one = await browser("curator")
    await one.get("/account")
    assert (await one.post(f"{PLACE}/trial")).status_code == 404


@pytest.fixture
def group(office: Office) -> str:
    """Two ways in which patients asked for what no article says."""
    with office.county() as county:
        session, known = county.session, ""
        for number, text in enumerate(("泡温泉行不行", "能泡温泉吗<b>")):
            question = Question(text, asked.UNKNOWN)
            assert asked.keep(session, county.vault, f"t{number}", question, Asker(()), office.now)
        for row in session.exec(select(AskedQuestion.id)).all():
            day = timedelta(days=1)
            known = question_groups.put(session, row, known or None, office.now, day)
    return known


async def test_an_article_for_a_group_of_questions_covers_it_when_it_is_signed(
    office: Office, browser: Opening, group: str
) -> None:
    one = await browser("curator")
    page = (await one.get(f"/desk/articles/new?from_group={group}")).text
    assert "泡温泉行不行" in page
    assert "能泡温泉吗<b>" not in page
    assert questions_in(page) == ""
    form = filled(prefix="life", name="spa", title="能泡温泉吗", group=group)
    await one.post("/desk/articles/new", form)
    place = "/desk/articles/life.spa"
    with office.database.reading() as session:
        assert session.get_one(QuestionGroup, group).state == "waiting"
    await one.get(f"{place}/sign")
    digest = there(re.search(r'name="digest" value="([0-9a-f]+)"', one.page))[1]
    assert (await one.post(f"{place}/sign", {"digest": digest, **SIGNATURE})).status_code == 303
    with office.database.reading() as session:
        found = session.get_one(QuestionGroup, group)
    assert (found.state, found.article_id) == ("covered", "life.spa")


def questions_in(page: str) -> str:
    """What the form would keep as the article's wordings."""
    found = there(re.search(r'<textarea id="questions"[^>]*>(.*?)</textarea>', page, re.DOTALL))
    return html.unescape(found[1]).strip()


async def test_patients_words_stand_beside_the_form_and_never_in_it(
    office: Office, browser: Opening, group: str
) -> None:
    one = await browser("curator")
    page = (await one.get(f"{PLACE}/edit?from_group={group}")).text
    assert page.count('name="add"') == 2
    assert "checked" not in page.partition('name="add"')[2].partition("</fieldset>")[0]
    assert "温泉" not in questions_in(page)
    assert packaged()["dm.fruit"].questions[0] in questions_in(page)
    assert (await one.post(f"{PLACE}/edit", filled(group=group))).status_code == 303
    with office.database.reading() as session:
        (row,) = session.exec(select(ArticleRevision)).all()
    assert "温泉" not in row.manuscript
    assert row.group_id == group


async def test_a_wording_that_is_ticked_goes_into_the_article(
    office: Office, browser: Opening, group: str
) -> None:
    one = await browser("curator")
    await one.get(f"{PLACE}/edit?from_group={group}")
    ticked = filled(group=group, add="泡温泉行不行")
    page = (await one.post(f"{PLACE}/edit", {**ticked, "action": "preview"})).text
    assert questions_in(page).splitlines()[-1] == "泡温泉行不行"
    assert page.count('name="add"') == 1
    assert (await one.post(f"{PLACE}/edit", ticked)).status_code == 303
    with office.database.reading() as session:
        (row,) = session.exec(select(ArticleRevision)).all()
    assert "泡温泉行不行" in row.manuscript
    assert "能泡温泉吗" not in row.manuscript


async def test_each_look_at_patients_words_is_noted_and_a_script_gets_none(
    office: Office, browser: Opening, group: str
) -> None:
    def looks() -> int:
        with office.database.reading() as session:
            rows = select(AuditEvent).where(AuditEvent.subject_id == group)
            return len(session.exec(rows).all())

    one = await browser("curator")
    await one.get(f"{PLACE}/edit?from_group={group}")
    assert looks() == 1
    one.client.headers["sec-fetch-dest"] = "empty"
    page = (await one.post(f"{PLACE}/edit", filled(group=group, action="preview"))).text
    assert "温泉" not in page
    assert looks() == 1


async def test_an_article_that_stands_is_opened_for_a_group(browser: Opening, group: str) -> None:
    one = await browser("curator")
    page = (await one.get(f"{PLACE}/edit?from_group={group}")).text
    assert f'name="group" value="{group}"' in page
    assert 'name="group"' not in (await one.get(f"{PLACE}/edit?from_group=nobody")).text


async def test_what_was_typed_of_a_new_article_comes_back(browser: Opening) -> None:
    one = await browser("curator")
    await one.get("/desk/articles/new")
    form = filled(action="preview", prefix="life", name="spa")
    await one.post("/desk/articles/new", form)
    page = (await one.get("/desk/articles/new")).text
    assert NEW_PLAIN in page
    assert 'value="spa"' in page


async def test_a_draft_without_a_title_is_not_kept(office: Office, browser: Opening) -> None:
    one = await browser("curator")
    await one.get(f"{PLACE}/edit")
    answer = await one.post(f"{PLACE}/edit", filled(title=" "))
    assert (answer.status_code, NEW_PLAIN in answer.text) == (422, True)
    await one.get("/desk/articles/new")
    answer = await one.post("/desk/articles/new", filled(title="", prefix="life", name="spa"))
    assert answer.status_code == 422
    with office.database.reading() as session:
        assert session.exec(select(ArticleRevision)).all() == []


async def test_a_look_that_came_late_is_no_unkept_change(browser: Opening) -> None:
    one = await browser("curator")
    await drafted(one)
    await one.get(f"{PLACE}/edit")
    await one.post(f"{PLACE}/edit", filled(action="preview"))
    assert "没有存的改动还在" not in (await one.get(f"{PLACE}/edit")).text


async def test_an_article_without_a_source_says_that_it_is_not_served(
    office: Office, browser: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = {**packaged(), "dm.fruit": replace(packaged()["dm.fruit"], sources=())}
    monkeypatch.setattr("inbox.desk.packaged", lambda: bare)
    one = await browser("curator")
    assert "没有出处，不会发给病人" in (await one.get(PLACE)).text
    assert "dm.fruit" in (await one.get("/desk/articles?show=unsourced")).text


async def test_a_text_that_was_tampered_with_is_marked(office: Office, browser: Opening) -> None:
    one = await browser("curator")
    await drafted(one)
    with office.database.transaction() as session:
        row = there(revisions.one(session, "dm.fruit", 1))
        row.manuscript = row.manuscript.replace("苹果", "砒霜")
        session.add(row)
    assert "有人动过数据库" in (await one.get(f"{PLACE}/revisions/1")).text


async def test_what_is_withdrawn_while_somebody_writes_is_not_withdrawn_twice(
    office: Office, browser: Opening
) -> None:
    one = await browser("curator")
    await one.get("/account")
    for path in ("sign", "withdraw"):
        answer = await one.post(f"/desk/articles/dm.nothing/{path}", {**SIGNATURE, "note": "x"})
        assert answer.status_code == 404
        await one.get("/account")
    answer = await one.post("/desk/articles/dm.nothing/edit", filled())
    assert answer.status_code == 404


async def test_a_new_article_that_is_withdrawn_keeps_its_text_for_writing_on(
    office: Office, browser: Opening
) -> None:
    one = await browser("curator")
    await one.get("/desk/articles/new")
    await one.post("/desk/articles/new", filled(prefix="life", name="spa", title="泡温泉"))
    place = "/desk/articles/life.spa"
    await one.get(f"{place}/sign")
    digest = there(re.search(r'name="digest" value="([0-9a-f]+)"', one.page))[1]
    await one.post(f"{place}/sign", {"digest": digest, **SIGNATURE})
    assert "只在这里" in (await one.get(place)).text
    assert "钱教授" in (await one.get(f"{place}/sign")).text
    await one.get(place)
    await one.post(f"{place}/withdraw", {"note": "不要了"})
    assert "还没有签发过，病人看不到" in (await one.get(place)).text
    assert NEW_PLAIN in (await one.get(f"{place}/edit")).text
    assert NEW_PLAIN in (await one.get(f"{place}/file")).text


async def test_every_file_that_can_be_read_opens_for_mending(browser: Opening) -> None:
    one = await browser("curator")
    await drafted(one, doc="GONE_1900", expires="31.11.2027")
    page = (await one.get(f"{PLACE}/edit")).text
    assert "GONE_1900（不在名单里）" in page
    assert "有一份资料不在名单里" in page
    assert "31.11.2027" in page
