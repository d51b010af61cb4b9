"""RideTask: any task of the harness, put under one arm.

Prompt, few-shot, filters and scoring are the base task's own; this class puts the arm's text in front, tells the model class
what it asks (`prompt.Request`), and takes the measurement back from the responses.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lm_eval.utils
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks._yaml_loader import load_yaml

from ride_eval.aggregation import mean_over_prompts, nan_mean, nan_stderr, without_missing
from ride_eval.arms import STANDARD_ARMS, MetaPrompt
from ride_eval.asked import announce, forget
from ride_eval.base import RideSpec, in_harness, load_base, parts_of, read_spec, refuse_sampling, refuse_unfit
from ride_eval.data import check_choices, check_right, read_folder, read_local, steady, unreachable, use_splits
from ride_eval.errors import RideError, TaskError, UsageError
from ride_eval.fewshot import DocumentSampler
from ride_eval.groups import PART, Pool, part_name, pool
from ride_eval.measurement import MeasuredPair, MeasuredText, Measurement, measurement_of
from ride_eval.options import read_options
from ride_eval.prompt import Prompt, Request, TemplateSettings, request_of
from ride_eval.ranks import one_bar, refuse_idle
from ride_eval.recorder import recorder_of
from ride_eval.scalars import ALL_SCALARS
from ride_eval.scoring import agreement, choice_values, chosen, filtered_samples, gold_index, lacks_language_data, score_row
from ride_eval.spans import Rendering, locate
from ride_eval.store import Key, document_hash
from ride_eval.templates import sandbox
from ride_eval.wordings import RewordedDocuments, later_wording

sandbox(lm_eval.utils)

NO_FILTER = "none"
"""The harness's name for the filter of a task that has none."""
TEXT_METRICS = ("choice_entropy", "choice_margin", "answer_words")
"""What text and log-likelihoods alone can give, under any model type."""


@dataclass(frozen=True, kw_only=True)
class _Words:
    """What decides an arm's text for a document."""

    document: str
    domain: str
    wrong: str
    wording: int


class RideTask(ConfigurableTask):
    """A base task under an arm, from a YAML with `class: !function ride_eval.task.RideTask` and `metadata: {ride: ...}`.

    Options in `--metadata`: `data_dir` (local documents), `prompts` (another prompts folder), `placement` (`user`, the
    default, or `system`), `wordings_per_document` (1), `missing_scoring_data` (`nan`).
    """

    def __init__(self, config: dict[str, Any]) -> None:
        name = str(config.get("task"))
        metadata = dict(config.get("metadata") or {})
        self.ride: RideSpec = read_spec(name, metadata)
        source = metadata.get("config_source", "inline")
        base, self._base_folder = load_base(name, self.ride, None if source == "inline" else Path(source).parent)
        refuse_unfit(self.ride.base, base)
        self._options = read_options(metadata)
        self._prompts = self._options.prompts
        self._prompts.arm(self.ride.arm)
        self._own_data = self.ride.base.endswith((".yml", ".yaml"))
        parts = parts_of(self.ride)
        self._pool = self._pooled(parts) if parts else None
        for settings in (base, base.get("fewshot_config") or {}):
            if callable(settings.get("process_docs")):
                settings["process_docs"] = steady(settings["process_docs"])
        overrides = {key: value for key, value in config.items() if key not in ("class", "metadata", "task")}
        super().__init__(config={**base, **overrides, "task": name, "metadata": {**(base.get("metadata") or {}), **metadata}})
        filters = [filter_.name for filter_ in self._filters]
        if self.ride.answer_filter is not None and self.ride.answer_filter not in filters:
            raise TaskError(f"{name}: answer_filter {self.ride.answer_filter!r} is not among {', '.join(filters)}.")
        self._missing_data = lacks_language_data(
            self.ride.base, self.ride.nltk_data, leave_unscored=self._options.leave_unscored
        )
        self._pending = ""
        self._occurrences: list[tuple[str, int]] | None = None
        self._asked = self._options.wordings_per_document
        self._samples: list[int] | None = None
        self._to_score = 0
        self._sampled: dict[Key, list[tuple[Any, str]]] = {}
        self.sampler: Any
        if hasattr(self, "sampler"):
            within = PART if self._pool else None
            self.sampler = DocumentSampler.like(
                self.sampler,
                self._question,
                within=within,
                check=lambda example, where: self._check(example, where, self.fewshot_cfg),
            )
        for metric in (*ALL_SCALARS, *TEXT_METRICS):
            self._aggregation_list[metric] = nan_mean
            self._aggregation_list[f"{metric}_stderr"] = nan_stderr
            self._higher_is_better[metric] = None
            self._higher_is_better[f"{metric}_stderr"] = None
        if self._missing_data:
            for metric in self._metric_fn_list:
                self._aggregation_list[metric] = without_missing(self._aggregation_list[metric])
            self._aggregation_list["unscored"], self._higher_is_better["unscored"] = sum, None

    # Documents ----------------------------------------------------------------------------------------------------------

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Documents of our own, of `data_dir`, or the base task's own source."""
        if self._own_data:
            self.dataset = read_folder(self._base_folder / "data")
            return
        if self._pool is not None:
            self.dataset = {"test": self._pool.documents}
            return
        if self._options.data_dir is not None:
            self.dataset = read_local(self._options.data_dir, self.ride.benchmark)
            use_splits(self.config, list(self.dataset), str(self.config.task))
            self.fewshot_cfg = self.config.fewshot_config
            return
        try:
            super().download(dataset_kwargs, **kwargs)
        except RideError:
            raise
        except Exception as error:  # the loader raises whatever its many back ends do
            raise unreachable(self.DATASET_PATH, self.ride.benchmark, error) from error

    @property
    def eval_docs(self) -> Any:
        """The documents, each as often as it is asked; while the base class is made, which looks at the first, once."""
        documents = super().eval_docs
        asked = getattr(self, "_asked", 1)
        return documents if asked == 1 else RewordedDocuments(documents, asked)

    def _pooled(self, parts: dict[str, Path]) -> Pool:
        """The documents of a group's tasks, each task made as the harness makes it."""
        local = self._options.data_dir
        metadata = {"data_dir": str(local)} if local is not None else {}

        def task(name: str, file: Path) -> RideTask:
            configuration = load_yaml(file, resolve_func=False).get("dataset_name")
            spec = {
                "base": name,
                "base_file": in_harness(file),
                "benchmark": f"{self.ride.benchmark}/{configuration}" if configuration else self.ride.benchmark,
                "arm": "none",
                "domain": self.ride.domain,
            }
            return RideTask({"task": name, "metadata": {**metadata, "ride": spec}})

        stamp = [file.stat().st_mtime_ns for file in sorted((local / self.ride.benchmark).rglob("*.jsonl"))] if local else []
        key = (self.ride.base, self.ride.benchmark, str(local), *stamp)
        return pool(key, lambda: {part_name(self.ride.base, name): task(name, file) for name, file in parts.items()})

    def fewshot_docs(self) -> Any:
        """Examples of all of a group's tasks; the sampler takes a document's own."""
        return self._pool.examples if self._pool is not None else super().fewshot_docs()

    def _setting(self, doc: dict[str, Any], name: str, given: Any) -> Any:
        """How a document of a group is rendered: as its own task says, unless for few-shot examples something else is set."""
        inherited = given is None or given == getattr(self.config, name)
        return self._pool.rendering[doc[PART]][name] if self._pool is not None and inherited else given

    def doc_to_text(self, doc: Any, doc_to_text: Any = None) -> Any:
        return super().doc_to_text(doc, self._setting(doc, "doc_to_text", doc_to_text))

    def doc_to_target(self, doc: Any, doc_to_target: Any = None) -> Any:
        return super().doc_to_target(doc, self._setting(doc, "doc_to_target", doc_to_target))

    def doc_to_choice(self, doc: Any, doc_to_choice: Any = None) -> Any:
        return super().doc_to_choice(doc, self._setting(doc, "doc_to_choice", doc_to_choice))

    def build_all_requests(self, **kwargs: Any) -> None:
        if kwargs.get("cache_requests"):
            raise UsageError(
                "--cache_requests cannot be used with ride_* tasks: it stores prompts as a pickle under a key without the "
                "arm's text, so another arm's prompts could come back. Leave it out."
            )
        # Not earlier: `--gen_kwargs` changes the arguments after the task is made.
        refuse_sampling(str(self.config.task), self.config.generation_kwargs)
        self._samples = sorted(set(kwargs["samples"])) if kwargs.get("samples") else None
        there = len(self.eval_docs if self._samples is None else self._samples)
        refuse_idle(str(self.config.task), min(kwargs.get("limit") or there, there), kwargs.get("world_size", 1))
        with one_bar(kwargs.get("rank", 0)):
            super().build_all_requests(**kwargs)
        asked = [found for instance in self._instances or [] if (found := request_of(instance)) is not None]
        announce(str(self.config.task), {request.prompt.key for request in asked})
        self._to_score = len({instance.doc_id for instance in self._instances or []}) * len(self._filters)

    def _words(self, doc: dict[str, Any]) -> _Words:
        document = document_hash(doc)
        given = self.ride.domain
        by_document = given not in self._prompts.domains and given in doc
        domain = (
            self._prompts.domain_of(self.ride.benchmark, str(doc[given])) if by_document else self._prompts.domain(given).name
        )
        return _Words(
            document=document,
            domain=domain,
            wrong=self._prompts.wrong_domain_of(document, domain),
            wording=(self._prompts.wording_of(document) + later_wording(doc)) % self._prompts.n_wordings,
        )

    def _occurrence(self, document: str, doc_id: int) -> int:
        """How many equal documents come before this one in the whole data: the same under `--limit`, `--samples` and ranks."""
        if self._occurrences is None:
            seen: Counter[tuple[str, int]] = Counter()
            self._occurrences = []
            for each in self.eval_docs:
                found, later = document_hash(each), later_wording(each)
                self._occurrences.append((found, seen[found, later]))
                seen[found, later] += 1
        there, occurrence = self._occurrences[self._samples[doc_id] if self._samples is not None else doc_id]
        if there != document:
            raise TaskError(
                f"{self.config.task}: document {doc_id} is not the one at its place in the data; ids cannot be trusted."
            )
        return occurrence

    # Prompts ------------------------------------------------------------------------------------------------------------

    def fewshot_context(self, doc: dict[str, Any], num_fewshot: int, **kwargs: Any) -> str | list[str]:
        """The base task's prompt with the arm's text in front."""
        self._arguments = {"num_fewshot": num_fewshot, **kwargs}
        return self._render(doc, self._words(doc), self.ride.arm, self._arguments)

    def _meta(self, arm: str, words: _Words) -> MetaPrompt:
        return self._prompts.render(
            arm, domain=words.domain, wrong=words.wrong, wording=words.wording, counter=self._options.counter
        )

    def _render(self, doc: dict[str, Any], words: _Words, arm: str, arguments: dict[str, Any]) -> str | list[str]:
        arguments = dict(arguments)
        text = self._meta(arm, words).text
        prefix = text + self._prompts.separator if text else ""
        if prefix and self._options.placement == "system":
            given = arguments.get("system_instruction")
            arguments["system_instruction"] = prefix + given if given else text
        else:
            self._pending = prefix
        if hasattr(self, "sampler"):
            self.sampler.begin(doc, words.document)
        if self._pool is not None:
            self.config.description = self._pool.rendering[doc[PART]]["description"]
        try:
            context: str | list[str] = super().fewshot_context(doc, **arguments)
        finally:
            self._pending = ""
        if any(text not in rendered for rendered in ([context] if isinstance(context, str) else context)):
            raise UsageError(
                f"The chat template does not show the arm's text {text!r} with placement={self._options.placement}: "
                "the harness drops a system message that a template refuses. Use placement=user."
            )
        return context

    def build_qa_turn(self, *, q: str | None = None, **kwargs: Any) -> list[Any]:
        """The first turn of a prompt takes the arm's text."""
        if self._pending and q is not None:
            q, self._pending = self._pending + q, ""
        turn: list[Any] = super().build_qa_turn(q=q, **kwargs)
        return turn

    def multiple_input_context(
        self, prev_context: list[Any] | None, gen_prefix: str | None, q: list[str], **kwargs: Any
    ) -> list[str]:
        """One prompt per choice: each takes the arm's text, unless a few-shot turn before it already has."""
        if self._pending:
            q, self._pending = [self._pending + text for text in q], ""
        contexts: list[str] = super().multiple_input_context(prev_context, gen_prefix, q, **kwargs)
        return contexts

    def _renderings(self, doc: dict[str, Any], context: str | list[str], meta: str) -> list[Rendering]:
        contexts = [context] if isinstance(context, str) else context
        questions = self.doc_to_choice(doc) if self.multiple_input else [self.doc_to_text(doc)]
        return [locate(text, str(question), meta) for text, question in zip(contexts, questions, strict=True)]

    def _question(self, doc: dict[str, Any]) -> str:
        """What a document asks: its text, or all its prompts where each choice has one."""
        text = self.doc_to_text(doc)
        return "\n".join(self.doc_to_choice(doc)) if isinstance(text, int) else str(text)

    def _check(self, doc: dict[str, Any], where: str, rendered: Any) -> None:
        """DataError where a document or an example, rendered as its part of the configuration says, has no right choice."""
        if self.OUTPUT_TYPE != "multiple_choice" or not rendered.doc_to_choice:
            return
        where = f"{self.ride.base}, {where}"
        choices = self.doc_to_choice(doc, rendered.doc_to_choice)
        check_choices(choices, where)
        # With a prompt for each choice, the right one's index is in the place of the text.
        field, take = ("doc_to_text", self.doc_to_text) if self.multiple_input else ("doc_to_target", self.doc_to_target)
        right = take(doc, getattr(rendered, field))
        # An example may have another target than documents: any text, which is shown as it is.
        scored = self.config.process_results is None and getattr(rendered, field) == getattr(self.config, field)
        if scored or (rendered is self.fewshot_cfg and isinstance(right, int)):
            check_right(right, choices, where)

    # Requests -----------------------------------------------------------------------------------------------------------

    def construct_requests(self, doc: dict[str, Any], ctx: str | list[str], **kwargs: Any) -> list[Any]:
        """The base task's requests, each with what the model class needs to know of it."""
        words = self._words(doc)
        occurrence = self._occurrence(words.document, kwargs["metadata"][1])
        chat = bool(kwargs.get("apply_chat_template"))
        self._check(doc, f"document {kwargs['metadata'][1]} (from 0)", self.config)
        built = super().construct_requests(doc, ctx, **kwargs)
        instances = built if isinstance(built, list) else [built]
        prompts = self._describe(doc, ctx, words, occurrence, chat)
        if self.OUTPUT_TYPE == "generate_until":
            for instance in instances:
                instance.ride = Request(prompt=prompts[0])
            return instances
        choices = self.doc_to_choice(doc) if self.OUTPUT_TYPE == "multiple_choice" else [str(self.doc_to_target(doc))]
        for instance in instances[: len(choices)]:
            # With a prompt for each choice, all score the one target.
            text = str(self.doc_to_target(doc)) if self.multiple_input else choices[instance.idx]
            instance.ride = Request(
                prompt=prompts[instance.idx] if self.multiple_input else prompts[0],
                choice=instance.idx,
                choice_text=text,
                choice_bytes=len(text.encode("utf-8", "replace")),
            )
        return instances

    def _describe(self, doc: dict[str, Any], ctx: str | list[str], words: _Words, occurrence: int, chat: bool) -> list[Prompt]:
        arguments = dict(self._arguments)
        meta = self._meta(self.ride.arm, words)
        settings = TemplateSettings(
            chat_template=chat,
            multiturn=bool(arguments.get("fewshot_as_multiturn")) if chat else False,
            system_instruction=arguments.get("system_instruction"),
            placement=self._options.placement,
            prompts=self._prompts.sha256,
        )
        decoding = self.config.generation_kwargs if self.OUTPUT_TYPE == "generate_until" else None
        return [
            Prompt(
                key=Key(self._base_name, words.document, occurrence, self.ride.arm, words.wording, index),
                rendering=rendering,
                siblings=self._siblings(doc, words, arguments, index),
                domain=words.domain,
                wrong_domain=words.wrong,
                fewshot=int(arguments["num_fewshot"]),
                decoding=json.dumps(decoding, sort_keys=True, default=str) if decoding else "",
                keywords=self._prompts.domain(words.domain).keywords,
                meta=meta.text,
                meta_length=meta.length,
                meta_unit=meta.unit,
                settings=settings,
            )
            for index, rendering in enumerate(self._renderings(doc, ctx, meta.text))
        ]

    def _siblings(
        self, doc: dict[str, Any], words: _Words, arguments: dict[str, Any], index: int
    ) -> Callable[[], list[Rendering]]:
        def render() -> list[Rendering]:
            return [
                self._renderings(doc, self._render(doc, words, arm, arguments), self._meta(arm, words).text)[index]
                for arm in STANDARD_ARMS
            ]

        return render

    @property
    def _base_name(self) -> str:
        return Path(self.ride.base).stem if self._own_data else self.ride.base

    # Results ------------------------------------------------------------------------------------------------------------

    def apply_filters(self) -> list[Any] | None:
        """The base task's filters, after which every answer says again what it was measured with."""
        forget(str(self.config.task))
        for instance in self._instances or []:
            # With several ranks, one that has fewer requests answers its last one again.
            del instance.resps[instance.repeats or 1 :]
        result: list[Any] | None = super().apply_filters()
        instances = [instance for instance in self._instances or [] if request_of(instance) is not None and instance.resps]
        run = next((found.run for instance in instances if (found := measurement_of(instance.resps[0]))), "")
        is_text = self.OUTPUT_TYPE == "generate_until"
        self._sampled = filtered_samples(instances, run, self._answer_filter) if is_text and run else {}
        for instance in instances:
            key = instance.ride.prompt.key
            measured = measurement_of(instance.resps[0]) or Measurement(key=key, run="", values={})
            if is_text:
                measured = replace(measured, values={**measured.values, **self._text_values(key, instance.resps[0], measured)})
            for i, name in enumerate(instance.filtered_resps):
                value = instance.filtered_resps[name]
                kept = measured.through(name, with_values=i == 0)
                if isinstance(value, str):
                    instance.filtered_resps[name] = MeasuredText(str(value), kept)
                elif isinstance(value, tuple) and len(value) == 2:
                    instance.filtered_resps[name] = MeasuredPair((value[0], value[1]), kept)
        return result

    def _text_values(self, key: Key, text: str, measured: Measurement) -> dict[str, float]:
        """Scalars that need the answers' texts: under any model the length, under ours how far samples agree."""
        values = {"answer_words": float(len(text.split()))}
        if measured.run:
            answers = self._sampled.get(key, [])
            filtered, texts = [answer for answer, _ in answers], [written for _, written in answers]
            values |= agreement(filtered, texts, extracts=self._answer_filter.name != NO_FILTER)
        return values

    @property
    def _answer_filter(self) -> Any:
        return next(f for f in self._filters if self.ride.answer_filter in (None, f.name))

    def process_results(self, doc: dict[str, Any], results: Sequence[Any]) -> dict[str, Any]:
        """The base task's scores, and beside them the measurement's scalars with their standard errors."""
        scores = self._score(doc, results)
        measured = [found for found in map(measurement_of, results) if found is not None]
        self._write_score(doc, results, scores, measured)
        extra = self._choice_metrics(doc, results)
        for name in measured[0].values if measured else ():
            extra[name] = mean_over_prompts([found.values[name] for found in measured])
        return {**scores, **{key: value for name, v in extra.items() for key, value in ((name, v), (f"{name}_stderr", v))}}

    def _score(self, doc: dict[str, Any], results: Sequence[Any]) -> dict[str, Any]:
        """The base task's scores; NaN for a document whose scoring data is missing, where that was asked for."""
        if not self._missing_data:
            return dict(super().process_results(doc, list(results)))
        try:
            scores = {**super().process_results(doc, list(results)), "unscored": 0.0}
        except LookupError:
            scores = {**dict.fromkeys(self._metric_fn_list, math.nan), "unscored": 1.0}
        return scores

    def _choice_metrics(self, doc: dict[str, Any], results: Sequence[Any]) -> dict[str, float]:
        if self.OUTPUT_TYPE != "multiple_choice":
            return {}
        choices: list[str] = self.doc_to_choice(doc)
        # With a prompt for each choice, all log-likelihoods are of the one target.
        scored = [str(self.doc_to_target(doc))] * len(choices) if self.multiple_input else choices
        return choice_values([pair[0] for pair in results[: len(choices)]], scored)

    def _write_score(
        self, doc: dict[str, Any], results: Sequence[Any], scores: dict[str, Any], measured: list[Measurement]
    ) -> None:
        self._to_score -= 1
        recorder = recorder_of(measured[0].run) if measured else None
        if recorder is None:
            return
        metric = self.ride.correctness or next(iter(scores), None)
        sound = all(found.sound for found in measured)
        wanted = self._answer_filter.name
        if measured[0].filter == wanted:
            key = measured[0].key
            answer, gold = results[0], None
            if self.OUTPUT_TYPE == "multiple_choice":
                choices = self.doc_to_choice(doc)
                answer = chosen([pair[0] for pair in results[: len(choices)]], choices, metric) if sound else None
                # Where each choice has a prompt, the harness keeps the right one's index in the place of the text.
                gold = gold_index(self.doc_to_text(doc) if self.multiple_input else self.doc_to_target(doc), choices)
            score = scores.get(metric) if metric and sound else None
            answer = answer if sound else None
            common = {"filter_name": wanted, "metric": metric}
            row = score_row(key, answer="greedy", sample=0, filtered=answer, score=score, gold=gold, **common)
            recorder.add("scores", row)
            for i, (filtered, _) in enumerate(self._sampled.get(key, [])):
                score = self._score(doc, [filtered]).get(metric) if metric and sound else None
                filtered = filtered if sound else None
                recorder.add("scores", score_row(key, answer="sample", sample=i, filtered=filtered, score=score, **common))
        if self._to_score == 0:
            recorder.scored(str(self.config.task))
