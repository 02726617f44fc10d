/**
 * MLflow tracking, by the REST API of MLflow 2 (https://mlflow.org/docs/latest/rest-api.html): a run with the training's
 * settings as parameters and the rows of its curve as metrics.
 */
import type { CurveRow } from '../curve.js';
import type { CurveLog, TrainingEnd } from './curve-log.js';
import { scalarsOf } from './scalars.js';

/** What an MLflow log needs. */
export interface MlflowOptions {
  /** Address of the tracking server. */
  readonly server: string;
  /** Name of the experiment; made where it is missing. */
  readonly experiment: string;
  readonly runName?: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** The value of the header `Authorization`. */
  readonly authorization?: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds after which a request is given up. */
  readonly patience?: number;
  /** Called once, when a request failed; nothing is sent after it. */
  readonly onFailure: (reason: string) => void;
}

/** Limits of one `log-batch` request. */
const METRICS_PER_REQUEST = 1000;
const PARAMETERS_PER_REQUEST = 100;
const LONGEST_PARAMETER = 500;

const PATIENCE = 10_000;

const statuses: Readonly<Record<TrainingEnd, string>> = {
  finished: 'FINISHED',
  failed: 'FAILED',
  cancelled: 'KILLED',
};

interface Metric {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

/** Logs to an MLflow server. Requests go out one after the other, behind the training. */
export function mlflowLog(options: MlflowOptions): CurveLog {
  const waiting: Metric[] = [];
  let runId: string | undefined;
  let hasFailed = false;
  let last: Promise<void> = Promise.resolve();
  const inTurn = (act: () => Promise<void>) => {
    last = last.then(async () => {
      if (hasFailed) return;
      try {
        await act();
      } catch (error) {
        hasFailed = true;
        options.onFailure(reasonOf(error));
      }
    });
  };
  const send = async () => {
    while (waiting.length > 0) {
      const metrics = waiting.splice(0, METRICS_PER_REQUEST);
      await post(options, 'runs/log-batch', { run_id: runId, metrics, params: [], tags: [] });
    }
  };
  const add = (row: CurveRow) => {
    const timestamp = Math.round(options.now());
    for (const [key, value] of Object.entries(scalarsOf(row))) {
      // JSON has no way to write other numbers.
      if (Number.isFinite(value)) waiting.push({ key, value, timestamp, step: row.step });
    }
  };
  return {
    start(rows) {
      inTurn(async () => {
        runId = await createRun(options);
      });
      for (const row of rows) add(row);
      inTurn(send);
    },
    row(row) {
      if (hasFailed) return;
      add(row);
      inTurn(send);
    },
    async end(how) {
      inTurn(async () => {
        await send();
        const end_time = Math.round(options.now());
        await post(options, 'runs/update', { run_id: runId, status: statuses[how], end_time });
      });
      await last;
    },
  };
}

async function createRun(options: MlflowOptions): Promise<string> {
  const created = await post(options, 'runs/create', {
    experiment_id: await experimentId(options),
    start_time: Math.round(options.now()),
    ...(options.runName === undefined ? {} : { run_name: options.runName }),
    tags: [{ key: 'mlflow.source.name', value: 'roux' }],
  });
  const id = textAt(created, 'run', 'info', 'run_id');
  const params = Object.entries(options.parameters).map(([key, value]) => ({
    key,
    value: value.slice(0, LONGEST_PARAMETER),
  }));
  for (let start = 0; start < params.length; start += PARAMETERS_PER_REQUEST) {
    const part = params.slice(start, start + PARAMETERS_PER_REQUEST);
    await post(options, 'runs/log-batch', { run_id: id, metrics: [], params: part, tags: [] });
  }
  return id;
}

async function experimentId(options: MlflowOptions): Promise<string> {
  const name = options.experiment;
  const query = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
  const found = await request(options, query, { method: 'GET' });
  if (found.ok) return textAt(await found.json(), 'experiment', 'experiment_id');
  if (found.status !== NOT_FOUND) throw refusal(query, found.status, await found.text());
  return textAt(await post(options, 'experiments/create', { name }), 'experiment_id');
}

const NOT_FOUND = 404;

async function post(options: MlflowOptions, path: string, body: object): Promise<unknown> {
  const response = await request(options, path, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw refusal(path, response.status, await response.text());
  return response.json();
}

function request(options: MlflowOptions, path: string, init: RequestInit): Promise<Response> {
  const { server, authorization, patience = PATIENCE } = options;
  return fetch(`${server.replace(/\/+$/, '')}/api/2.0/mlflow/${path}`, {
    ...init,
    headers: {
      'Content-Type': 'application/json',
      ...(authorization === undefined ? {} : { Authorization: authorization }),
    },
    signal: AbortSignal.timeout(patience),
  });
}

function refusal(path: string, status: number, body: string): Error {
  const [what] = path.split('?');
  return new Error(
    `the server answered ${status} to ${what}${body === '' ? '' : ` (${body.slice(0, 200)})`}`,
  );
}

/** The text at the end of some keys of an answer. */
function textAt(answer: unknown, ...keys: readonly string[]): string {
  let value = answer;
  for (const key of keys) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  }
  if (typeof value === 'string') return value;
  throw new Error(`the server's answer has no ${keys.join('.')}`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== ''
    ? `${error.message} (${cause.message})`
    : error.message;
}
