/** Where the train stage reports while it runs, besides its artifacts. */
import { type Static, Type } from '@sinclair/typebox';
import { OutputFolderSetting } from '../../plugin/path-setting.js';
import { type CurveLog, combineLogs } from '../../training/logs/curve-log.js';
import { folderLog } from '../../training/logs/folder-log.js';
import { mlflowLog } from '../../training/logs/mlflow-log.js';

/** Logs change no result: the setting is keyless. */
export const logSettings = {
  log_to: Type.Optional(
    Type.Object(
      {
        folder: Type.Optional(
          OutputFolderSetting({
            description:
              'A folder for TensorBoard, written while training runs: an event file, curve.jsonl and curve.csv. A result that comes out of the store writes nothing there.',
          }),
        ),
        mlflow: Type.Optional(
          Type.String({
            pattern: '^https?://',
            description:
              'Address of an MLflow tracking server. Default: the environment variable MLFLOW_TRACKING_URI, where it is an address; without either nothing is sent.',
          }),
        ),
        experiment: Type.Optional(
          Type.String({
            minLength: 1,
            description:
              'Name of the MLflow experiment. Default: the environment variable MLFLOW_EXPERIMENT_NAME, else roux.',
          }),
        ),
        run_name: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'Name of the MLflow run. Default: one that MLflow makes up.',
          }),
        ),
      },
      {
        additionalProperties: false,
        description:
          'Where to report while training runs, besides the curve that comes out. What goes wrong there is a warning.',
      },
    ),
  ),
};

const logObject = Type.Object(logSettings);

/** The environment variables that name an MLflow server: those of MLflow's own client. */
export type MlflowEnvironment = Readonly<
  Partial<
    Record<
      | 'MLFLOW_TRACKING_URI'
      | 'MLFLOW_EXPERIMENT_NAME'
      | 'MLFLOW_TRACKING_TOKEN'
      | 'MLFLOW_TRACKING_USERNAME'
      | 'MLFLOW_TRACKING_PASSWORD',
      string
    >
  >
>;

/** What logs are made from. */
export interface LogOptions {
  /** The training's settings, for MLflow's parameters. */
  readonly training: object;
  readonly environment: MlflowEnvironment;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onFailure: (message: string) => void;
}

/** The logs that settings and environment ask for, as one. */
export function createLog(
  { folder, mlflow, experiment, run_name: runName }: NonNullable<Static<typeof logObject>['log_to']>,
  { training, environment, now, onFailure }: LogOptions,
): CurveLog {
  const logs: { readonly name: string; readonly log: CurveLog }[] = [];
  if (folder !== undefined) logs.push({ name: folder, log: folderLog(folder, () => now() / 1000) });
  const fromEnvironment = environment.MLFLOW_TRACKING_URI ?? '';
  const server = mlflow ?? (/^https?:\/\//.test(fromEnvironment) ? fromEnvironment : undefined);
  if (server !== undefined) {
    const authorization = authorizationOf(environment);
    const log = mlflowLog({
      server,
      experiment: experiment ?? environment.MLFLOW_EXPERIMENT_NAME ?? 'roux',
      ...(runName === undefined ? {} : { runName }),
      ...(authorization === undefined ? {} : { authorization }),
      parameters: flattened(training),
      now,
      onFailure: (reason) => onFailure(`The training is no longer logged to MLflow at ${server}: ${reason}.`),
    });
    logs.push({ name: server, log });
  }
  return combineLogs(logs, onFailure);
}

function authorizationOf(environment: MlflowEnvironment): string | undefined {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user } = environment;
  if (token !== undefined) return `Bearer ${token}`;
  if (user === undefined) return undefined;
  const both = `${user}:${environment.MLFLOW_TRACKING_PASSWORD ?? ''}`;
  return `Basic ${Buffer.from(both).toString('base64')}`;
}

/** `{ early_stopping: { patience: 3 } }` as `early_stopping.patience: 3`; lists as JSON. */
function flattened(settings: object, prefix = ''): Record<string, string> {
  const entries = Object.entries(settings).flatMap(([name, value]): [string, string][] => {
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isMap) return Object.entries(flattened(value, `${prefix}${name}.`));
    return [[`${prefix}${name}`, typeof value === 'string' ? value : JSON.stringify(value)]];
  });
  return Object.fromEntries(entries);
}
