"""Results made by hand, for those who read them."""

from datetime import UTC, datetime

from benchmarks.schema import Kind, Machine, Result, Series

MACHINE = Machine(
    cpu="Test CPU",
    cores=2,
    features=("avx2",),
    memory_mb=8192,
    gpu=None,
    driver=None,
    system="TestOS",
    python="3.11.0",
    libraries={"numpy": "2.0"},
)


def made_result(*series: Series, kind: Kind = "stages", cpu: str = "Test CPU", minute: int = 0) -> Result:
    """A result of `kind` that holds `series`."""
    return Result(
        kind=kind,
        started_at=datetime(2026, 1, 2, 3, minute, tzinfo=UTC),
        seconds=1.0,
        machine=MACHINE.model_copy(update={"cpu": cpu}),
        commit="0123456789ab",
        command=f"python -m benchmarks {kind}",
        settings={"threads": 1},
        complete=True,
        series=series,
    )
