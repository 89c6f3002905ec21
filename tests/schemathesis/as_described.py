"""Asks a throwaway host what its own description (OpenAPI) allows, and what it forbids, as each role and as a key that is
bound to one agent: no answer is a 5xx, each is what the description says, nothing that is forbidden is taken, nothing that
is allowed is refused as malformed, and nobody unknown is let in.

    python -m venv target/tools/schemathesis
    target/tools/schemathesis/bin/python -m pip install --no-deps --requirement tests/schemathesis/requirements.txt
    target/tools/schemathesis/bin/python tests/schemathesis/as_described.py target/debug/puppet
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

HERE = Path(__file__).resolve().parent
# The agent that a bound key sees, and the one that it does not: a word that is in no text of the program.
SEEN, UNSEEN = "ember", "quokkalore"
READY_S = 60

# Who asks, and how: as who may do little goes first, while everything is there. Bounds of fields are the same for each.
PHASES = {"viewer": "fuzzing", "bound": "fuzzing,stateful", "admin": "coverage,fuzzing,stateful"}

# What cannot be asked like this.
LEFT_OUT = [
    # They have no end.
    "--exclude-path=/api/v1/live",
    "--exclude-path=/api/v1/ws",
]

# By the line that they stand below in the file that `init` writes.
SETTINGS = {
    "[api]": 'rate_per_minute = 1000000\nrate_per_minute_per_address = 1000000\nburst = 100000\nwait = "3s"',
    # The two do not get to know one another, so that nothing of one is in what the other remembers.
    "[generators.encounters]": "enabled = false",
}


def puppet(program, folder, *words, **more):
    done = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True, env=clean(), **more)
    if done.returncode != 0:
        sys.exit(f"puppet {' '.join(words)}: {done.stderr}{done.stdout}")
    return done.stdout


def clean():
    """The environment without settings and keys of whoever runs this."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")
    return {name: value for name, value in os.environ.items() if name in kept} | {"ENGINE_PORT": "0"}


def prepared(program, folder):
    """A folder with two agents; the keys by name."""
    puppet(program, folder, "init", ".")
    settings = folder / "puppet.toml"
    text = settings.read_text()
    for section, lines in SETTINGS.items():
        assert f"\n{section}\n" in text, section
        text = text.replace(f"\n{section}\n", f"\n{section}\n{lines}\n", 1)
    settings.write_text(text)
    other = folder / "agents" / UNSEEN
    other.mkdir()
    for file in ("pack.toml", "persona.toml"):
        text = (folder / "agents" / SEEN / file).read_text()
        (other / file).write_text(text.replace("ember", UNSEEN).replace("Ember", UNSEEN.capitalize()))
    # What the other decides waits for a person.
    grants = folder / "grants.toml"
    text = grants.read_text()
    other_grants = text[text.index("[packs.ember]") :].replace("ember", UNSEEN).replace('#mode = "live"', 'mode = "approve"')
    assert 'mode = "approve"' in other_grants
    grants.write_text(f"{text}\n{other_grants}")
    keys = {}
    for name, role, agents in [
        ("admin", "admin", []),
        ("viewer", "viewer", []),
        ("bound", "operator", ["--agent", SEEN]),
    ]:
        made = puppet(program, folder, "api", "key", "create", "--name", name, "--role", role, *agents, "--json")
        keys[name] = json.loads(made)["key"]
    return keys


def started(program, folder):
    log = open(folder / "run.log", "w")
    host = subprocess.Popen([program, "run"], cwd=folder, stdout=log, stderr=log, env=clean())
    until = time.monotonic() + READY_S
    while time.monotonic() < until and host.poll() is None:
        try:
            url = json.loads((folder / ".puppet" / "run.json").read_text()).get("api_url")
            if url and requests.get(f"{url}/ready", timeout=5).status_code == 200:
                return host, url
        except (OSError, ValueError):
            pass
        time.sleep(0.05)
    host.kill()
    sys.exit(f"the host is not ready:\n{(folder / 'run.log').read_text()}")


def lived_in(url, key):
    """Something of everything, and its ids by the name of the parameter."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {key}"

        def ask(method, path, **more):
            answer = session.request(method, f"{url}/api/v1{path}", timeout=30, **more)
            answer.raise_for_status()
            return answer.json() if answer.content else None

        for agent in (SEEN, UNSEEN):
            for n in range(3):
                ask("POST", f"/agents/{agent}/memory", json={"content": f"a lamp, {n}", "kind": "core"})
            for kind in ("post", "post"):
                ask("POST", f"/agents/{agent}/{kind}", json={"force": True, "wait_ms": 10_000})
            ask("POST", f"/agents/{agent}/mood", json={"valence": 0.1})
        ask("POST", "/timeline", json={"by": "someone", "text": f"hello @{SEEN}", "wait_ms": 10_000})
        spare = [ask("POST", "/keys", json={"name": f"spare {n}", "role": "viewer"})["id"] for n in range(3)]

        def ids(path, field="id"):
            return [item[field] for item in ask("GET", path)["items"]]

        return {
            "path.agent": [SEEN, UNSEEN],
            "path.pack": sorted(set(ids("/grants", "pack"))),
            "path.key": spare,
            "path.invocation": ids("/journal?limit=10"),
            "path.effect": ids("/outbox?limit=10"),
            "path.post": ids("/timeline?limit=10"),
            "path.memory": ids(f"/agents/{SEEN}/memory?limit=10"),
            "path.capability": ["llm", "tweet"],
        }


def bindings(known):
    """Of most things that a path names there is one: an id that nobody has is found out about soon."""
    lines = []
    for name, values in known.items():
        word = name.replace(".", "-")
        lines += [f"[dictionaries.{word}]", f"values = {json.dumps(values)}", ""]
    lines.append("[parameters]")
    for name in known:
        lines.append(f'"{name}" = {{ dictionary = "{name.replace(".", "-")}", probability = 0.7 }}')
    return "\n".join(lines) + "\n"


def asked(url, folder, name, key, asking, own):
    """Whether all went well for one who asks."""
    words = [
        sys.executable, "-m", "schemathesis.cli", f"--config-file={folder / 'schemathesis.toml'}", "run",
        f"{url}/api/v1/openapi.json", f"--header=Authorization: Bearer {key}", "--checks=all", *LEFT_OUT,
        f"--max-examples={asking.examples}", f"--seed={asking.seed}", "--generation-database=none",
        "--request-timeout=30", "--no-color", f"--phases={PHASES[name]}", *asking.more,
    ]  # fmt: skip
    more = {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1", "PUPPET_OWN_KEYS": ",".join(own)}
    more["PUPPET_UNSEEN"] = UNSEEN if name == "bound" else ""
    return subprocess.run(words, cwd=folder, env=clean() | more).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--examples", type=int, default=8)
    parser.add_argument("--who", action="append", choices=list(PHASES))
    asking, more = parser.parse_known_args()
    asking.more = more
    program = str(Path(asking.program).resolve())
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        keys = prepared(program, folder)
        host, url = started(program, folder)
        try:
            (folder / "schemathesis.toml").write_text(bindings(lived_in(url, keys["admin"])))
            own = [key.split("_")[1] for key in keys.values()]
            for name in asking.who or PHASES:
                print(f"-- as {name}", flush=True)
                is_well = asked(url, folder, name, keys[name], asking, own)
                if host.poll() is not None or not is_well:
                    print((folder / "run.log").read_text()[-4_000:], file=sys.stderr)
                    sys.exit(f"as {name}: not as described (host: {host.poll()})")
        finally:
            host.send_signal(signal.SIGTERM)
            try:
                host.wait(30)
            except subprocess.TimeoutExpired:
                host.kill()


if __name__ == "__main__":
    main()
