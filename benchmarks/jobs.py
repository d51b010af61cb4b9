"""What is measured: one model and what is asked of it, as plain values that another process can be given."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

import ride_eval.plugin  # noqa: F401 - importing registers model and tasks

Run = Callable[[], float]
"""Does the work once; gives the seconds it took, preparations aside."""
Asked = dict[str, list[Any]]


@dataclass(frozen=True, kw_only=True)
class Job:
    model: str
    """A saved model's folder."""
    data: str | None = None
    """Folder of real benchmark data; None for the bundled documents."""
    tasks: str = ""
    """A pattern of RIDE tasks."""
    documents: int = 1
    shots: int = 0
    samples: int = 10
    new_tokens: int = 64
    batch: int = 8
    arms: int = 7
    tokens: int = 0
    """Prompt tokens, where a single prompt of random tokens is run; likewise below."""
    layers: int = 0

    def but(self, **changes: Any) -> Job:
        return dataclasses.replace(self, **changes)


@lru_cache(maxsize=2)
def harness(model: str, batch: int) -> HFLM:
    """The harness's own model type."""
    return HFLM(model, device="cpu", batch_size=batch, dtype="float32")


@lru_cache(maxsize=8)
def _requests(job: Job) -> Asked:
    lm = harness(job.model, job.batch)
    extra = {"data_dir": job.data} if job.data else {}
    manager = TaskManager(include_defaults=False, metadata={"pretrained": job.model, **extra})
    found: Asked = {"loglikelihood": [], "generate_until": []}
    for name, task in list(manager.load(manager.match_tasks([job.tasks]))["tasks"].items())[: job.arms]:
        if task.OUTPUT_TYPE == "generate_until":
            task.set_config("generation_kwargs", {"max_gen_toks": job.new_tokens, "until": []}, update=True)
        task.set_config("num_fewshot", job.shots)
        task.set_fewshot_seed(1234)
        task.build_all_requests(
            limit=job.documents, rank=0, world_size=1, apply_chat_template=lm.tokenizer.chat_template is not None,
            chat_template=lm.apply_chat_template, fewshot_as_multiturn=True, tokenizer_name=lm.tokenizer_name,
        )  # fmt: skip
        assert task.instances, name
        for instance in task.instances:
            found[instance.request_type].append(instance)
    return found


def requests(job: Job) -> Asked:
    """Every arm's requests for the first documents of the tasks, by the method that answers them."""
    return _requests(job)


def with_samples(asked: Asked, samples: int) -> list[tuple[str, list[Any]]]:
    """Calls of the harness's model: what was asked, and each sampled answer as a request of its own."""
    sampled = []
    for instance in asked["generate_until"]:
        other = copy(instance)
        other.arguments = (instance.args[0], {**instance.args[1], "do_sample": True, "temperature": 1.0, "top_k": 0})
        sampled += [other] * samples
    return [*asked.items(), ("generate_until", sampled)]


def call(lm: Any, calls: Iterable[tuple[str, list[Any]]]) -> float:
    """Seconds that calls of a harness model take."""
    start = time.perf_counter()
    for method, instances in calls:
        if instances:
            getattr(lm, method)(instances, disable_tqdm=True)
    return time.perf_counter() - start
