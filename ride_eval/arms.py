"""Arms: the meta prompts put in front of an otherwise unchanged prompt, read from prompts/*.yaml.

`arms.yaml` holds the arms with their index-matched wordings and control pools, `domains.yaml` the domains with the
words that name them, `subjects.yaml` further domains and which of all of them a benchmark's subjects are. All are data: a user
adds an arm or a domain there and nowhere else.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from statistics import mode
from typing import Literal

from ride_eval.errors import UsageError
from ride_eval.yaml_lines import Located, load_located

STANDARD_ARMS = ("none", "tag", "tag_wrong", "tag_placebo", "expert", "expert_wrong", "filler")
"""The seven arms whose common tokens are the *aligned* ones, whichever arms a run asks for."""

DomainRole = Literal["correct", "wrong", "placebo"]
MIN_WORDINGS = 5


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One arm, before it is rendered for a document."""

    name: str
    wordings: tuple[tuple[str, ...], ...]
    """Per wording index, the candidate templates: one, or a pool to take the nearest in length from. Empty for `none`."""
    domain: DomainRole = "correct"
    """Whose words fill {tag} and {expert}: the document's domain, another one, or labels without meaning."""
    match: str | None = None
    """The arm whose token count a candidate is matched to."""


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The words of one domain."""

    name: str
    tag: str
    expert: str
    keywords: tuple[str, ...]
    family: str
    """The file it stands in; a wrong domain is of the same one."""
    near: frozenset[str] = frozenset()
    """Domains that are no clear wrong one for it."""


@dataclass(frozen=True, kw_only=True)
class MetaPrompt:
    """An arm's text for one document."""

    text: str
    """Without the separator; empty for `none`."""
    length: int
    """In tokens of the model's own tokenizer, or in words where there is none."""
    unit: Literal["tokens", "words"]


@dataclass(frozen=True, kw_only=True)
class Counter:
    """Measures a text's length, for matching controls; `unit` says in what."""

    unit: Literal["tokens", "words"]
    count: Callable[[str], int]


WORDS = Counter(unit="words", count=lambda text: len(text.split()))
"""The fallback without a tokenizer; pairs matched by it are flagged, since equal word counts can be 7 against 15 tokens."""


class Prompts:
    """The content of a prompts/ folder, validated.

    Raises
    ------
    PromptFileError
        With file, line and key, for anything that does not follow the schema.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder if folder is not None else data_folder("prompts")
        arms_file, domains_file, subjects_file = (self.folder / f"{name}.yaml" for name in ("arms", "domains", "subjects"))
        arms, domains = load_located(arms_file), load_located(domains_file)
        arms.allow("version", "separator", "arms", "placebo")
        self.separator = arms.get("separator").as_str(strip=False)
        self.placebo = tuple(item.as_str() for item in arms.get("placebo").items())
        domains.allow("version", "domains")
        self.domains = _read_domains(domains)
        self.subjects: Mapping[str, Mapping[str, str]] = {}
        """Domains of a benchmark's subjects, by benchmark and subject. The file is optional."""
        files = [arms_file, domains_file]
        if subjects_file.is_file():
            self.subjects = _read_subjects(load_located(subjects_file), self.domains)
            files.append(subjects_file)
        self._wrong = {name: _wrong_domains(name, self.domains) for name in self.domains}
        self.arms = _read_arms(arms.get("arms"))
        self.sha256 = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
        self._rendered: dict[tuple[str, str, str, int, Counter], MetaPrompt] = {}

    @property
    def n_wordings(self) -> int:
        return max((len(arm.wordings) for arm in self.arms.values()), default=1)

    def arm(self, name: str) -> Arm:
        """The arm of that name; UsageError names the known ones."""
        if name not in self.arms:
            raise UsageError(f"Unknown arm {name!r}. {self.folder / 'arms.yaml'} has: {', '.join(self.arms)}.")
        return self.arms[name]

    def domain(self, name: str) -> Domain:
        """The domain of that name; UsageError names the known ones."""
        if name not in self.domains:
            raise UsageError(
                f"Unknown domain {name!r}. {self.folder / 'domains.yaml'} has: {', '.join(self.domains)}. "
                "Add it there, or name one of these."
            )
        return self.domains[name]

    def domain_of(self, benchmark: str, subject: str) -> str:
        """The domain of a benchmark's subject: what subjects.yaml says, or the domain of that very name.

        Raises UsageError for a subject that is neither.
        """
        known = self.subjects.get(benchmark, {})
        if subject not in known and subject not in self.domains:
            raise UsageError(
                f"Unknown domain {subject!r} of a document of {benchmark}. {self.folder / 'domains.yaml'} has: "
                f"{', '.join(self.domains)}. Add it there, or say in {self.folder / 'subjects.yaml'}, under `benchmarks: "
                f"{benchmark}:`, which of these it is."
            )
        return known.get(subject, subject)

    def wording_of(self, document: str) -> int:
        """The wording index of a document (by its SHA-256), the same in every arm, run and subset of the data."""
        return _draw("wording", document, self.n_wordings)

    def wrong_domain_of(self, document: str, domain: str) -> str:
        """The wrong domain of a document, fixed by its hash and uniform over the others of its domain's family."""
        others = self._wrong[domain]
        return others[_draw("wrong-domain", document, len(others))]

    def render(self, arm: str, *, domain: str, wrong: str, wording: int, counter: Counter) -> MetaPrompt:
        """The arm's text for a domain pair and a wording index.

        A matched arm takes from its pool the candidate nearest in length to the text of the arm it is matched to, ties
        by pool order.
        """
        memo = (arm, domain, wrong, wording, counter)
        if memo not in self._rendered:
            self._rendered[memo] = self._render(self.arm(arm), domain, wrong, wording, counter)
        return self._rendered[memo]

    def _render(self, arm: Arm, domain: str, wrong: str, wording: int, counter: Counter) -> MetaPrompt:
        if not arm.wordings:
            return MetaPrompt(text="", length=0, unit=counter.unit)
        templates = arm.wordings[wording % len(arm.wordings)]
        if arm.domain == "placebo":
            # The pool starts elsewhere for each wording; else ties would always fall to the same label, and the control
            # would hang on one word.
            start = wording % len(self.placebo)
            labels = self.placebo[start:] + self.placebo[:start]
            candidates = [template.format(tag=label, expert=label) for template in templates for label in labels]
        else:
            words = self.domain(domain if arm.domain == "correct" else wrong)
            candidates = [template.format(tag=words.tag, expert=words.expert) for template in templates]
        lengths = [counter.count(text) for text in candidates]
        best = 0
        if arm.match is not None:
            target = self.render(arm.match, domain=domain, wrong=wrong, wording=wording, counter=counter).length
            best = min(range(len(candidates)), key=lambda i: abs(lengths[i] - target))
        return MetaPrompt(text=candidates[best], length=lengths[best], unit=counter.unit)


def data_folder(name: str) -> Path:
    """Where `tasks`, `prompts` or `configs` lies: inside an installed wheel, or at the root of a checkout."""
    package = Path(str(resources.files("ride_eval")))
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise UsageError(f"ride_eval's own {name}/ folder is missing beside {package}. Install the package again.")


def _draw(purpose: str, document: str, n: int) -> int:
    digest = hashlib.sha256(f"{purpose}:{document}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % n


def _wrong_domains(domain: str, domains: Mapping[str, Domain]) -> list[str]:
    own = domains[domain]
    return [
        name
        for name, other in domains.items()
        if other.family == own.family and name != domain and name not in own.near and domain not in other.near
    ]


def _read_domains(root: Located) -> dict[str, Domain]:
    domains = {}
    for name, node in root.get("domains").entries():
        node.allow("tag", "expert", "keywords", "near")
        near = frozenset(item.as_str() for item in node.get("near").items()) if node.has("near") else frozenset()
        domains[name] = Domain(
            name=name,
            tag=node.get("tag").as_str(),
            expert=node.get("expert").as_str(),
            keywords=tuple(item.as_str().lower() for item in node.get("keywords").items()),
            family=root.file.stem,
            near=near,
        )
    for name, node in root.get("domains").entries():
        if unknown := sorted(domains[name].near - set(domains)):
            raise node.get("near").error(f"names {', '.join(unknown)}, which this file does not have")
        if len(domains) < 2:
            raise root.get("domains").error("needs at least two domains, so that a wrong one exists")
        if not _wrong_domains(name, domains):
            raise node.error("has no other domain in this file that is not near it, so there is no wrong one")
    return domains


def _read_subjects(root: Located, domains: dict[str, Domain]) -> Mapping[str, Mapping[str, str]]:
    """Adds the file's domains to those there (which stay, where both have one), and returns the domain of every subject."""
    root.allow("version", "domains", "benchmarks")
    if root.has("domains"):
        domains |= {name: domain for name, domain in _read_domains(root).items() if name not in domains}
    subjects: dict[str, dict[str, str]] = {}
    for benchmark, node in root.get("benchmarks").entries():
        subjects[benchmark] = {subject: value.as_str() for subject, value in node.entries()}
        for subject, value in node.entries():
            if subjects[benchmark][subject] not in domains:
                raise value.error(f"must be one of the domains {', '.join(domains)}, got {subjects[benchmark][subject]!r}")
    return subjects


def _read_arms(root: Located) -> Mapping[str, Arm]:
    nodes = dict(root.entries())
    arms = {name: _read_arm(name, node, nodes) for name, node in nodes.items()}
    missing = [name for name in STANDARD_ARMS if name not in arms]
    if missing:
        raise root.error(f"lacks the standard arms {', '.join(missing)}: tokens are aligned over all seven")
    usual = mode(len(arm.wordings) for arm in arms.values() if arm.wordings)
    for name, arm in arms.items():
        if arm.wordings and len(arm.wordings) != usual:
            raise nodes[name].error(
                f"has {len(arm.wordings)} wordings, and most arms have {usual}: they are index-matched, so all need as many"
            )
    if usual < MIN_WORDINGS:
        raise root.error(f"has {usual} wordings an arm; at least {MIN_WORDINGS} are needed to see wording noise")
    for name, arm in arms.items():
        if arm.match is not None and (arm.match not in arms or arms[arm.match].match is not None):
            raise nodes[name].get("match").error(f"must name an arm that is not matched itself, got {arm.match!r}")
    return arms


def _read_arm(name: str, node: Located, nodes: Mapping[str, Located]) -> Arm:
    node.allow("wordings", "pools", "like", "domain", "match")
    sources = [key for key in ("wordings", "pools", "like") if node.has(key)]
    if name == "none":
        if sources:
            raise node.error("`none` is the harness's own prompt and takes no text")
        return Arm(name=name, wordings=())
    if len(sources) != 1:
        raise node.error(f"needs exactly one of `wordings`, `pools`, `like`; has {sources or 'none of them'}")
    source = node
    if node.has("like"):
        like = node.get("like").as_str()
        if like not in nodes or nodes[like].has("like"):
            raise node.get("like").error(f"must name an arm with wordings of its own, got {like!r}")
        source = nodes[like]
    role: DomainRole = "correct"
    if node.has("domain"):
        given = node.get("domain").as_str()
        if given not in ("correct", "wrong", "placebo"):
            raise node.get("domain").error(f"must be correct, wrong or placebo, got {given!r}")
        role = given  # type: ignore[assignment]
    match = node.get("match").as_str() if node.has("match") else None
    return Arm(name=name, wordings=_read_wordings(source), domain=role, match=match)


def _read_wordings(node: Located) -> tuple[tuple[str, ...], ...]:
    if node.has("pools"):
        return tuple(tuple(_template(item) for item in pool.items()) for pool in node.get("pools").items())
    return tuple((_template(item),) for item in node.get("wordings").items())


def _template(node: Located) -> str:
    text = node.as_str()
    try:
        fields = [part for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise node.error(f"is not a valid template ({error}); write a literal brace twice") from None
    for _, name, spec, conversion in fields:
        if name not in ("tag", "expert") or spec or conversion:
            given = f"{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}"
            raise node.error(f"may use only {{tag}} and {{expert}}, got {{{given}}}; write a literal brace twice")
    return text
