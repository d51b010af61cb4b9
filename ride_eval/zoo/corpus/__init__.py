"""The text that the embedded models learn: questions of six domains, prefixes, answers in two styles. All from seeds."""
