"""Defines one feature view in a Feast repository and writes its rows to the online store.

usage: store.py REPOSITORY TABLE USERS FEATURES

TABLE is a file of USERS x FEATURES float32, row-major, little-endian; the key of row i is u<i>.
"""

import sys
import warnings
from datetime import datetime, timedelta, timezone

warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, ValueType  # noqa: E402
from feast.types import Float32  # noqa: E402

ROWS_PER_WRITE = 2_000


def main(repository, table, users, features):
    names = [f"f{i}" for i in range(features)]
    user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
    view = FeatureView(
        name="profile",
        entities=[user],
        ttl=timedelta(days=3650),
        schema=[Field(name=name, dtype=Float32) for name in names],
        source=FileSource(path=f"{repository}/unused.parquet", timestamp_field="event_timestamp"),
        online=True,
    )
    store = FeatureStore(repo_path=repository)
    store.apply([user, view, FeatureService(name="profile", features=[view])])
    values = np.fromfile(table, dtype="<f4").reshape(users, features)
    now = datetime.now(timezone.utc)
    for start in range(0, users, ROWS_PER_WRITE):
        rows = pd.DataFrame(values[start : start + ROWS_PER_WRITE], columns=names)
        rows.insert(0, "user_id", [f"u{start + i}" for i in range(len(rows))])
        rows["event_timestamp"] = now
        store.write_to_online_store("profile", rows)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
