"""An OpenTelemetry collector, as far as a test needs one: takes metrics by OTLP over HTTP, decodes them with OpenTelemetry's own
messages, and tells at /seen what came last of each series. It prints its address and serves until it is killed.
"""

import http.server
import json
import threading

from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as service
from opentelemetry.proto.metrics.v1 import metrics_pb2 as metrics

SERIES, REFUSALS, LOCK = {}, [], threading.Lock()
# The first request is refused in the way that asks to be tried again.
REFUSE = [503]


def values(attributes):
    return {entry.key: getattr(entry.value, entry.value.WhichOneof("value")) for entry in attributes}


def take(request):
    for resource in request.resource_metrics:
        who = values(resource.resource.attributes)
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data")
                data = getattr(metric, kind)
                if kind == "sum":
                    if data.aggregation_temporality != metrics.AGGREGATION_TEMPORALITY_CUMULATIVE or not data.is_monotonic:
                        REFUSALS.append(f"{metric.name} is no counter")
                for point in data.data_points:
                    key = (who["service.instance.id"], metric.name, json.dumps(values(point.attributes), sort_keys=True))
                    SERIES[key] = {
                        "service": who["service.name"],
                        "version": who["service.version"],
                        "instance": who["service.instance.id"],
                        "name": metric.name,
                        "unit": metric.unit,
                        "kind": kind,
                        "attributes": values(point.attributes),
                        "value": getattr(point, point.WhichOneof("value")),
                    }


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with LOCK:
            if REFUSE:
                self.answer(REFUSE.pop(), "text/plain", b"not yet")
                return
            if self.path != "/v1/metrics" or self.headers["Content-Type"] != "application/x-protobuf":
                REFUSALS.append(f"{self.path} {self.headers['Content-Type']}")
            take(service.ExportMetricsServiceRequest.FromString(body))
        self.answer(200, "application/x-protobuf", service.ExportMetricsServiceResponse().SerializeToString())

    def do_GET(self):
        with LOCK:
            seen = {"series": list(SERIES.values()), "refusals": REFUSALS}
        self.answer(200, "application/json", json.dumps(seen).encode())


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
print(json.dumps({"base_url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
server.serve_forever()
