"""A finished run as .jsonl, .csv, .xlsx and .html: complete, in order, and harmless to open."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from jsonschema import Draft202012Validator
from support import ROOT

from pipeline import batch
from pipeline.batch import Run
from pipeline.errors import InputError
from pipeline.records import Submission
from pipeline.triage import Triage
from service.export import ENDINGS, beside, check, write
from service.export.labels import COLUMNS, PRIORITY, title_and_body

NAMES = [name for name, _ in COLUMNS]
FORMULA = '=HYPERLINK("http://x")'
SCRIPT = '<script>alert("偷看")</script>'
MATTER = [
    "柳荫苑小区二次供水泵房停电，整栋楼没水\n柳荫苑小区二次供水泵房从周二起停电，七号楼整栋楼没水用，老人下楼提水很吃力，请尽快恢复供水。",
    "柳荫苑小区没水，二次供水泵房停电\n柳荫苑小区七号楼二次供水泵房停电以后一直没水，家里有婴儿，请尽快恢复供水。",
    "请恢复柳荫苑小区供水\n我住柳荫苑小区七号楼，二次供水泵房停电，整栋楼没水已经四天，物业不管。",
]
TEXTS = [
    ("公式", f'{FORMULA}\n河堤步道的栏杆断了三节，孩子常在那里玩，请修。'),
    ("脚本", f"校门口的斑马线 {SCRIPT}\n斑马线磨没了，放学时车不减速 <b>危险</b> & 乱。"),
    ("加号", "+86 开头的电话每天推销贷款\n能不能管一管？"),
    ("减号", "-10 度的天气暖气不热\n锅炉房说煤不够。"),
    ("花号", "@环保局 染坊夜里排黑水\n河里的鱼死了一片。"),
    ("特急", "幼儿园食堂午饭后十几个孩子上吐下泻\n孩子送医院抢救，疑似食物中毒，有人命危险，请马上来人。"),
    *((f"水{number}", text) for number, text in enumerate(MATTER, 1)),
    ("控制", "公交站\x0b的站牌\x00倒了\n司机看不见\x1f站牌，过站不停。"),
    ("感谢", "感谢办证窗口的小姑娘\n她帮我母亲填好了表，态度很好，特此感谢。"),
    ("空白", "？？\n……"),
    ("=1+1", "图书馆周一不开门\n建议周一也开放自习室。"),
]  # fmt: skip


def submissions() -> list[Submission]:
    return [
        Submission(name, text, submitted_at=f"2026-05-{at:02d}", submitter=f"读者{at}", likes=at)
        for at, (name, text) in enumerate(TEXTS, 1)
    ]


@pytest.fixture(scope="module")
def result(triage: Triage) -> Iterator[Run]:
    with batch.run(triage, submissions(), processes=1) as run:
        yield run


@pytest.fixture(scope="module")
def folder(result: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All four files of the run."""
    folder = tmp_path_factory.mktemp("out")
    for ending in ENDINGS:
        write(result, folder / f"run{ending}")
    return folder


@pytest.fixture(scope="module")
def decisions(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "run.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]


def test_nothing_but_the_files_is_left(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"run{ending}" for ending in ENDINGS)


def test_json_lines_hold_the_contract(decisions: list[dict[str, Any]]) -> None:
    schema = json.loads((ROOT / "pipeline" / "decision.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert [error.message for decision in decisions for error in validator.iter_errors(decision)] == []


def test_json_lines_are_in_the_order_of_the_input(decisions: list[dict[str, Any]]) -> None:
    assert [decision["id"] for decision in decisions] == [name for name, _ in TEXTS]


def test_json_lines_are_what_the_library_says(decisions: list[dict[str, Any]], triage: Triage) -> None:
    import orjson

    assert decisions == [orjson.loads(orjson.dumps(each)) for each in triage.run(submissions())]


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "run.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_csv_has_a_mark_and_all_columns(folder: Path) -> None:
    assert (folder / "run.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    rows = table(folder)
    assert list(rows[0]) == NAMES
    assert sorted(row["编号"].removeprefix("'") for row in rows) == sorted(name for name, _ in TEXTS)


def sheet_rows(folder: Path) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(folder / "run.xlsx").active
    header, *rows = sheet.iter_rows(values_only=True)
    assert list(header) == NAMES
    return [dict(zip(NAMES, row, strict=True)) for row in rows]


@pytest.mark.parametrize("read", [table, sheet_rows])
def test_tables_are_sorted_by_priority(folder: Path, decisions: list[dict[str, Any]], read: Any) -> None:
    standing = {each["id"]: (each["priority"]["level"], each["priority"]["score"]) for each in decisions}
    rank = {name: index for index, name in enumerate(PRIORITY.values())}
    rows = read(folder)
    levels = [rank[row["紧急程度"]] if row["紧急程度"] else len(rank) for row in rows]
    assert levels == sorted(levels)
    assert rows[0]["编号"] == "特急"
    told = [standing[row["编号"].removeprefix("'")] for row in rows if row["紧急程度"]]
    for (level, score), (next_level, next_score) in pairwise(told):
        assert level != next_level or score >= next_score


def test_csv_cells_are_disarmed(folder: Path) -> None:
    rows = table(folder)
    live = [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert live == []
    titles = {row["编号"]: row["标题"] for row in rows}
    assert titles["公式"] == "'" + FORMULA
    assert {titles[name][:2] for name in ("加号", "减号", "花号")} == {"'+", "'-", "'@"}
    assert "'=1+1" in titles


def test_xlsx_is_ready_to_work_in(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "run.xlsx")
    assert book.sheetnames == ["研判结果", "热点事项"]
    sheet = book.active
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == f"A1:AA{len(TEXTS) + 1}"
    assert [cell.value for cell in sheet[1]] == NAMES
    assert sheet.max_row == len(TEXTS) + 1
    assert isinstance(sheet.cell(2, NAMES.index("把握") + 1).value, int | float)


def test_xlsx_holds_no_formula(folder: Path) -> None:
    cells = [cell for row in openpyxl.load_workbook(folder / "run.xlsx").active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert [cell.data_type for cell in cells if cell.value == FORMULA] == ["s"]
    assert all(cell.hyperlink is None for cell in cells)


def test_xlsx_is_not_broken_by_control_characters(folder: Path) -> None:
    row = next(row for row in sheet_rows(folder) if row["编号"] == "控制")
    assert "站牌倒了" in row["标题"].replace(" ", "").replace("的", "")
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", row["标题"] + row["内容"])


@pytest.mark.parametrize(
    ("sign", "ending"),
    [*(("\ufffe", ending) for ending in (".jsonl", ".csv", ".html", ".xlsx")), ("\uffff", ".xlsx")],
)
def test_characters_that_are_none(triage: Triage, tmp_path: Path, sign: str, ending: str) -> None:
    with batch.run(triage, [Submission("1", f"路灯{sign}坏了\n三天{sign}没人修")], processes=1) as run:
        write(run, tmp_path / f"a{ending}")
    assert (tmp_path / f"a{ending}").stat().st_size


def test_xlsx_cuts_what_no_cell_holds(triage: Triage, tmp_path: Path) -> None:
    with batch.run(triage, [Submission("1", "路灯坏了\n" + "路灯又坏了。" * 9000)], processes=1) as run:
        write(run, tmp_path / "a.xlsx")
    assert len(openpyxl.load_workbook(tmp_path / "a.xlsx").active["C2"].value) == 32_000


class Page(HTMLParser):
    """The elements of a page, and what its rules forbid."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    return (folder / "run.html").read_text(encoding="utf-8")


def test_page_escapes_what_people_wrote(html: str) -> None:
    page = Page(html)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 1
    assert SCRIPT in page.text
    assert "<b>危险</b> & 乱" in page.text
    assert not any(name.startswith("on") for name, _ in page.attributes)


def test_page_loads_nothing(html: str) -> None:
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    assert not {"src", "href", "srcset", "action", "data"} & {name for name, _ in page.attributes}
    own = html.replace("http://x", "")  # the one that a submission names, as text
    assert [sign for sign in ("http://", "https://", "src=", "<link", "@import", "url(") if sign in own] == []
    policy = next(value for name, value in page.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'")


def test_page_shows_the_hot_issue(html: str, decisions: list[dict[str, Any]]) -> None:
    voices = [each for each in decisions if each["duplicate"]["issue"] == "issue-水1"]
    assert [each["id"] for each in voices] == ["水1", "水2", "水3"]
    hot = html[html.index("<h2>热点事项</h2>") : html.index("<h2>待办队列</h2>")]
    assert hot.count("<details") == 1
    assert hot.count("<li>") == 3
    assert " 人 3 件" in hot
    assert "热度" in hot
    assert "点赞 24" in hot
    assert "2026-05-07 至 2026-05-09" in hot


def test_page_counts_right(html: str, decisions: list[dict[str, Any]]) -> None:
    figures = {name: int(count) for count, name in re.findall(r"<li><b>(\d+)</b><span>(.+?)</span>", html)}
    triaged = [each for each in decisions if each["status"] == "triaged"]
    kinds = [each["duplicate"]["kind"] for each in decisions]
    levels = [each["priority"]["level"] for each in triaged]
    assert figures == {
        "来件": len(TEXTS),
        "特急": levels.count("urgent"),
        "紧急": levels.count("high"),
        "事项": len({each["duplicate"]["issue"] for each in decisions}),
        "重复来件": kinds.count("duplicate"),
        "并入同一事项": kinds.count("same_issue"),
        "主题需复核": sum(each["topic"]["needs_review"] for each in triaged),
        "垃圾信息": sum(each["status"] == "junk" for each in decisions),
        "无法阅读": 1,
    }
    queue = html[html.index("<h2>待办队列</h2>") :]
    assert queue.count("<details") == len(TEXTS)
    charts = html[html.index("<h2>分布</h2>") : html.index("<h2>热点事项</h2>")]
    bars = re.findall(r'<td class="n">(\d+)</td>', charts)
    assert sum(map(int, bars)) == 2 * len(triaged)


def test_a_text_without_title_has_its_beginning_as_title() -> None:
    assert title_and_body("\n巷口的路灯坏了") == ("巷口的路灯坏了", "巷口的路灯坏了")


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_rows_are_no_error(triage: Triage, tmp_path: Path, ending: str) -> None:
    with batch.run(triage, [], processes=1) as run:
        write(run, tmp_path / f"a{ending}")
    assert (tmp_path / f"a{ending}").exists()


def test_a_run_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("旧的", encoding="utf-8")

    def fail() -> None:
        with beside(path) as temporary:
            temporary.write_text("新的", encoding="utf-8")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text(encoding="utf-8") == "旧的"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a.pdf", "a", "没有/a.csv", "目录.csv"])
def test_an_output_that_cannot_be_is_told_before_the_work(tmp_path: Path, name: str) -> None:
    (tmp_path / "目录.csv").mkdir()
    with pytest.raises(InputError, match=re.escape(f"-o {tmp_path / name}")):
        check(tmp_path / name)
