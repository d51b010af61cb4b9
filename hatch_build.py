"""Editable installs get the start-up bridge too; tasks, prompts and configs are read from the checkout instead of copied."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BridgeHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            build_data["force_include_editable"] = {"bridge/ride_eval_bridge.pth": "ride_eval_bridge.pth"}
