// Calls into the worker as promises that can be aborted. One worker per page.
import { ApiFailure } from './http';
import type { Calls, FromWorker, ToWorker } from './trace_worker';

interface Waiting {
  resolve: (answer: unknown) => void;
  reject: (cause: unknown) => void;
}

class WorkerClient {
  private readonly waiting_ = new Map<number, Waiting>();
  private nextId_ = 1;
  private readonly worker_ = new Worker(new URL('./trace_worker.ts', import.meta.url), {
    type: 'module',
  });

  constructor() {
    this.worker_.onmessage = (event: MessageEvent<FromWorker>) => this.settle(event.data);
    this.worker_.onerror = () => {
      for (const id of [...this.waiting_.keys()]) {
        const message = 'The part of this page that reads traces stopped.';
        this.settle({ id, failure: { message, remedy: 'Reload the page.', status: 0 } });
      }
    };
  }

  call<K extends keyof Calls>(
    call: K, args: Calls[K]['args'], signal?: AbortSignal,
  ): Promise<Calls[K]['answer']> {
    const id = this.nextId_++;
    return new Promise((resolve, reject) => {
      this.waiting_.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      signal?.addEventListener('abort', () => {
        if (!this.waiting_.delete(id)) return;
        this.worker_.postMessage({ id, call: 'abort' } satisfies ToWorker);
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      });
      this.worker_.postMessage({ id, call, args });
    });
  }

  private settle(message: FromWorker): void {
    const waiting = this.waiting_.get(message.id);
    if (!waiting) return;
    this.waiting_.delete(message.id);
    if ('failure' in message) {
      const { message: text, remedy, status } = message.failure;
      waiting.reject(new ApiFailure(text, remedy, status));
    } else {
      waiting.resolve(message.answer);
    }
  }
}

export const worker = new WorkerClient();
