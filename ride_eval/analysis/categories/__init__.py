"""Routing signatures: do the experts that a prompt's tokens go to reveal what kind of task it is? (MOE-XRAY, 2603.11114)"""
