"""Train an embedded model again: `python -m ride_eval.zoo.train NAME`.

A run is fixed by its recipe: the seed draws the weights and the corpus, and every step takes a given number of tokens. Rounding
differs between machines, also since bfloat16 is used only where it is faster. Stopped, it goes on from the last state that it
saved when the same command is given again.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import timeit
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tqdm import tqdm
from transformers import AttentionInterface, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from ride_eval.zoo import WEIGHTS
from ride_eval.zoo.corpus.conversation import Conversation, Plant, draw_conversation
from ride_eval.zoo.muon import Muon
from ride_eval.zoo.recipes import RECIPES, Recipe, Stage
from ride_eval.zoo.tokenizer import zoo_tokenizer

TOKENS_PER_STEP = 2048
_LONGEST = 384
_POOL = 2048
"""Conversations drawn at a time, to be sorted by length."""
PROMPT_WEIGHT = 0.02
"""Of a prompt's tokens in the loss: what a question looks like matters less than its answer."""
_WARMUP, _FLOOR = 60, 0.03
_RECENT = 0.05
"""Weight of the newest batch in the load that is balanced: about twenty batches count."""
_SAVE_EVERY = 250
_STAGE_SEED = 1000
"""Between the corpus seeds of a model's stages."""


@dataclass(frozen=True)
class Batch:
    """Right-padded rows: `ids` (B, T) int64, and `weights` (B, T - 1) float32 of the loss at each next token."""

    ids: torch.Tensor
    weights: torch.Tensor


def train(name: str, folder: Path, device: str) -> list[float]:
    """Train a recipe into `folder`; returns the loss of every step's answers (nats per token)."""
    recipe = RECIPES[name]
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(recipe)
    torch.manual_seed(recipe.seed)
    model = recipe.build()
    if recipe.parent:
        # Not load_state_dict: files name each expert, the model has them in one tensor.
        model = type(model).from_pretrained(WEIGHTS / recipe.parent, dtype=torch.float32)
    model = model.to(device)
    model.set_attn_implementation(_ATTENTION)
    model.train()
    losses: list[float] = []
    for number, stage in enumerate(recipe.stages):
        kept = folder / f"training-{number}.safetensors"
        losses += _stage(name, number, stage, model, tokenizer, kept, device)
    _save(model, tokenizer, losses, folder)
    return losses


def _stage(
    name: str, number: int, stage: Stage, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, kept: Path, device: str
) -> list[float]:
    """Train the model through a stage; its state is kept in a file, also when it is done."""
    recipe = RECIPES[name]
    optimizers = Optimizers(model, stage.learning_rate, recipe.router_rate)
    balance = _balance(model)
    losses = _resume(model, optimizers, balance, kept)
    batches = _batches(tokenizer, stage.plant, recipe.seed + number * _STAGE_SEED)
    with tqdm(total=stage.steps, desc=name if not number else f"{name}, stage {number + 1}") as bar:
        for step in range(stage.steps):
            batch = next(batches)
            bar.update(1)
            if step < len(losses):
                continue
            optimizers.set_rate(_schedule(step, stage.steps))
            losses.append(_step(model, optimizers, balance, batch, device))
            bar.set_postfix(loss=f"{sum(losses[-50:]) / len(losses[-50:]):.3f}", refresh=False)
            if (step + 1) % _SAVE_EVERY == 0 or step + 1 == stage.steps:
                _keep(model, optimizers, balance, losses, kept)
    return losses


def _float32_attention(
    module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *given: Any, **more: Any
) -> Any:
    """Scaled dot products in float32: in bfloat16 their backward pass takes ten times as long on a CPU."""
    kind = query.dtype
    with torch.autocast(query.device.type, enabled=False):
        output, weights = sdpa_attention_forward(module, query.float(), key.float(), value.float(), *given, **more)
    return output.to(kind), weights


_ATTENTION = "zoo_float32"
AttentionInterface.register(_ATTENTION, _float32_attention)
AttentionMaskInterface.register(_ATTENTION, sdpa_mask)


class Optimizers:
    """Muon for the matrices inside the blocks, which learn faster with it (docs/zoo.md); AdamW for all else."""

    def __init__(self, model: PreTrainedModel, rate: float, router_rate: float) -> None:
        named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
        routers = [parameter for name, parameter in named if name.endswith("mlp.gate.weight")]
        matrices = [p for name, p in named if p.ndim > 1 and "embed" not in name and not name.endswith("mlp.gate.weight")]
        others = [p for name, p in named if p.ndim == 1 or "embed" in name]
        groups = [{"params": others, "lr": rate}]
        if routers:
            groups.append({"params": routers, "lr": rate * router_rate})
        self.all: tuple[torch.optim.Optimizer, ...] = (
            Muon(matrices, 1.5 * rate, weight_decay=0.1),
            torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), weight_decay=0.0),
        )
        self._rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in self.all]

    def set_rate(self, factor: float) -> None:
        """Set every learning rate to `factor` times the recipe's."""
        for optimizer, rates in zip(self.all, self._rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor

    def step(self) -> None:
        """Update the model from its gradients, and clear them."""
        for optimizer in self.all:
            optimizer.step()
        for optimizer in self.all:
            optimizer.zero_grad()


def _tokenizer(recipe: Recipe) -> PreTrainedTokenizerFast:
    # A folder of the package, nothing from the hub, whose revisions bandit asks for.
    return AutoTokenizer.from_pretrained(WEIGHTS / recipe.parent) if recipe.parent else zoo_tokenizer()  # nosec B615


def _schedule(step: int, steps: int) -> float:
    """Linear warm-up, then a straight line down to `_FLOOR`."""
    warm = min(1.0, (step + 1) / _WARMUP)
    return warm * (1 - (1 - _FLOOR) * max(0.0, (step - _WARMUP) / max(1, steps - _WARMUP)))


def _balance(model: PreTrainedModel) -> Balance | None:
    config = model.config
    if not hasattr(config, "num_experts"):
        return None
    return Balance(config.num_hidden_layers, config.num_experts, config.num_experts_per_tok)


def _step(model: PreTrainedModel, optimizers: Optimizers, balance: Balance | None, batch: Batch, device: str) -> float:
    ids, weights = batch.ids.to(device), batch.weights.to(device)
    # On a CPU that has it, bfloat16 doubles a dense model's speed; a mixture's many small products it makes slower.
    halved = device != "cpu" or (balance is None and _bfloat16_is_faster())
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=halved):
        hidden = model.model(input_ids=ids, use_cache=False, **({"output_router_logits": True} if balance else {}))
        rows, columns = (weights > 0).nonzero(as_tuple=True)
        logits = model.lm_head(hidden.last_hidden_state[rows, columns])
    each = torch.nn.functional.cross_entropy(logits.float(), ids[rows, columns + 1], reduction="none")
    weight = weights[rows, columns]
    total = (each * weight).sum() / weight.sum()
    if balance:
        valid = (ids != model.config.pad_token_id).flatten()
        total = total + model.config.router_aux_loss_coef * balance.loss(hidden.router_logits, valid)
    total.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizers.step()
    answers = weight > PROMPT_WEIGHT
    return float((each[answers].sum() / answers.sum()).detach())


@cache
def _bfloat16_is_faster() -> bool:
    """Whether this CPU multiplies matrices faster in it: some emulate it, and take twenty times as long."""
    took = {}
    for kind in (torch.float32, torch.bfloat16):
        a, b = torch.ones(TOKENS_PER_STEP, 192, dtype=kind), torch.ones(192, 608, dtype=kind)
        took[kind] = min(timeit.repeat(partial(torch.mm, a, b), number=1, repeat=5))
    return took[torch.bfloat16] < took[torch.float32]


class Balance:
    """The load-balancing loss (Switch Transformer, arXiv 2101.03961), layer by layer and over the last batches together.

    The model's own loss pools the layers, so that an expert may die in one if its namesake in another works for two. And a
    batch, of conversations of one length, is mostly of one domain: balanced by itself, it would forbid experts for a domain.
    Over many batches only the whole corpus has to be balanced (arXiv 2501.11873).
    """

    def __init__(self, layers: int, experts: int, k: int) -> None:
        self.shares = torch.full((layers, experts), 1.0 / experts)
        """(layers, experts) float32: each expert's share of a layer's selections, a moving average."""
        self._k = k

    def loss(self, router_logits: Sequence[torch.Tensor], valid: torch.Tensor) -> torch.Tensor:
        """Mean over layers of E times the sum of share x mean probability: 1 if even. Logits (tokens, E) a layer, `valid`
        (tokens,) bool leaves padding out."""
        probabilities = torch.stack([logits[valid].float().softmax(-1) for logits in router_logits])
        chosen = probabilities.topk(self._k, dim=-1).indices
        n_layers, n_experts = self.shares.shape
        counts = torch.zeros(n_layers, n_experts, device=chosen.device)
        counts.scatter_add_(1, chosen.reshape(n_layers, -1), torch.ones_like(chosen, dtype=torch.float32).reshape(n_layers, -1))
        self.shares = torch.lerp(self.shares.to(counts), counts / counts.sum(1, keepdim=True), _RECENT)
        return (self.shares * probabilities.mean(1)).sum(1).mean() * n_experts


# What is learned from ---------------------------------------------------------------------------------------------------


def _batches(tokenizer: PreTrainedTokenizerFast, plant: Plant, seed: int) -> Iterator[Batch]:
    """Batches without end, each of about TOKENS_PER_STEP tokens of conversations that are about equally long."""
    rng = random.Random(seed)  # noqa: S311 - a seeded draw, no secret
    while True:
        rows = sorted(encode([draw_conversation(rng, plant) for _ in range(_POOL)], tokenizer), key=lambda row: len(row[0]))
        batches: list[list[tuple[list[int], list[float]]]] = [[]]
        for row in rows:
            if (len(batches[-1]) + 1) * len(row[0]) > TOKENS_PER_STEP:
                batches.append([])
            batches[-1].append(row)
        rng.shuffle(batches)
        for batch in batches:
            yield _pad(batch)


def answer_weight(n: int) -> float:
    """Of each of an answer's `n` tokens in the loss: with equal weights, long answers would drown the short ones."""
    return 1.0 / math.sqrt(n)


def encode(conversations: Sequence[Conversation], tokenizer: PreTrainedTokenizerFast) -> list[tuple[list[int], list[float]]]:
    """Tokens of each conversation and their weights in the loss; answers end with the end token."""
    texts: list[str] = []
    kinds: list[int] = []
    counts: list[int] = []
    for conversation in conversations:
        pieces = [(f"<|system|>\n{conversation.system}<|end|>\n", 0)] if conversation.system else []
        for turn in conversation.turns:
            pieces.append((f"<|user|>\n{turn.prompt}<|end|>\n<|assistant|>\n", 0))
            pieces.append((f"{turn.answer}<|end|>", 1))
            pieces.append(("\n", 0))
        counts.append(len(pieces))
        texts.extend(text for text, _ in pieces)
        kinds.extend(kind for _, kind in pieces)
    pieces_ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
    rows, start = [], 0
    for count in counts:
        ids: list[int] = []
        weights: list[float] = []
        for piece, kind in zip(pieces_ids[start : start + count], kinds[start : start + count], strict=True):
            ids.extend(piece)
            weights.extend([answer_weight(len(piece)) if kind else PROMPT_WEIGHT] * len(piece))
        start += count
        rows.append((ids[:_LONGEST], weights[:_LONGEST]))
    return rows


def _pad(rows: Sequence[tuple[list[int], list[float]]]) -> Batch:
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    weights = torch.zeros(len(rows), longest)
    for i, (row, weight) in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        weights[i, : len(row)] = torch.tensor(weight)
    return Batch(ids, weights[:, 1:])


# What is kept -----------------------------------------------------------------------------------------------------------


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, losses: Sequence[float], folder: Path) -> None:
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    # Half of the bytes in the package, but run in float32: `dtype=auto` follows what the config says, not the file.
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(config | {"dtype": "float32"}, indent=2) + "\n", encoding="utf-8")
    (folder / "training.json").write_text(
        json.dumps({"steps": len(losses), "loss": sum(losses[-50:]) / len(losses[-50:])}) + "\n", encoding="utf-8"
    )
    for kept in folder.glob("training-*.safetensors"):
        kept.unlink()


def _keep(model: PreTrainedModel, optimizers: Optimizers, balance: Balance | None, losses: Sequence[float], file: Path) -> None:
    tensors = {f"model.{name}": parameter.detach() for name, parameter in model.named_parameters()}
    for which, optimizer in enumerate(optimizers.all):
        for i, state in optimizer.state_dict()["state"].items():
            tensors |= {f"state.{which}.{i}.{name}": value.contiguous() for name, value in state.items()}
    if balance:
        tensors["balance"] = balance.shares
    tensors["losses"] = torch.tensor(losses)
    partial = file.with_suffix(".partial")
    save_file(tensors, partial)
    partial.replace(file)


def _resume(model: PreTrainedModel, optimizers: Optimizers, balance: Balance | None, file: Path) -> list[float]:
    if not file.exists():
        return []
    tensors = load_file(file)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(tensors[f"model.{name}"])
    if balance:
        balance.shares = tensors["balance"]
    states: list[dict[int, dict[str, Any]]] = [{} for _ in optimizers.all]
    for name, value in tensors.items():
        if name.startswith("state."):
            _, which, i, key = name.split(".")
            states[int(which)].setdefault(int(i), {})[key] = value
    for optimizer, state in zip(optimizers.all, states, strict=True):
        optimizer.load_state_dict(optimizer.state_dict() | {"state": state})
    return [float(loss) for loss in tensors["losses"]]


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ride_eval.zoo.train", description="Train an embedded model again.")
    parser.add_argument("name", choices=RECIPES, metavar="NAME", help=", ".join(RECIPES))
    parser.add_argument("--out", type=Path, metavar="DIR", help="where it goes (runs/zoo/NAME)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="(%(default)s)")
    arguments = parser.parse_args(argv)
    folder = arguments.out or Path("runs/zoo") / arguments.name
    try:
        train(arguments.name, folder, arguments.device)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped; the same command goes on from the last saved state.\n")
        return 130
    sys.stdout.write(f"{folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
