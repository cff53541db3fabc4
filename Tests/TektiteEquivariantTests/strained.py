"""Edges of a structure as torch tensors under strain, and what energies of atoms give by autograd. The makers of SevenNet's and NequIP's fixtures use it: both codes take
vectors from the centre, edge_index[0], to the neighbour, edge_index[1]."""

import torch

from structures import edges


class Strained:
    """Double precision; the cell may be none."""

    def __init__(self, s, cutoff):
        found = edges(s, cutoff)
        self.index = torch.tensor([[e[0] for e in found], [e[1] for e in found]], dtype=torch.int64).reshape(2, -1)
        shifts = torch.tensor([e[2:] for e in found], dtype=torch.float64).reshape(-1, 3)
        cell = torch.zeros(3, 3, dtype=torch.float64) if s["cell"] is None else torch.tensor(s["cell"], dtype=torch.float64)
        self.positions = torch.tensor(s["positions"], dtype=torch.float64, requires_grad=True)
        self.strain = torch.zeros(3, 3, dtype=torch.float64, requires_grad=True)
        vectors = self.positions[self.index[1]] - self.positions[self.index[0]] + shifts @ cell
        self.vectors = vectors + vectors @ (0.5 * (self.strain + self.strain.T))

    def result(self, energies):
        """Energy, energies of atoms, forces and virial, as fixtures hold them."""
        assert energies.dtype == torch.float64
        gradient, stretch = torch.autograd.grad(energies.sum(), [self.positions, self.strain], materialize_grads=True)
        return {
            "energy": energies.sum().item(), "node_energies": energies.tolist(), "forces": (-gradient).reshape(-1).tolist(),
            "virial": (-stretch).reshape(-1).tolist(),
        }
