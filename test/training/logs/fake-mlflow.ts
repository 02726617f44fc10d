/** An MLflow tracking server of a few lines, on loopback: remembers what it is sent. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The fields that the tests look at, as a client of MLflow sends them. */
export interface ReceivedBody {
  readonly experiment_id?: string;
  readonly status?: string;
  readonly metrics?: readonly { readonly key: string; readonly value: number; readonly step: number }[];
}

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: ReceivedBody;
}

export interface FakeMlflow {
  readonly address: string;
  readonly requests: ReceivedRequest[];
  /** From now on every request is answered with this status; undefined: as a server does. */
  refuseWith(status: number | undefined): void;
  /** From now on requests are never answered. */
  fallSilent(): void;
  close(): Promise<void>;
}

/** Starts it. `experiments`: names that exist beforehand. */
export async function startFakeMlflow(experiments: readonly string[] = []): Promise<FakeMlflow> {
  const requests: ReceivedRequest[] = [];
  let refusal: number | undefined;
  let isSilent = false;
  const server = createServer((request, response) => {
    void read(request).then((text) => {
      const url = new URL(request.url ?? '', 'http://localhost');
      const path = url.pathname.replace('/api/2.0/mlflow/', '');
      requests.push({
        method: request.method ?? '',
        path,
        authorization: request.headers.authorization,
        body: text === '' ? Object.fromEntries(url.searchParams) : JSON.parse(text),
      });
      if (isSilent) return;
      const [status, answer] = refusal === undefined ? answerTo(path, url) : [refusal, { error_code: 'NO' }];
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  const answerTo = (path: string, url: URL): [number, object] => {
    if (path === 'experiments/get-by-name') {
      const name = url.searchParams.get('experiment_name') ?? '';
      return experiments.includes(name)
        ? [200, { experiment: { experiment_id: '7', name } }]
        : [404, { error_code: 'RESOURCE_DOES_NOT_EXIST' }];
    }
    if (path === 'experiments/create') return [200, { experiment_id: '8' }];
    if (path === 'runs/create') return [200, { run: { info: { run_id: 'run-1' } } }];
    return [200, {}];
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    requests,
    refuseWith(status) {
      refusal = status;
    },
    fallSilent() {
      isSilent = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
