"""Data parallel with the harness's own engine, on CPU too: `torchrun --nproc_per_node 2 -m lm_eval --model ride ...`.

The harness gives each process (rank) its documents and gathers their scores, once the model says which rank it is. HFLM says
so only where a node has several GPUs. This class says so wherever a launcher started several processes, and makes one rank's
failure an end of all.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from accelerate import PartialState
from lm_eval.models.huggingface import HFLM
from transformers.utils import logging as transformers_logging

from ride_eval.errors import RunError, UsageError
from ride_eval.ranks import started

_TIMEOUT = timedelta(weeks=52)
"""As the harness's: ranks wait for the slowest."""


class RankedHFLM(HFLM):
    """HFLM that knows its rank under any launcher. A model object given as `pretrained` runs in one process, as with HFLM."""

    def __init__(self, *, pretrained: Any, **kwargs: Any) -> None:
        n = started()
        data_parallel = isinstance(pretrained, str) and kwargs.get("tp_plan") is None and n > 1
        device = str(kwargs.get("device"))
        if data_parallel:
            _set_up(device)
        if _made_one_of_several():
            logging.getLogger(__name__).warning(
                "`accelerate launch --cpu` starts one process, whatever --num_processes says. For N of them use `torchrun "
                "--nproc_per_node N -m lm_eval ...` or `accelerate launch --multi_gpu --num_processes N -m lm_eval ...`, on a "
                "CPU too."
            )
        super().__init__(pretrained=pretrained, **kwargs)
        accelerator = getattr(self, "accelerator", None)
        if accelerator is not None:
            self._rank, self._world_size = accelerator.process_index, accelerator.num_processes
        elif data_parallel:
            raise UsageError(
                f"{n} processes were started, but accelerate cannot connect them on device {device}. Start one, or give "
                "--device cpu."
            )

    def all_gather(self, tensor: torch.Tensor) -> torch.Tensor:
        with _together():
            gathered: torch.Tensor = super().all_gather(tensor)
        return gathered

    def gather_object(self, obj: Any, dst: int = 0) -> list[Any] | None:
        with _together():
            gathered: list[Any] | None = super().gather_object(obj, dst)
        return gathered

    def barrier(self) -> None:
        with _together():
            super().barrier()

    @contextmanager
    def first_rank_first(self) -> Iterator[None]:
        """What is inside is done by rank 0 before any other rank begins it."""
        if self.rank != 0:
            self.barrier()
        yield
        if self.rank == 0:
            self.barrier()


def _set_up(device: str) -> None:
    """Connect the processes before HFLM does, which never asks accelerate for the CPU; and quieten all but the first."""
    if device == "cpu" or not torch.accelerator.is_available():
        if "OMP_NUM_THREADS" not in os.environ:  # torchrun and accelerate set it: 1, unless the user says otherwise
            threads = max(1, (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", started())))
            os.environ["OMP_NUM_THREADS"] = str(threads)
            torch.set_num_threads(threads)
        PartialState(cpu=True, timeout=_TIMEOUT)
    if os.environ.get("RANK", "0") != "0":
        transformers_logging.disable_progress_bar()


def _made_one_of_several() -> bool:
    """Whether `accelerate launch` was asked for several processes on the CPU: it sets a port for them, and starts one."""
    several = "MASTER_PORT" in os.environ and "WORLD_SIZE" not in os.environ
    return several and os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("true", "1")


@contextmanager
def _together() -> Iterator[None]:
    """Work of all ranks; that one of them is gone is no fault of this one, and no traceback's worth."""
    try:
        yield
    except RuntimeError as error:
        raise RunError(
            "Another process of this run has ended, so this one ends too; the reason is in that one's output "
            f"({str(error).splitlines()[0]})."
        ) from error
