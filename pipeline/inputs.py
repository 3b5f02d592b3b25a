"""What a model was trained with besides its data: the n-grams, the cleaning and the dictionary, as hashes.

The hashes are of what comes out for some invented texts, not of source code: a comment that changes costs no model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.clean import clean
from pipeline.errors import ModelError
from pipeline.features import Vocabulary, batch
from pipeline.segment import dictionary_id

_TEXTS = (
    "槐荫里路灯不亮\n三号楼前的路灯灭了 12 天，ＡＢ座没人管。",
    "設備壞了\n電梯壞了三天，老人上不了樓，什麼時候修？",
    "请问 Wi-Fi\u200b 覆盖几个村　什么时候通？",
)
NAMES = {"features": "特征（字符组）", "cleaning": "文本清洗", "dictionary": "分词词典"}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def features_id() -> str:
    """Return the hash of what the features make of some texts."""
    parts = batch(_TEXTS)
    vocabulary = Vocabulary.fit(_TEXTS, least=1)
    matrix = vocabulary.matrix(parts, vocabulary.occurrences(parts))
    values = np.round(matrix.data * 1000).astype(np.int32)  # not what two processors make of the last digit
    return _hash(vocabulary.keys.tobytes() + matrix.indices.tobytes() + values.tobytes())


def cleaning_id() -> str:
    """Return the hash of what cleaning makes of some texts."""
    return _hash("\0".join(clean(text).text for text in _TEXTS).encode())


def inputs() -> dict[str, str]:
    """Return the hashes of this installation."""
    return {"features": features_id(), "cleaning": cleaning_id(), "dictionary": dictionary_id()}


def check(meta: Mapping[str, Any]) -> None:
    """Raise `ModelError` where a model's weights do not mean here what they meant where it was trained."""
    recorded, here = meta.get("inputs", {}), inputs()
    if names := [name for key, name in NAMES.items() if recorded.get(key) != here[key]]:
        raise ModelError(
            f"模型 {meta.get('name', '?')}：训练时的{'、'.join(names)}与本机不同，结果不可信。"
            "请用 minyi train 重新训练，或用 minyi models rollback 退回上一个。"
        )
