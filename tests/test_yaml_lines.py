"""Files in prompts/ are edited by hand: each mistake is met with its file, line and key, not with a traceback or silence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ride_eval.arms import WORDS, Prompts
from ride_eval.errors import PromptFileError
from ride_eval.yaml_lines import MAX_BYTES, load_located

ARMS = """\
separator: " "
arms:
  none: {}
  tag: {wordings: ["a {tag}", "b {tag}", "c {tag}", "d {tag}", "e {tag}"]}
  tag_wrong: {like: tag, domain: wrong}
  tag_placebo: {like: tag, domain: placebo, match: tag}
  expert:
    wordings: ["f {expert}", "g {expert}", "h {expert}", "i {expert}", "j {expert}"]
  expert_wrong: {like: expert, domain: wrong}
  filler: {match: expert, pools: [[k], [l, m n], [o], [p], [q]]}
placebo: [x, y z]
"""
DOMAINS = """\
domains:
  math: {tag: sums, expert: sums, keywords: [many, how much]}
  law:
    tag: law
    expert: law
    keywords: [court]
"""


def prompts(folder: Path, arms: str = ARMS, domains: str = DOMAINS) -> Prompts:
    (folder / "arms.yaml").write_text(arms, encoding="utf-8")
    (folder / "domains.yaml").write_text(domains, encoding="utf-8")
    return Prompts(folder)


def test_the_text_the_mistakes_are_made_in_is_valid(tmp_path: Path) -> None:
    made = prompts(tmp_path)
    assert made.n_wordings == 5
    assert made.render("tag_placebo", domain="math", wrong="law", wording=0, counter=WORDS).text == "a x"
    assert made.separator == " ", "white space is the separator's content"


MISTAKES = {
    "unknown key of an arm": ("tag_wrong: {like", "tag_wrong: {lik", 5, "arms.tag_wrong.lik", "unknown key"),
    "unknown key at top level": ("placebo: [", "placebos: [", 11, "placebos", "unknown key"),
    "duplicate key": ("like: tag, domain: wrong", "like: tag, like: tag", 5, "arms.tag_wrong.like", "appears twice"),
    "duplicate arm": ("tag_wrong: {like", "tag: {like", 5, "arms.tag", "appears twice"),
    "key that is a list": ("  none: {}", "  [none, x]: {}", 3, "arms", "keys must be plain words"),
    "missing key": ("placebo: [x, y z]\n", "", 1, "top level", "lacks the key `placebo`"),
    "arms is a list": ("  none: {}\n", "  - none\n", None, "", "is not valid YAML"),
    "an arm is text": ("none: {}", "none: nothing", 3, "arms.none", "must be a mapping, got 'nothing'"),
    "an arm is nothing": ("none: {}", "none:", 3, "arms.none", "must be a mapping, got nothing"),
    "wordings is text": ('["a {tag}", "b {tag}", "c {tag}", "d {tag}", "e {tag}"]', "abc", 4, "arms.tag.wordings", "a list"),
    "a wording is a list": ('"b {tag}"', "[b]", 4, "arms.tag.wordings[1]", "must be text, got a list"),
    "a wording is null": ('"b {tag}"', "null", 4, "arms.tag.wordings[1]", "must be text"),
    "a wording is blank": ('"b {tag}"', '" "', 4, "arms.tag.wordings[1]", "without white space around it"),
    "a wording with a space behind": ('"b {tag}"', '"b {tag} "', 4, "arms.tag.wordings[1]", "without white space around it"),
    "separator is a mapping": ('separator: " "', "separator: {a: b}", 1, "separator", "must be text, got a mapping"),
    "unknown placeholder": ('"g {expert}"', '"g {topic}"', 8, "arms.expert.wordings[1]", "got {topic}"),
    "placeholder without a name": ('"g {expert}"', '"g {}"', 8, "arms.expert.wordings[1]", "got {}"),
    "placeholder with an attribute": ('"g {expert}"', '"g {expert.x}"', 8, "arms.expert.wordings[1]", "got {expert.x}"),
    "placeholder with a format": ('"g {expert}"', '"g {expert:d}"', 8, "arms.expert.wordings[1]", "got {expert:d}"),
    "placeholder in a format": ('"g {expert}"', '"g {tag:{x}}"', 8, "arms.expert.wordings[1]", "got {tag:{x}}"),
    "placeholder with a conversion": ('"g {expert}"', '"g {expert!x}"', 8, "arms.expert.wordings[1]", "got {expert!x}"),
    "brace left open": ('"g {expert}"', '"g {expert"', 8, "arms.expert.wordings[1]", "not a valid template"),
    "brace left to close": ('"g {expert}"', '"g expert}"', 8, "arms.expert.wordings[1]", "not a valid template"),
    "one arm with fewer wordings": (', "j {expert}"', "", 8, "arms.expert", "has 4 wordings, and most arms have 5"),
    "a pool too few": (", [q]", "", 10, "arms.filler", "has 4 wordings, and most arms have 5"),
    "an empty pool": ("[o]", "[]", 10, "arms.filler.pools[2]", "must not be empty"),
    "missing standard arm": ("  expert_wrong: {like: expert, domain: wrong}\n", "", 3, "arms", "standard arms expert_wrong"),
    "text for none": ("none: {}", "none: {like: tag}", 3, "arms.none", "takes no text"),
    "an arm without text": ("{like: tag, domain: wrong}", "{domain: wrong}", 5, "arms.tag_wrong", "has none of them"),
    "an arm with text twice": ("{like: tag, domain: wrong", "{like: tag, pools: [[a]]", 5, "arms.tag_wrong", "exactly one of"),
    "like an arm that is not there": ("like: tag, domain: wrong", "like: tags", 5, "arms.tag_wrong.like", "got 'tags'"),
    "like an arm like another": ("like: expert", "like: tag_wrong", 9, "arms.expert_wrong.like", "got 'tag_wrong'"),
    "unknown role": ("domain: wrong}\n  tag", "domain: false}\n  tag", 5, "arms.tag_wrong.domain", "got 'false'"),
    "match an arm that is not there": ("match: expert", "match: experts", 10, "arms.filler.match", "got 'experts'"),
    "match a matched arm": ("match: expert", "match: tag_placebo", 10, "arms.filler.match", "got 'tag_placebo'"),
    "no placebo label": ("[x, y z]", "[]", 11, "placebo", "must not be empty"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_arms_yaml_is_named(mistake: str, tmp_path: Path) -> None:
    old, new, line, key, problem = MISTAKES[mistake]
    assert ARMS.count(old) == 1
    with pytest.raises(PromptFileError) as caught:
        prompts(tmp_path, arms=ARMS.replace(old, new))
    place = f"{tmp_path / 'arms.yaml'}, line {line}, {key}: " if line else str(tmp_path / "arms.yaml")
    assert str(caught.value).startswith(place)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "problem"),
    [
        ("keywords: [court]", "keyword: [court]", 6, "domains.law.keyword", "unknown key"),
        ("    keywords: [court]\n", "", 4, "domains.law", "lacks the key `keywords`"),
        ("[court]", "court", 6, "domains.law.keywords", "must be a list, got 'court'"),
        ("[court]", "[]", 6, "domains.law.keywords", "must not be empty"),
        ("tag: law", "tag: [law]", 4, "domains.law.tag", "must be text"),
        (DOMAINS[DOMAINS.index("  law") :], "", 2, "domains", "at least two domains"),
        ("domains:", "domain:", 2, "domain", "unknown key"),
    ],
)
def test_a_mistake_in_domains_yaml_is_named(old: str, new: str, line: int, key: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(PromptFileError, match=re.escape(problem)) as caught:
        prompts(tmp_path, domains=DOMAINS.replace(old, new))
    assert str(caught.value).startswith(f"{tmp_path / 'domains.yaml'}, line {line}, {key}: ")


def test_too_few_wordings_to_see_wording_noise_are_refused(tmp_path: Path) -> None:
    four = ARMS.replace(', "e {tag}"', "").replace(', "j {expert}"', "").replace(", [q]", "")
    with pytest.raises(PromptFileError, match=r"line 3, arms: has 4 wordings an arm; at least 5"):
        prompts(tmp_path, arms=four)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\xff\xfe", "is not valid YAML"),
        (b"a: b\x00c\n", "is not valid YAML"),
        (b"arms: [\n", "is not valid YAML"),
        (b"arms: *nowhere\n", "is not valid YAML"),
        (b"a: 1\n---\nb: 2\n", "is not valid YAML"),
        (b"[" * 100_000, "is not valid YAML"),
        (b"- a\n- b\n", "top level: must be a mapping, got a list"),
        (b"just words\n", "top level: must be a mapping, got 'just words'"),
        (b"# padding\n" * (MAX_BYTES // 10 + 1), f"is longer than {MAX_BYTES:,} bytes"),
    ],
    ids=["empty", "comment", "binary", "null byte", "open list", "alias", "two documents", "deep", "list", "words", "oversize"],
)
def test_a_file_that_is_no_mapping_is_refused(content: bytes, problem: str, tmp_path: Path) -> None:
    prompts(tmp_path)
    (tmp_path / "arms.yaml").write_bytes(content)
    with pytest.raises(PromptFileError, match=re.escape(problem)) as caught:
        Prompts(tmp_path)
    assert str(tmp_path / "arms.yaml") in str(caught.value)
    assert len(str(caught.value)) < 500, "one sentence, not the file"


@pytest.mark.parametrize("name", ["arms.yaml", "domains.yaml"])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    prompts(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(PromptFileError, match=f"Cannot read .*{re.escape(name)}: No such file"):
        Prompts(tmp_path)


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "arms.yaml").mkdir()
    with pytest.raises(PromptFileError, match=r"Cannot read .*arms\.yaml: Is a directory"):
        Prompts(tmp_path)


def test_values_are_text_as_written(tmp_path: Path) -> None:
    """YAML 1.1 reads `no` as false and `1e3` as a number; a tag or keyword means the word."""
    file = tmp_path / "words.yaml"
    file.write_text("words: [no, 1e3, 0x10, ~x, '007']\n")
    assert [item.as_str() for item in load_located(file).get("words").items()] == ["no", "1e3", "0x10", "~x", "007"]
