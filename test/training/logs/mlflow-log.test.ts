import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CurveRow } from '../../../src/training/curve.js';
import { type MlflowOptions, mlflowLog } from '../../../src/training/logs/mlflow-log.js';
import { type FakeMlflow, startFakeMlflow } from './fake-mlflow.js';

let server: FakeMlflow;
let failures: string[];
beforeEach(async () => {
  server = await startFakeMlflow(['known']);
  failures = [];
});
afterEach(() => server.close());

const row = (step: number): CurveRow => ({ step, epoch: step / 10, loss: 1 / step, learning_rate: 0.1 });

function log(changes: Partial<MlflowOptions> = {}) {
  return mlflowLog({
    server: server.address,
    experiment: 'spam',
    parameters: { epochs: '3', 'early_stopping.patience': '2' },
    now: () => 1_700_000_000_000.4,
    onFailure: (reason) => failures.push(reason),
    ...changes,
  });
}

const paths = () => server.requests.map(({ path }) => path);

describe('an MLflow log', () => {
  it('makes experiment and run, sends settings and figures, and says how the training ended', async () => {
    const logged = log({ runName: 'first' });
    logged.start([]);
    logged.row(row(1));
    logged.row({ ...row(2), validation: { loss: 0.5, macro_f1: 0.75 } });
    await logged.end('finished');
    expect(failures).toEqual([]);
    expect(paths().slice(0, 4)).toEqual([
      'experiments/get-by-name',
      'experiments/create',
      'runs/create',
      'runs/log-batch',
    ]);
    const [, create, run, parameters] = server.requests;
    expect(create?.body).toEqual({ name: 'spam' });
    expect(run?.body).toMatchObject({ experiment_id: '8', run_name: 'first', start_time: 1_700_000_000_000 });
    expect(parameters?.body).toMatchObject({
      run_id: 'run-1',
      params: [
        { key: 'epochs', value: '3' },
        { key: 'early_stopping.patience', value: '2' },
      ],
    });
    const metrics = server.requests.slice(4).flatMap(({ body }) => body.metrics ?? []);
    expect(metrics).toContainEqual({
      key: 'validation/macro_f1',
      value: 0.75,
      step: 2,
      timestamp: 1_700_000_000_000,
    });
    expect(metrics.map(({ key, step }) => `${key} ${step}`)).toEqual([
      ...['train/epoch 1', 'train/loss 1', 'train/learning_rate 1'],
      ...['train/epoch 2', 'train/loss 2', 'train/learning_rate 2'],
      ...['validation/loss 2', 'validation/macro_f1 2'],
    ]);
    expect(server.requests.at(-1)).toMatchObject({
      path: 'runs/update',
      body: { run_id: 'run-1', status: 'FINISHED', end_time: 1_700_000_000_000 },
    });
  });

  it('uses an experiment that is there, and names itself with what it is given', async () => {
    const logged = log({ experiment: 'known', authorization: 'Bearer secret' });
    logged.start([]);
    await logged.end('cancelled');
    expect(paths()).not.toContain('experiments/create');
    expect(server.requests[1]?.body.experiment_id).toBe('7');
    expect(new Set(server.requests.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer secret']),
    );
    expect(server.requests.at(-1)?.body.status).toBe('KILLED');
  });

  it('sends the rows of a training that goes on first, in requests that MLflow takes', async () => {
    const logged = log();
    logged.start(Array.from({ length: 700 }, (_, index) => row(index + 1)));
    await logged.end('finished');
    const batches = server.requests.flatMap(({ body: { metrics = [] } }) =>
      metrics.length > 0 ? [metrics] : [],
    );
    expect(batches.map(({ length }) => length)).toEqual([1000, 1000, 100]);
  });

  it('leaves out figures that JSON cannot write', async () => {
    const logged = log();
    logged.start([{ step: 1, epoch: 1, loss: Number.NaN, gradient_norm: Number.POSITIVE_INFINITY }]);
    await logged.end('failed');
    const metrics = server.requests.flatMap(({ body }) => body.metrics ?? []);
    expect(metrics.map(({ key }) => key)).toEqual(['train/epoch']);
    expect(server.requests.at(-1)?.body.status).toBe('FAILED');
  });

  it('says once that the server refuses, and sends nothing more', async () => {
    server.refuseWith(503);
    const logged = log();
    logged.start([row(1)]);
    logged.row(row(2));
    await logged.end('finished');
    expect(failures.length).toBe(1);
    expect(failures[0]).toContain('the server answered 503 to experiments/get-by-name');
    expect(server.requests.length).toBe(1);
  });

  it('gives up on a server that does not answer', async () => {
    server.fallSilent();
    const logged = log({ patience: 30 });
    logged.start([]);
    await logged.end('finished');
    expect(failures.length).toBe(1);
    expect(failures[0]).toContain('timeout');
  });

  it('says that there is no server', async () => {
    const { address } = server;
    await server.close();
    const logged = log({ server: address });
    logged.start([]);
    await logged.end('finished');
    expect(failures[0]).toContain('ECONNREFUSED');
  });
});
