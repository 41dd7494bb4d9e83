"""As otel-openai, with the newest conventions, to which the instrumentation is switched by the environment."""

import pathlib
import runpy

runpy.run_path(str(pathlib.Path(__file__).parents[1] / "otel-openai" / "main.py"))
