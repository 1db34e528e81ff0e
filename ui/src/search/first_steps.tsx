// An empty store: shows how to send the first span. The page looks again every few seconds.
import { CopyButton } from '../shell/bits';

export function curlLine(host: string): string {
  const span = '{"traceId":"\'$(openssl rand -hex 16)\'","spanId":"\'$(openssl rand -hex 8)\'",' +
    '"name":"first light","kind":1,"startTimeUnixNano":"\'$(date +%s%N)\'",' +
    '"endTimeUnixNano":"\'$(date +%s%N)\'"}';
  return `curl http://${host}:4318/v1/traces -H 'Content-Type: application/json' -d '` +
    '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",' +
    '"value":{"stringValue":"hello"}}]},"scopeSpans":[{"spans":[' + span + "]}]}]}'";
}

const kEndpoints = (host: string): [string, string][] => [
  ['OTLP over HTTP', `http://${host}:4318`],
  ['OTLP over gRPC', `http://${host}:4317`],
  ['Jaeger thrift over HTTP', `http://${host}:14268/api/traces`],
];

export function FirstSteps() {
  const host = window.location.hostname || '127.0.0.1';
  const line = curlLine(host);
  return (
    <div className="empty first-steps">
      <h1>No spans yet</h1>
      <p>This server is ready. Send it spans and they appear here; the page looks again by
        itself.</p>
      <h2>Any OpenTelemetry SDK or Collector</h2>
      <pre className="code-block">OTEL_EXPORTER_OTLP_ENDPOINT=http://{host}:4318
        <CopyButton text={`OTEL_EXPORTER_OTLP_ENDPOINT=http://${host}:4318`} label="Copy" /></pre>
      <h2>One span from a shell</h2>
      <pre className="code-block">{line}<CopyButton text={line} label="Copy the command" /></pre>
      <h2>Files that you have</h2>
      <pre className="code-block">binnacle import traces.json
        <CopyButton text="binnacle import traces.json" label="Copy" /></pre>
      <h2>Endpoints</h2>
      <dl className="endpoints">
        {kEndpoints(host).map(([name, url]) => (
          <div key={name}><dt>{name}</dt><dd className="mono">{url}</dd></div>
        ))}
      </dl>
      <p className="field-hint">The ports are the defaults; binnacle serve prints the ones in use.</p>
    </div>
  );
}
