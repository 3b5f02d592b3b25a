"""The analysts' pages in a real browser: train with one button, read the verdict, let it look on, promote, go back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from office import OFFICER
from sqlalchemy import select
from workbench import House, Person, browser, running

from service.desk import atwork, review
from service.desk.review import Seen
from service.settings import Settings
from service.store import Standing, Store

__all__ = ["browser"]
ROOT = "/admin/models"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give a service whose officers read all that waits: every third topic is corrected."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINYI_MODELS", str(tmp_path_factory.mktemp("models")))
        with running(tmp_path_factory.mktemp("office")) as opened:
            _review(opened.data)
            yield opened


def _review(data: Path) -> None:
    given = Settings(data=data)
    store = Store.open(given.url)
    router = atwork.load(store, given).router
    with store.writing() as session:
        for own in session.scalars(select(Standing).where(Standing.status == "triaged").limit(60)).all():
            seen = Seen(own.number, own.version)
            if own.number % 3:
                review.accept(session, OFFICER, seen)
            else:
                review.correct(session, OFFICER, seen, {"level1": "城乡建设", "level2": "城市建设和市政管理"}, router)
    store.close()


@pytest.fixture
def analyst(browser: Any, house: House) -> Iterator[Person]:
    person = Person(browser, house)
    yield person.sign_in("chen")
    person.close()


def wait(person: Person, *words: str) -> str:
    """Wait until one of some words stands in the page's headline; return what the page says."""
    for _ in range(240):
        told = person.text()
        if any(word in person.page.inner_text("h1") for word in words):
            return told
        person.page.wait_for_timeout(500)
        person.page.reload()
    raise AssertionError(told)


def test_from_labels_to_a_model_and_back(analyst: Person) -> None:
    page = analyst.page
    analyst.go(ROOT)
    assert "不会自动启用" in analyst.text()
    analyst.check_fit()
    page.fill("input[name=name]", "spring")
    page.click("button:has-text('开始训练')")
    told = wait(analyst, "结论", "失败")
    assert "结论" in told, told
    analyst.check_fit()
    if "存疑的标签" in told:
        page.click("text=去判读")
        page.click("a:text-is('判读') >> nth=0")
        assert "请只看文字" in analyst.text()
        analyst.check_fit()
        page.select_option("select[name=topic]", index=3)
        page.click("button:has-text('记下')")
        assert "您判" in analyst.text()
    analyst.go(f"{ROOT}/labels")
    analyst.check_fit()
    analyst.go(ROOT)
    page.click("button:has-text('让它旁观')")
    page.wait_for_selector("text=开始旁观")
    assert "只旁观" in analyst.text()
    analyst.check_fit()
    analyst.go(ROOT)
    page.fill("tr:has-text('spring') input[name=why]", "结论写得清楚")
    page.click("tr:has-text('spring') button:has-text('启用')")
    if "没有启用" in analyst.text():  # worse: forced with a reason, which is recorded
        analyst.check_fit()
        page.click("button:has-text('仍要启用')")
        assert "不顾" in analyst.text()
    page.wait_for_selector("text=spring 已启用")
    page.fill("label:has-text('退回的理由') input", "先看看")
    page.click("button:has-text('退回上一个')")
    page.wait_for_selector("text=已退回 base")
    assert len(analyst.dialogs) >= 2  # each was asked back


def test_a_training_can_be_stopped(analyst: Person) -> None:
    page = analyst.page
    analyst.go(ROOT)
    page.fill("input[name=name]", "autumn")
    page.click("button:has-text('开始训练')")
    page.click("button:has-text('停下')")
    told = wait(analyst, "已停下", "结论")
    assert "没有留下模型" in told
    analyst.go(ROOT)
    assert "autumn" not in page.inner_text("table:has-text('准确率')")


def test_drift_is_compared_and_terms_are_offered(analyst: Person) -> None:
    page = analyst.page
    analyst.go(f"{ROOT}/drift")
    page.fill("input[name=since]", "2026-01-01")
    page.click("button:has-text('现在比较')")
    for _ in range(60):
        if "正在比较" not in analyst.text():
            break
        page.wait_for_timeout(500)
        page.reload()
    assert "至少要 30 件" in analyst.text() or "来件" in page.inner_text("h1")
    analyst.check_fit()


def test_what_to_review_next(browser: Any, house: House) -> None:
    officer = Person(browser, house).sign_in("li")
    officer.go("/inbox")
    officer.page.click("a:has-text('建议先标')")
    assert "拿不准" in officer.text()
    officer.go(ROOT)
    assert "开始训练" not in officer.text()
    officer.close()
