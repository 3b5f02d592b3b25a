"""Clean random texts for some minutes: nothing raises, edits replay, a second cleaning changes nothing.

    python benchmarks/fuzz_clean.py [MINUTES] [SEED]

Texts are pieces of letters, damage and page furniture in random order, and letters damaged at random bytes. Prints how
many texts were tried and every text that broke a rule.
"""

from __future__ import annotations

import random
import sys
import time

from pipeline.clean import clean, lost, personal
from pipeline.clean.edits import replay
from pipeline.knowledge import CORPORA, table
from pipeline.train import read_written, written_files

PIECES = [
    "我们", "小区", "路灯", "坏了", "電梯", "設(shè)備(bèi)", "請(qǐng)", "?!坝惺潞蒙塘俊眳f(xié)", "??h",
    "鐨勬槸", "ÄãºÃ", "å…³äºŽ", "\ufffd", "\ue000", "\u200b", "\x00", "\ud800", "\r\n", "\n", "\n\n", "\u3000",
    "１２", "（xié）", "(xié)", "乾", "昇", "著", "軟體", "網路", "13812345678", "110101199003074514",
    "3栋2单元501室", "我叫林晓，", "版权所有 ©", "上一篇：", "使用道具 举报", "山里人 发表于 3 天前", "转发了",
    "无码人妻一区二区", "百家乐时时彩娱乐城", "。", "，", "？", "！", "“", "”", "a", "Z", "9", " ", "\t",
    "猜你喜欢", "返回顶部", "免责声明：", "责任编辑：何小", "￥", "𠮷", "🚧", "[复制链接]", "首页 > 新闻", "-",
    ".", ":", "\u2028",
]  # fmt: skip


def made(rng: random.Random, letters: list[str]) -> str:
    """Return a random text."""
    if rng.random() < 0.5:
        return "".join(rng.choice(PIECES) for _ in range(rng.randrange(40)))
    raw = bytearray(rng.choice(letters)[: rng.randrange(20, 400)].encode("gb18030"))
    for _ in range(rng.randrange(6)):
        at = rng.randrange(len(raw) + 1)
        raw[at : at + rng.randrange(2)] = rng.choice((b"", b"?", bytes((rng.randrange(256),))))
    text = raw.decode(rng.choice(("gb18030", "gb18030", "utf-8", "big5", "latin-1")), "replace")
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(PIECES) + text[at:]
    return text


def broken(text: str) -> str:
    """Return the rule that cleaning a text breaks, nothing where all hold."""
    try:
        once = clean(text)
        again = clean(once.text)
    except Exception as error:  # the point of the run
        return f"raises {error!r}"
    if replay(text, once.edits) != once.text or any(text[e.start : e.end] != e.before for e in once.edits):
        return "replay"
    if again.text != once.text:
        return "idempotence"
    if once.personal != personal.spans(once.text) or "\ufffd" in once.text or lost.edits(once.text, damaged=False):
        return "spans"
    return ""


def main(minutes: float, seed: int) -> None:
    """Run and tell."""
    rng = random.Random(seed)
    letters = [example.text for example in read_written(written_files())]
    assert len(list(table(CORPORA / "furniture.csv", "role"))) > 0
    end, tried, failed, slowest = time.monotonic() + 60 * minutes, 0, 0, 0.0
    while time.monotonic() < end:
        text = made(rng, letters)
        began = time.perf_counter()
        rule = broken(text)
        slowest = max(slowest, time.perf_counter() - began)
        tried += 1
        if rule:
            failed += 1
            print(rule, repr(text), flush=True)
    print(f"{tried} texts, {failed} broke a rule, slowest {slowest:.2f} s")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
