#!/usr/bin/env python3
"""Remakes golden.json of every project with Dataform's own command line.

usage: remake.py FOLDER [PROJECT…]

FOLDER holds node_modules with @dataform/cli 3.0.69 and @dataform/core 3.0.62:

    npm install --prefix FOLDER @dataform/cli@3.0.69 @dataform/core@3.0.62

Each project is copied beside a package.json and that core, as the command line wants it, compiled with the flags that its
overrides.json (a CodeCompilationConfig) stands for, and what is printed is kept byte for byte.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
FLAGS = {
    "defaultDatabase": "--default-database",
    "defaultSchema": "--default-schema",
    "defaultLocation": "--default-location",
    "assertionSchema": "--assertion-schema",
    "databaseSuffix": "--database-suffix",
    "schemaSuffix": "--schema-suffix",
    "tablePrefix": "--table-prefix",
}


def flags(overrides):
    for key, value in overrides.items():
        if key == "vars":
            yield "--vars=" + ",".join(f"{k}={v}" for k, v in value.items())
        elif key == "disableAssertions":
            yield "--disable-assertions"
        else:
            yield f"{FLAGS[key]}={value}"


def remake(project, modules):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder, "project")
        shutil.copytree(project, folder, ignore=shutil.ignore_patterns("golden.json", "overrides.json"))
        shutil.copytree(modules / "@dataform" / "core", folder / "node_modules" / "@dataform" / "core")
        (folder / "package.json").write_text('{ "dependencies": { "@dataform/core": "3.0.62" } }\n')
        overrides = project / "overrides.json"
        given = json.loads(overrides.read_text()) if overrides.exists() else {}
        command = [modules / ".bin" / "dataform", "compile", "--json", str(folder), *flags(given)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 or json.loads(done.stdout).get("graphErrors"):
            sys.exit(f"{project.name}: {done.stdout[-2000:]}{done.stderr}")
        (project / "golden.json").write_text(done.stdout.rstrip("\n") + "\n")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    modules = pathlib.Path(sys.argv[1], "node_modules").resolve()
    wanted = sys.argv[2:]
    for project in sorted(p for p in HERE.iterdir() if p.is_dir()):
        if not wanted or project.name in wanted:
            remake(project, modules)
            print(project.name)


if __name__ == "__main__":
    os.environ["DATAFORM_DISABLE_ANALYTICS"] = "1"
    main()
