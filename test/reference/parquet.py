"""Makes test/fixtures/data/rows-*.parquet. Run from the project's root: python test/reference/parquet.py (pyarrow 26)."""

import datetime

import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table(
    {
        "text": ["first", "Café 東京", "", 'a "quoted",\nline', "last"],
        "label": pa.array([0, 1, 0, 1, 0], pa.int8()),
        "big": pa.array([1, 2**53 - 1, 3, 4, 5], pa.int64()),
        "score": pa.array([0.25, 0.5, None, 1.0, 2.0], pa.float64()),
        "flag": [True, False, None, True, False],
        "day": pa.array([datetime.date(2024, 2, 28 + (i % 2)) for i in range(5)], pa.date32()),
        "missing": pa.array([None] * 5, pa.string()),
    }
)
for compression in ["snappy", "zstd", "none"]:
    pq.write_table(table, f"test/fixtures/data/rows-{compression}.parquet", compression=compression, row_group_size=2, write_page_index=compression == "zstd")
