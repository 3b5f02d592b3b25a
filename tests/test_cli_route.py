"""`minyi route` and what goes to a member, from outside."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from desk import Desk
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from support import SAMPLES

from pipeline.records import Submission, to_json
from pipeline.triage import Triage
from service.export.labels import PERSONAL
from service.masking import for_member, masked, spans_of

OFFICE = [part for name in ("places", "members", "stations") for part in (f"--{name}", str(SAMPLES / f"{name}.csv"))]
SEVERAL = (
    "两件事\n一、槐树坡的路灯坏了半个月没有人来修，井盖也缺了，晚上走路很危险，请市政部门派人维修路灯和井盖。"
    "二、孩子今年上小学一年级，请问新城小学的学区怎么划分，报名招生需要带什么材料？"
)


def test_explain_an_input_file(minyi: Desk) -> None:
    minyi.put("来信.csv", "编号,内容,时间\n7,翡翠湾小区旁边的工地夜里打桩，吵得睡不着，请环保部门管一管,2026-10-12\n")
    said = minyi("route", "explain", "来信.csv", "7", *OFFICE, code=0).out.decode()
    for word in (
        "界别 环境资源",
        "专委会 人口资源环境",
        "地点 翡翠湾小区",
        "站点 南湾社区委员议事室",
        "期限 2026-11-02",
    ):
        assert word in said
    assert "主办" in said
    assert "界别“环境资源”牵头（+0.40）" in said


def test_explain_what_was_decided(minyi: Desk) -> None:
    minyi.put("来信.csv", "编号,内容\n7,举报某局局长收受红包，请纪委查处\n")
    minyi("triage", "来信.csv", "-o", "结果.jsonl", *OFFICE, code=0)
    said = minyi("route", "explain", "结果.jsonl", "7", code=0).out.decode()
    assert "承办 办公室" in said
    assert "只到办公室，不分发委员" in said
    assert "委员：" not in said


def test_explain_an_unknown_number(minyi: Desk) -> None:
    assert "没有编号“9”" in minyi("route", "explain", "信.csv", "9", code=2).err


def test_explain_proposes_a_split(minyi: Desk) -> None:
    minyi.put("来信.jsonl", json.dumps({"id": "7", "text": SEVERAL}, ensure_ascii=False) + "\n")
    said = minyi("route", "explain", "来信.jsonl", "7", *OFFICE, code=0).out.decode()
    assert "建议拆分（一事一报）：" in said
    assert "7/1  城乡建设/" in said
    assert "7/2  教育文体/考试招生  界别 教育、专委会 教科卫体  新城小学" in said


def test_parts_carry_their_lineage(minyi: Desk) -> None:
    minyi.put("来信.jsonl", json.dumps({"id": "7", "text": SEVERAL}, ensure_ascii=False) + "\n")
    [line] = minyi("triage", "来信.jsonl", *OFFICE, code=0).out.splitlines()
    decision = json.loads(line)
    text = decision["clean"]["text"]
    assert [part["id"] for part in decision["parts"]] == ["7/1", "7/2"]
    assert text[decision["parts"][1]["start"] : decision["parts"][1]["end"]].startswith("二、孩子")
    assert "文中有 2 件事，建议拆分（一事一报）" in decision["route"]["reasons"]


def test_simulate_the_sample_county(minyi: Desk) -> None:
    answer = minyi("route", "simulate", str(SAMPLES / "messages.xlsx"), *OFFICE, "-o", "模拟.json", code=0)
    said = answer.out.decode()
    told = json.loads((minyi.folder / "模拟.json").read_text(encoding="utf-8"))
    assert "来件 70" in said
    assert "无主 0" in said
    assert "其中到了委员的 0" in said
    assert "网格 150    没有委员的 53" in said
    assert told["gini"]["after"] <= told["gini"]["before"]
    assert len(told["members"]) == 242


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_simulate_writes_who_gets_how_much(ending: str, minyi: Desk) -> None:
    minyi("route", "simulate", "信.csv", *OFFICE, "-o", f"模拟.{ending}", code=0)
    path = minyi.folder / f"模拟.{ending}"
    if ending == "csv":
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))
    else:
        rows = [[str(cell) for cell in row] for row in load_workbook(path).active.iter_rows(values_only=True)]
    assert rows[0][:2] == ["编号", "姓名"]
    assert len(rows) == 243
    assert sum(int(row[4]) for row in rows[1:]) == 2


def test_simulate_needs_members(minyi: Desk) -> None:
    assert "--members" in minyi("route", "simulate", "信.csv", code=2).err


def test_broken_tables_are_told_in_one_go(minyi: Desk) -> None:
    minyi.put("委.csv", "编号,姓名,界别,地点,专长,单位,在任\n1,沈一,渔业,,,,1\n2,沈二,,,,,也许\n")
    answer = minyi("triage", "信.csv", "--members", "委.csv", code=2)
    assert answer.err.count("委.csv 第") == 3
    assert "第 2 行（沈一）：没有界别“渔业”" in answer.err


def test_the_number_of_processes_changes_no_member(minyi: Desk) -> None:
    matters = (
        "路灯坏了半个月", "下水道堵了往外冒", "公交车末班太早", "小学门口没有斑马线", "养老金少发两个月",
        "菜市场缺斤短两", "村卫生室没有医生", "水库的水浇不到田", "山上有人偷伐树木", "网络信号时有时无",
        "图书馆周末不开门", "低保停发没有通知",
    )  # fmt: skip
    rows = [f"{at},2026-10-{at % 28 + 1:02},柳湾镇,{matters[at % 12]}\n" for at in range(600)]
    minyi.put("多.csv", "编号,时间,地点,内容\n" + "".join(rows))
    outs = [minyi("triage", "多.csv", *OFFICE, "--processes", number, code=0).out for number in ("1", "2")]
    assert outs[0] == outs[1]
    assert len({json.loads(line)["route"]["owner"] for line in outs[0].splitlines()}) > 3


def test_a_member_reads_no_personal_data() -> None:
    text = "我叫沈一，电话13800000000，请修路灯。"
    personal = [{"kind": "name", "start": 2, "end": 4}, {"kind": "mobile", "start": 7, "end": 18}]
    decision = {
        "id": "7",
        "intent": "complaint",
        "clean": {"text": text, "personal": personal},
        "priority": {"level": "normal", "score": 0.3, "reasons": [{"code": "x", "text": "具体", "start": 0, "end": 5}]},
        "topic": {"level1": "城乡建设", "level2": "其他", "evidence": [{"term": "沈一", "weight": 1.0}]},
        "duplicate": {"kind": "unique", "of": None, "issue": "issue-7", "score": 0.0, "shared": []},
        "route": {"sector": "经济", "reasons": ["回避：沈一"]},
        "keywords": ["沈一"],
        "submission": {"submitter": "沈一"},
    }  # fmt: skip
    read = json.dumps(for_member(decision), ensure_ascii=False)
    assert "请修路灯" in read
    assert "【姓名】" in read
    assert "沈一" not in read
    assert "1380" not in read
    assert spans_of({"clean": {"text": text}}) == []


def test_what_cleaning_found_is_masked(triage: Triage) -> None:
    (decided,) = triage.run([Submission("7", "我叫李小明，电话13800138000，门口路灯坏了三天，请派人来修。")])
    read = for_member(json.loads(to_json(decided)))
    assert read["text"] == "我叫【姓名】，电话【手机号】，门口路灯坏了三天，请派人来修。"


spans = st.lists(st.tuples(st.integers(-2, 25), st.integers(-2, 25), st.sampled_from([*PERSONAL, "other"])), max_size=5)


@given(st.text(alphabet="甲乙丙丁0123456789", max_size=20), spans)
def test_nothing_inside_a_span_is_left(text: str, found: list[tuple[int, int, str]]) -> None:
    inside = {at for start, end, _ in found for at in range(max(0, start), min(end, len(text)))}
    kept = "".join(char for at, char in enumerate(text) if at not in inside)
    said = masked(text, found)
    for name in {*PERSONAL.values(), "个人信息"}:
        said = said.replace(f"【{name}】", "")
    assert said == kept


def test_the_sample_tables_are_sound() -> None:
    from pipeline.route import Router

    router = Router.load(**{name: SAMPLES / f"{name}.csv" for name in ("places", "members", "stations")})
    assert (len(router.members), len(router.stations)) == (250, 90)
    assert Path(SAMPLES / "README.md").read_text(encoding="utf-8").count("stakes")
