"""Letters of one matter and of others, for tests of what officers do with them."""

from __future__ import annotations

from pipeline.records import Submission

LIGHTS = (
    "云栖花园小区路灯全灭了\n云栖花园小区从南门到八栋的路灯坏了半个月，晚上漆黑一片，老人出门害怕。",
    "云栖花园南门一带没有路灯\n我家住云栖花园小区八栋，每天下夜班回来，南门那段路灯不亮，差点摔跤，物业说归市政管。",
    "请修复云栖花园小区路灯\n孩子在云栖花园小区八栋门口因为路灯不亮摔破了膝盖，请市政部门派人来修路灯。",
    "希望云栖花园小区的路灯早日亮起来\n云栖花园小区路灯报修三次没有人来，南门进出的居民都打着手电筒走路。",
)
"""Four voices of one issue."""
OTHERS = (
    "工地夜间施工噪声扰民，搅拌站灰尘污染严重，请环保局查处",
    "公司拖欠农民工工资三个月不发，劳动监察不管",
    "小学学区划分不合理，孩子上学要走五公里",
    "村里饮用水发黄",
)
"""Each its own matter; the first three are sure of their topic, the last is not."""
LETTERS = (*LIGHTS, *OTHERS)


def submissions() -> list[Submission]:
    """Return all of them, each of somebody else."""
    return [Submission("", text, submitter=f"来信人{at}") for at, text in enumerate(LETTERS)]
