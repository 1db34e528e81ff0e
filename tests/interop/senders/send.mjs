// One trace of two spans through each exporter of OpenTelemetry's JavaScript SDK:
//
//   node send.mjs otlp_http=http://127.0.0.1:4318 otlp_grpc=... zipkin=... jaeger_thrift_http=...
//
// Prints one line per exporter, `NAME TRACE_ID`, once the server has taken the spans; an exporter
// that reports a failure ends the program with its message.
import { SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api';
import { JaegerExporter } from '@opentelemetry/exporter-jaeger';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { Resource } from '@opentelemetry/resources';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor }
  from '@opentelemetry/sdk-trace-node';

const urls = Object.fromEntries(process.argv.slice(2).map((word) => word.split(/=(.*)/s, 2)));
const traces = `${urls.otlp_http}/v1/traces`;
const gzip = { compression: CompressionAlgorithm.GZIP };

const exporters = {
  otlp_json: new JsonExporter({ url: traces }),
  otlp_json_gzip: new JsonExporter({ url: traces, ...gzip }),
  otlp_protobuf: new ProtobufExporter({ url: traces }),
  otlp_protobuf_gzip: new ProtobufExporter({ url: traces, ...gzip }),
  otlp_grpc: new GrpcExporter({ url: urls.otlp_grpc }),
  otlp_grpc_gzip: new GrpcExporter({ url: urls.otlp_grpc, ...gzip }),
  zipkin: new ZipkinExporter({ url: `${urls.zipkin}/api/v2/spans` }),
  jaeger_thrift: new JaegerExporter({ endpoint: `${urls.jaeger_thrift_http}/api/traces` }),
};

/** The finished spans of one made-up request, as an SDK hands them to its exporter. */
function record(service) {
  const memory = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({
    resource: new Resource({ 'service.name': service, 'service.version': '1.2.3' }),
    spanProcessors: [new SimpleSpanProcessor(memory)],
  });
  const tracer = provider.getTracer('interop', '0.1');
  const root = tracer.startSpan('GET /cart', { kind: SpanKind.SERVER });
  root.setAttributes({
    'http.route': '/cart', 'cart.items': 3, 'cart.total': 12.5, 'cart.empty': false,
    'customer.name': 'Zoë ☂ 漢字', 'cart.skus': ['a', 'b'],
  });
  const child = tracer.startSpan('charge', { kind: SpanKind.CLIENT },
    trace.setSpan(context.active(), root));
  child.addEvent('retry', { attempt: 2 });
  child.recordException(new Error('card declined'));
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'declined' });
  child.end();
  root.end();
  return memory.getFinishedSpans();
}

function send(exporter, spans) {
  return new Promise((resolve, reject) => {
    exporter.export(spans, (result) => {
      if (result.code === 0) resolve();
      else reject(result.error ?? new Error('refused'));
    });
  });
}

for (const [name, exporter] of Object.entries(exporters)) {
  const spans = record(`js-${name}`);
  try {
    await send(exporter, spans);
    await exporter.shutdown();
  } catch (error) {
    console.log(`${name} failed: ${error.message}`);
    process.exitCode = 1;
    continue;
  }
  console.log(`${name} ${spans[0].spanContext().traceId}`);
}
