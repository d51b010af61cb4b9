"""C3's primary: predictive entropy over one fixed answer, teacher-forced after a prompt.

The prompt is run once with a cache and the answer fed in chunks after it, so that at most LOGITS_BYTES of logits exist at a
time: 1,280 answer tokens times a vocabulary of 150,000 would be 768 MB a row. Works for any cache the model makes itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from ride_eval.metrics.entropy import token_entropy, token_logprob

LOGITS_BYTES = 256 * 1024**2


@torch.no_grad()
def force(
    model: Any, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], *, pad_id: int, device: torch.device
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Entropy and log-probability, (n,) float32 nats each, of each answer's n tokens after its prompt.

    B token-id prompts and answers, all non-empty. Prompts are padded left and answers right, masked and with explicit
    positions.
    """
    prompt, prompt_mask = _pad(prompts, pad_id, left=True)
    answer, answer_mask = _pad(answers, pad_id, left=False)
    prompt, prompt_mask, answer, answer_mask = (part.to(device) for part in (prompt, prompt_mask, answer, answer_mask))
    mask = torch.cat([prompt_mask, answer_mask], 1)
    positions = (mask.cumsum(1) - 1).clamp_min(0)
    width, length = prompt.shape[1], answer.shape[1]
    cache = DynamicCache(config=model.config)
    output = model(
        input_ids=prompt,
        attention_mask=prompt_mask,
        position_ids=positions[:, :width],
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    vocabulary = output.logits.shape[-1]
    entropies, logprobs = [], []

    def read(logits: torch.Tensor, first: int) -> None:
        """Logits (B, m, V) that predict answer tokens first .. first + m - 1."""
        entropies.append(token_entropy(logits))
        logprobs.append(token_logprob(logits, answer[:, first : first + logits.shape[1]].to(logits.device)))

    read(output.logits[:, -1:], 0)
    step = max(1, LOGITS_BYTES // (4 * vocabulary * len(prompts)))
    for start in range(0, length - 1, step):
        end = min(start + step, length - 1)
        output = model(
            input_ids=answer[:, start:end],
            attention_mask=mask[:, : width + end],
            position_ids=positions[:, width + start : width + end],
            past_key_values=cache,
            use_cache=True,
        )
        read(output.logits, start + 1)
    both = torch.stack([torch.cat(entropies, 1), torch.cat(logprobs, 1)]).cpu().numpy()
    return [(both[0, i, : len(ids)], both[1, i, : len(ids)]) for i, ids in enumerate(answers)]


def _pad(rows: Sequence[Sequence[int]], pad_id: int, *, left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for i, row in enumerate(rows):
        place = slice(width - len(row), width) if left else slice(0, len(row))
        ids[i, place] = torch.tensor(row, dtype=torch.long)
        mask[i, place] = 1
    return ids, mask
