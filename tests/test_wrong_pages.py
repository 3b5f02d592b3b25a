"""What people read where something went wrong: in their words, with what they typed and the way back."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO

import pytest
from web import Web, running

from pipeline.errors import InputError
from pipeline.ingest import Intake
from service.desk import tables
from service.store import Issue, Review, now
from service.web.admin.audit import _value


def docx() -> bytes:
    """Return an archive that is a Word document, as far as a reader of workbooks can tell."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        )
        archive.writestr("word/document.xml", "<w/>")
    return out.getvalue()


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("office")
    with running(folder, f"sqlite:///{folder}/minyi.db") as found:
        yield found


def test_what_nobody_foresaw_is_a_page_with_a_number_and_the_way_back(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("沈一 13800000000")

    number, officer = web.submission(), web.signed_in("officer")
    monkeypatch.setattr("service.desk.review.accept", broken)
    typed = {"version": "1", "reason": "写了一半的理由"}
    back = {"Referer": f"http://testserver/submissions/{number}"}
    answer = officer.post(f"/submissions/{number}/accept", data=typed, headers=back)
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text
    for told in ("系统出错了", "写了一半的理由", f'href="/submissions/{number}"', "待研判"):
        assert told in answer.text
    assert "沈一" not in answer.text
    assert answer.headers["content-security-policy"]


def test_values_are_told_in_the_words_of_the_forms(web: Web) -> None:
    number, officer = web.submission(), web.signed_in("officer")
    accepted = web.signed_in("officer").post(f"/submissions/{number}/accept", data={"version": "1"})
    assert accepted.status_code == 200
    sent = officer.post(f"/submissions/{number}/assign", data={"version": "1", "member": "m1", "role": "lead"})
    assert sent.status_code == 409
    for told in ('<dt>分工</dt><dd class="text">主办<', '<dd class="text">甲一<', "<dt>研判</dt><dd>已采纳<"):
        assert told in sent.text
    form = {"version": "1", "topic": "城乡建设/其他", "priority": "urgent", "intent": "complaint"}
    told = officer.post(f"/submissions/{number}/correct", data=form)
    assert "<h1>别人先改了</h1>" in told.text
    assert ">特急</dd>" in told.text
    assert ">投诉求助</dd>" in told.text


def test_an_assignment_that_moved_on_is_told_in_words(web: Web) -> None:
    row, officer = web.answered(), web.signed_in("officer")
    told = officer.post(f"/assignments/{row.id}/withdraw", data={"version": "1"})
    assert told.status_code == 409
    assert "<dt>状态</dt><dd>已答复</dd>" in told.text
    assert "answered" not in told.text


def test_dials_and_tables_are_told_in_words(web: Web) -> None:
    root = web.signed_in("administrator")
    told = root.post("/admin/dials", data={"version": "0", "precision": "0.5", "priority": "0.1"})
    assert told.status_code == 422
    assert "<dt>免复核的精度</dt>" in told.text
    assert "dials.csv" not in told.text
    places = web.read(tables.contents)["places"]
    tables.put(web.store, {"places": places + "w,下桥村,t,\n"}, {}, web.actors["administrator"])
    told = root.post("/admin/tables/places/restore", data={"version": "1", "wanted": "1"})
    assert told.status_code == 409
    assert "地点表：您看到的是第 1 版，某人 于 " in told.text
    assert "user:" not in told.text


def test_a_doubled_click_goes_on(web: Web) -> None:
    web.submission("建议在南门加一趟公交车。")
    number, officer = web.submission("学校门口的斑马线看不清了，请重新画。"), web.signed_in("officer")
    for _ in range(2):
        answer = officer.post(f"/submissions/{number}/accept", data={"version": "1"}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
    form = {"version": "2", "topic": "教育文体/其他", "priority": "high", "intent": "suggestion"}
    for _ in range(2):
        answer = officer.post(f"/submissions/{number}/correct", data=form, follow_redirects=False)
        assert answer.status_code == 303, answer.text
    stale = officer.post(f"/submissions/{number}/correct", data=form | {"priority": "low"}, follow_redirects=False)
    assert stale.status_code == 409
    assert "<h1>已经改过了</h1>" in stale.text


def test_a_name_that_is_taken_leaves_the_form_as_it_was(web: Web) -> None:
    root = web.signed_in("administrator")
    web.user(name="zhangsan")
    told = root.post("/admin/users", data={"name": "zhangsan", "role": "member", "shown": "张三", "member": "m2"})
    assert "用户“zhangsan”已经有了" in told.text
    for typed in ('value="zhangsan"', 'value="张三"', 'value="m2"', '<option value="member" selected'):
        assert typed in told.text
    assert "别人先改了" not in told.text


def test_a_page_of_an_earlier_sign_in_says_so(web: Web) -> None:
    number, officer = web.submission(), web.signed_in("officer")
    answer = officer.post(f"/submissions/{number}/accept", data={"version": "1"}, headers={"X-CSRF-Token": "earlier"})
    assert answer.status_code == 403
    assert "登录已更新，这次没有存下。请刷新后再按一次。" in answer.text
    assert "CSRF" not in answer.text


def test_what_happened_names_people_and_matters(web: Web) -> None:
    one, officer = web.submission("桥头镇中学门口的路灯坏了，学生晚自习后看不见路。"), web.signed_in("officer")
    name = f"issue-{web.submission('建议把县城到石桥村的班车提早半小时。')}"
    with web.store.writing() as session:
        before = {"owner": "m1", "issue": f"issue-{one}", "due": "2026-03-02"}
        after = {"owner": "m2", "issue": name, "due": None}
        act = {"act": "a", "reason": "", "version": 1, "at": now()}
        session.add(Review(number=one, action="correct", actor="user:li", before=before, after=after, **act))
        called = session.get_one(Issue, name).name
    told = officer.get(f"/submissions/{one}").text
    assert "承办 甲一 → 乙二" in told
    assert f"→ {called}" in told
    assert "期限 2026-03-02 → 无）" in told
    assert name not in told.partition("经过")[2]


def test_the_audit_tells_acts_on_many_in_words() -> None:
    assert _value({"review": "pending", "needs_review": True}) == "研判 待复核，需复核 是"


def test_a_file_that_is_no_workbook_is_told_by_its_own_name(web: Web) -> None:
    root = web.signed_in("administrator")
    held = {"version": "0"}
    told = root.post("/admin/tables/lexicon", data=held, files={"file": ("本单位词语.docx", docx())}).text
    assert "本单位词语.docx：不是有效的 .xlsx 文件" in told
    assert "no valid workbook" not in told
    assert "请检查路径" not in told


def test_the_columns_of_a_file_are_told_as_it_has_them(web: Web) -> None:
    root = web.signed_in("administrator")
    other = ("地点.csv", b"id,name,parent,aliases\nc,x,,\n")
    told = root.post("/admin/tables/lexicon", data={"version": "0"}, files={"file": other}).text
    assert "看到的列：“id”、“name”、“parent”、“aliases”" in told
    own = ("地点.csv", "编号,名称\nc,x\n".encode())
    told = root.post("/admin/tables/lexicon", data={"version": "0"}, files={"file": own}).text
    assert "看到的列：“编号”、“名称”" in told


def test_an_empty_file_is_told_without_options_of_the_command(web: Web) -> None:
    path = web.app.state.context.settings.data / "空.csv"
    path.write_text("")
    with pytest.raises(InputError, match="是空的") as told:
        list(Intake([path], rejected=print))
    assert "--column" not in str(told.value)
