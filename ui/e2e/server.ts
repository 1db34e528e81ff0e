// Starts the real server on free ports with an empty data directory, and stops it.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export interface RunningServer {
  /** Origins, such as http://127.0.0.1:41233. */
  ui: string;
  jaegerQuery: string;
  otlpHttp: string;
  stop: () => Promise<void>;
}

const kPorts = [
  'OTLP_GRPC', 'OTLP_HTTP', 'JAEGER_THRIFT_HTTP', 'ZIPKIN', 'JAEGER_QUERY', 'PROMETHEUS', 'UI',
];
const kStartMs = 20_000;

export async function startServer(): Promise<RunningServer> {
  const binary = resolve(process.env['BINNACLE_BIN'] ?? '../build/release/bin/binnacle');
  if (!existsSync(binary)) {
    throw new Error(`${binary} does not exist; build it, or name it in BINNACLE_BIN`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'binnacle-e2e-'));
  const ready = join(folder, 'ready.json');
  const ports = Object.fromEntries(kPorts.map((name) => [`BINNACLE_PORTS_${name}`, '0']));
  // The server refuses settings it does not know, such as these tests' own.
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('BINNACLE_')));
  const child = spawn(binary, ['serve', '--ready-file', ready], {
    cwd: folder, stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, ...ports, BINNACLE_DATA_DIR: join(folder, 'data') },
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  const stop = () => stopServer(child, folder);
  try {
    const origins = await waitUntilReady(child, ready);
    return {
      ui: origin(origins, 'ui'), jaegerQuery: origin(origins, 'jaeger_query'),
      otlpHttp: origin(origins, 'otlp_http'), stop,
    };
  } catch (cause) {
    await stop();
    throw new Error(`${String(cause)}\n${said}`);
  }
}

function origin(ports: Record<string, string>, name: string): string {
  const address = ports[name];
  if (address === undefined) throw new Error(`the ready file has no port "${name}"`);
  return `http://${address}`;
}

async function waitUntilReady(child: ChildProcess, file: string): Promise<Record<string, string>> {
  const untilMs = Date.now() + kStartMs;
  while (Date.now() < untilMs) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    if (existsSync(file)) {
      return (JSON.parse(readFileSync(file, 'utf8')) as { ports: Record<string, string> }).ports;
    }
    await new Promise((next) => setTimeout(next, 20));
  }
  throw new Error(`the server was not ready after ${kStartMs} ms`);
}

async function stopServer(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }
  rmSync(folder, { recursive: true, force: true });
}
