"""Records what instrumentation libraries export: see README.md, and record.sh, which runs this."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import collector
import drift
import install
import provider
import scripts
import table
import tidy
import truth

HERE = pathlib.Path(__file__).resolve().parent
RECORDINGS = HERE.parent / "recordings"
CLIENT_SECONDS = 90


def main():
    args = parse_args()
    if args.table:
        return table.print_table(RECORDINGS)
    names = args.libraries or sorted(install.libraries())
    with tempfile.TemporaryDirectory(prefix="tailwise-recordings-") as elsewhere:
        out = pathlib.Path(elsewhere) if args.check else RECORDINGS
        failed = record_all(names, out, args)
        drifted = drift.report(RECORDINGS, out, names, args.scenario) if args.check else False
    for name, scenario, why in failed:
        print(f"{name} {scenario}: {why}", file=sys.stderr)
    sys.exit(1 if failed or drifted else 0)


def record_all(names, out, args):
    """Records the libraries into out; returns [(library, scenario, why)] of what failed."""
    servers = Servers()
    failed = []
    for name in names:
        failed += record(servers, name, out, args)
    servers.close()
    return failed


def parse_args():
    parser = argparse.ArgumentParser(prog="record.sh", description="Record what instrumentation libraries export.")
    parser.add_argument("libraries", nargs="*", help="directories under py and js; all by default")
    parser.add_argument("--check", action="store_true", help="record elsewhere and show how names and keys differ")
    parser.add_argument("--latest", action="store_true", help="with --check: newest libraries instead of the locked ones")
    parser.add_argument("--table", action="store_true", help="record nothing, print what is recorded as README.md's table")
    parser.add_argument("--scenario", action="append", help="only these scenarios")
    args = parser.parse_args()
    if args.latest and not args.check:
        parser.error("--latest needs --check: recordings are of the locked versions")
    return args


class Servers:
    """The provider and the collector, for the whole run."""

    def __init__(self):
        self.provider, self.collector = provider.Provider(), collector.Collector()
        self.ports = {self.provider.port: 8080, self.collector.port: 4318}

    def close(self):
        self.provider.close()
        self.collector.close()


def record(servers, name, out, args):
    """Records a library's scenarios; returns [(library, scenario, why)] of those that failed."""
    library = install.Library(name, args.latest)
    library.prepare()
    directory = out / name
    directory.mkdir(parents=True, exist_ok=True)
    scenarios = [s for s in library.manifest["scenarios"] if not args.scenario or s in args.scenario]
    failed = []
    for scenario in scenarios:
        try:
            spans = record_scenario(servers, library, scenario, directory)
            print(f"{name} {scenario}: {spans} spans", flush=True)
        except (RuntimeError, ValueError, subprocess.TimeoutExpired) as err:
            failed.append((name, scenario, str(err)))
            print(f"{name} {scenario}: FAILED", flush=True)
            if scenario == scenarios[0]:
                break  # the library does not work at all
    about = {
        "library": name, "language": library.language, "package": library.manifest["package"],
        "version": library.versions()[library.manifest["package"]], "packages": library.versions(),
        "scenarios": library.manifest["scenarios"],
    }
    write_json(directory / "library.json", about)
    return failed


def record_scenario(servers, library, scenario, directory):
    key = f"{library.name}.{scenario}"
    book = run_client(servers, library, scenario, key)
    served, embedded = servers.provider.take(key)
    true = truth.sum_up(served, book)
    true["embeddings"] = {"calls": len(embedded), "tokens": sum(embedded)}
    dump, requests = "", {}
    for signal in ("traces", "logs"):
        requests[signal] = [tidy.tidy(r, servers.ports) for r in servers.collector.take(key, signal)]
        text = "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in requests[signal])
        tidy.check(text, key)
        dump += text
        path = directory / f"{scenario}.{signal}.jsonl"
        path.unlink(missing_ok=True)
        if requests[signal] or signal == "traces":
            path.write_text(text)
    found = truth.untold(served, true, dump) + truth.untold_tools(true["tools"], requests["traces"])
    found += library.manifest.get("untold", {}).get(scenario, [])
    true["untold"] = list(dict.fromkeys(found))
    true["note"] = true["note"] or library.manifest.get("note", "")
    write_json(directory / f"{scenario}.truth.json", true)
    return sum(1 for _ in truth.spans(requests["traces"]))


def run_client(servers, library, scenario, key):
    """Runs the library's program for one scenario and returns its book."""
    env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "SSL_CERT_FILE")}
    api, script, streamed = scripts.split(scenario)
    env |= library.env() | {
        "SCENARIO": scenario,
        "API": api,
        "SCRIPT": script,
        "STREAMED": "1" if streamed else "",
        "TOOLS": "1" if any(a.calls for a in scripts.SCRIPTS[script]) else "",
        "PROVIDER": f"http://127.0.0.1:{servers.provider.port}/s/{key}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{servers.collector.port}/r/{key}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRICS_EXPORTER": "none",
        "DO_NOT_TRACK": "true",
        "OTEL_SERVICE_NAME": "support-agent",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test,service.version=1.2.3",
    }
    done = subprocess.run(
        library.command(), env=env, cwd=library.directory, capture_output=True, text=True, timeout=CLIENT_SECONDS, check=False
    )
    (library.directory / f"{scenario}.stderr").write_text(done.stderr)
    if done.returncode != 0:
        raise RuntimeError(f"exit {done.returncode}: {' | '.join(done.stderr.strip().splitlines()[-3:])[:600]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def write_json(path, doc):
    path.write_text(json.dumps(doc, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
