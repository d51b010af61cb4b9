"""Muon: against torch's, which iterates in bfloat16, and against singular values."""

from __future__ import annotations

import torch

from ride_eval.zoo.muon import Muon, orthogonal

SHAPES = ((24, 40), (40, 24), (3, 24, 40), (24, 40))


def parameters() -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def test_several_steps_are_torchs() -> None:
    """As near as bfloat16 lets torch's be: an update's direction within a cosine of 0.999, its size within 2 %."""
    ours = parameters()
    stacked = [[torch.nn.Parameter(matrix.detach().clone()) for matrix in p.reshape(-1, *p.shape[-2:])] for p in ours]
    theirs = [matrix for matrices in stacked for matrix in matrices]
    one = Muon(ours, 0.01, weight_decay=0.1)
    other = torch.optim.Muon(theirs, lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        before = [p.detach().clone() for p in ours]
        for p, matrices in zip(ours, stacked, strict=True):
            p.grad = torch.randn(p.shape, generator=generator)
            for matrix, gradient in zip(matrices, p.grad.reshape(-1, *p.shape[-2:]), strict=True):
                matrix.grad = gradient.clone()
        starts = [matrix.detach().clone() for matrix in theirs]
        one.step()
        other.step()
        moved = [a for p, start in zip(ours, before, strict=True) for a in (p.detach() - start).reshape(-1, *p.shape[-2:])]
        for a, matrix, start in zip(moved, theirs, starts, strict=True):
            b = matrix.detach() - start
            assert torch.cosine_similarity(a.flatten(), b.flatten(), dim=0) > 0.999
            assert abs(float(a.norm() / b.norm()) - 1) < 0.02


def test_singular_vectors_stay_and_values_become_about_one() -> None:
    x = torch.randn(5, 16, 30, generator=torch.Generator().manual_seed(2))
    u, _, v = torch.linalg.svd(x, full_matrices=False)
    for found in (orthogonal(x), orthogonal(x.mT).mT):
        core = u.mT @ found @ v.mT
        values = core.diagonal(dim1=1, dim2=2)
        assert (core - torch.diag_embed(values)).abs().max() < 1e-4
        assert values.min() > 0.6 and values.max() < 1.3


def test_what_has_no_gradient_stays() -> None:
    first, second = parameters()[:2]
    kept = second.detach().clone()
    first.grad = torch.ones_like(first)
    Muon([first, second], 0.01, weight_decay=0.1).step()
    assert torch.equal(second, kept)
