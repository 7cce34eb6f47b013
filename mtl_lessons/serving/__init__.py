"""Chapter 9, second page: what a trained model meets in service.

- `calls`: ways of calling one model, and what each costs;
- `quantise`: tables in 8, 4 and 2 bits;
- `retrieval`: which fusions of heads one index can serve;
- `drift`: who sees that a head is off, and what repairs it;
- `warm`: a new head, distillation, a second epoch (with `nets`, several small
  rankers trained side by side);
- `versions`, `server`, `load`: chapter 6's model behind HTTP, and its load test.

Each is imported by its own name; this package imports none of them.
"""
