"""Writes an event file with TensorBoard's own code, or reads one with the real TensorBoard.

Run: python test/reference/event_files.py (tensorboard). Writes test/fixtures/formats/events.json.
Run: python test/reference/event_files.py FOLDER. Prints the scalars that TensorBoard finds in a folder's event files.
"""
import base64
import io
import json
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

FIXTURE = Path(__file__).parent.parent / "fixtures" / "formats" / "events.json"

EVENTS = [
    {"wallTime": 0.0, "step": 0, "scalars": {"train/loss": 1.25}},
    {"wallTime": 1700000000.123, "step": 1, "scalars": {"train/loss": 0.7, "train/learning_rate": 5e-5}},
    {"wallTime": 1700000001.5, "step": 300, "scalars": {"validation/macro_f1": 0.875, "größe": -3.0}},
    {"wallTime": 1700000002.0, "step": 2**31, "scalars": {f"figures/{index:02}": index / 7 for index in range(20)}},
]


def write():
    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    writer.write(Event(wall_time=1.0, file_version="brain.Event:2").SerializeToString())
    writer.write(Event(wall_time=2.0, step=7, session_log=SessionLog(status=SessionLog.START)).SerializeToString())
    for event in EVENTS:
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in event["scalars"].items()]
        summary = Summary(value=values)
        writer.write(
            Event(wall_time=event["wallTime"], step=event["step"], summary=summary).SerializeToString()
        )
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(
        json.dumps({"events": EVENTS, "file": base64.b64encode(buffer.getvalue()).decode()}) + "\n"
    )


def read(folder):
    accumulator = EventAccumulator(folder).Reload()
    scalars = {
        tag: [[event.step, event.value, event.wall_time] for event in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()["scalars"]
    }
    print(json.dumps(scalars))


if __name__ == "__main__":
    read(sys.argv[1]) if len(sys.argv) > 1 else write()
