"""Probes: one file per signal, each reducing inside its hook on the layer's own device."""
