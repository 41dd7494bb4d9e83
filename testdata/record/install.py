"""Installs each library into a directory of its own, outside the tree, at the versions that its lock file names."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("TAILWISE_RECORD_CACHE", "~/.cache/tailwise-record")).expanduser()
NODE = "node22"  # the directory under js that brings Node itself, as some libraries want a newer one than is common


def libraries():
    """The libraries by name, each with its language's directory."""
    return {p.parent.name: p.parent.parent.name for p in HERE.glob("*/*/manifest.json")}


class Library:
    """One library: its program and manifest in the tree, its packages in the cache."""

    def __init__(self, name, latest=False):
        self.name, self.latest = name, latest
        self.language = {"py": "python", "js": "javascript"}[libraries()[name]]
        self.source = HERE / libraries()[name] / name
        self.manifest = json.loads((self.source / "manifest.json").read_text())
        self.directory = CACHE / ("latest" if latest else "locked") / name
        self.python = self.language == "python"

    def prepare(self):
        """Installs the packages, unless that was done for this lock file before, and copies Node programs to them."""
        lock = self.source / ("requirements.lock" if self.python else "package-lock.json")
        want = self.source / ("requirements.in" if self.python else "package.json") if self.latest else lock
        stamp = self.directory / "installed"
        if not stamp.exists() or stamp.read_text() != want.read_text():
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory.mkdir(parents=True)
            self.install_python(want) if self.python else self.install_node()
            stamp.write_text(want.read_text())
        if not self.python:
            for program in [*self.source.parent.glob("*.mjs"), *self.source.glob("*.mjs")]:
                shutil.copy(program, self.directory)
            node()

    def install_python(self, requirements):
        venv = self.directory / "venv"
        run(sys.executable, "-m", "uv", "venv", "-q", "--python", sys.executable, venv)
        run(sys.executable, "-m", "uv", "pip", "install", "-q", "--python", venv / "bin/python", "-r", requirements)

    def install_node(self):
        install_node(self.source, self.directory, self.latest)

    def command(self):
        if self.python:
            return [self.directory / "venv/bin/python", self.source / "main.py"]
        return [node(), *self.manifest.get("node_options", []), self.directory / "main.mjs"]

    def env(self):
        more = {"PYTHONPATH": str(self.source.parent), "PYTHONPYCACHEPREFIX": str(CACHE / "pycache")} if self.python else {}
        return more | self.manifest.get("env", {})

    def versions(self):
        """The versions of the packages that the library's own list names."""
        if self.python:
            wanted = {canonical(line) for line in (self.source / "requirements.in").read_text().split()}
            freeze = run(sys.executable, "-m", "uv", "pip", "freeze", "--python", self.directory / "venv/bin/python")
            found = dict(line.split("==") for line in freeze.split() if "==" in line)
            return {n: v for n, v in sorted(found.items()) if canonical(n) in wanted}
        packages = json.loads((self.source / "package.json").read_text())["dependencies"]
        manifests = {n: self.directory / "node_modules" / n / "package.json" for n in sorted(packages)}
        return {n: json.loads(p.read_text())["version"] for n, p in manifests.items()}


def canonical(requirement):
    return re.split(r"[\[<>=~!]", requirement)[0].lower().replace("_", "-")


def install_node(source, directory, latest=False):
    for name in ("package.json",) if latest else ("package.json", "package-lock.json"):
        shutil.copy(source / name, directory)
    run("npm", "install" if latest else "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=directory)


def node():
    """The Node that the programs run with, installed on first use."""
    directory = CACHE / NODE
    found = list(directory.glob("node_modules/node-*/bin/node"))
    if not found:
        directory.mkdir(parents=True, exist_ok=True)
        install_node(HERE / "js" / NODE, directory)
        found = list(directory.glob("node_modules/node-*/bin/node"))
    return found[0]


def run(*command, cwd=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr[-2000:]}{done.stdout[-500:]}")
    return done.stdout
