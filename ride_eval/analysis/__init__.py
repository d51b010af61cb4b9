"""The reading half's statistics: frames of a run directory in, findings out. Neither torch nor lm_eval is imported here."""
