"""Holds events of OpenLineage against the project's own client: each is built of its generated classes, facet by facet by the
schema that the facet names, and comes out of the client's serialiser as it went in.

usage: openlineage_events.py FILE

Prints as JSON how many events and facets of each kind there are, and the columns' lineage: output, column, input, field.
"""

import collections
import importlib
import inspect
import json
import pkgutil
import sys
import typing

import attr
import openlineage.client.generated as generated
from openlineage.client.generated import base
from openlineage.client.naming.dataset import BigQuery
from openlineage.client.serde import Serde

EVENTS = {"RunEvent": base.RunEvent, "JobEvent": base.JobEvent, "DatasetEvent": base.DatasetEvent}
SCHEMAS = {}
for module in pkgutil.iter_modules(generated.__path__):
    for _, one in inspect.getmembers(importlib.import_module(f"{generated.__name__}.{module.name}"), inspect.isclass):
        if "_get_schema" in vars(one):
            SCHEMAS[one._get_schema()] = one


class Wrong(Exception):
    pass


def built(kind, value, path):
    """A value as a type's instance; whatever the type does not have is wrong."""
    arguments = typing.get_args(kind)
    if arguments and type(None) in arguments:
        (kind,) = [one for one in arguments if one is not type(None)]
        arguments = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if origin is list:
        if not isinstance(value, list):
            raise Wrong(f"{path}: {value!r} is no list")
        return [built(arguments[0], one, f"{path}[{i}]") for i, one in enumerate(value)]
    if origin is dict:
        return {name: built(arguments[1], one, f"{path}.{name}") for name, one in value.items()}
    if kind is typing.Any:
        return value
    if attr.has(kind):
        return instance(kind, value, path)
    if issubclass(kind, base.EventType):
        return kind(value)
    if type(value) is not kind:
        raise Wrong(f"{path}: {value!r} is no {kind.__name__}")
    return value


def instance(kind, value, path):
    value = dict(value)
    if issubclass(kind, base.BaseFacet):
        url = value.pop("_schemaURL")
        if url not in SCHEMAS or not issubclass(SCHEMAS[url], kind):
            raise Wrong(f"{path}: {url} is no {kind.__name__}")
        kind = SCHEMAS[url]
    if issubclass(kind, base.BaseEvent) and value.pop("schemaURL") != kind._get_schema():
        raise Wrong(f"{path}: another schema than {kind._get_schema()}")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in attr.fields(kind) if field.init}
    unknown = set(value) - set(fields)
    if unknown:
        raise Wrong(f"{path}: {kind.__name__} has no {sorted(unknown)}")
    return kind(**{name.lstrip("_"): built(hints[name], one, f"{path}.{name}") for name, one in value.items()})


def without_empty(value):
    if isinstance(value, dict):
        kept = {name: without_empty(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one not in (None, [], {})}
    if isinstance(value, list):
        return [without_empty(one) for one in value]
    return value


def main(path):
    counts = collections.Counter()
    lineage = []
    runs = collections.defaultdict(list)
    with open(path) as lines:
        for number, line in enumerate(lines, 1):
            event = json.loads(line)
            kind = EVENTS[event["schemaURL"].rsplit("/", 1)[1]]
            made = instance(kind, event, f"line {number}")
            if without_empty(Serde.to_dict(made)) != without_empty(event):
                raise Wrong(f"line {number} is not what the client makes of it")
            counts[kind.__name__] += 1
            if "run" in event:
                runs[event["run"]["runId"]].append(event["eventType"])
            for dataset in event.get("inputs", []) + event.get("outputs", []):
                for facets in ("facets", "inputFacets", "outputFacets"):
                    counts.update(dataset.get(facets, {}).keys())
            for output in event.get("outputs", []):
                if output["namespace"] != BigQuery(*output["name"].split(".")).get_namespace():
                    raise Wrong(f"line {number}: {output['namespace']} {output['name']}")
                columns = output.get("facets", {}).get("columnLineage", {}).get("fields", {})
                if kind is base.JobEvent:
                    for column, of in columns.items():
                        lineage += [[output["name"], column, one["name"], one["field"]] for one in of["inputFields"]]
    print(json.dumps({"counts": counts, "lineage": lineage, "runs": list(runs.values())}))


if __name__ == "__main__":
    main(*sys.argv[1:])
