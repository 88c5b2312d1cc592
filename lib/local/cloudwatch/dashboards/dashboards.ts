import type { Json } from '../../json.ts';
import { isObject } from '../../json.ts';
import { documents } from '../../state/documents.ts';
import type { State } from '../../state/state.ts';
import { CloudWatchError } from '../protocol/errors.ts';
import { bodyProblems } from './dashboard-body.ts';

export interface Dashboard {
  readonly name: string;
  /** JSON text. */
  readonly body: string;
  /** Real epoch milliseconds. */
  readonly modifiedAt: number;
}

/** Dashboards are kept and handed out; nobody draws them. */
export interface Dashboards {
  /** @throws CloudWatchError InvalidParameterInput when the body is no JSON or not as AWS documents it, naming every place */
  put(name: string, body: string): void;
  /** @throws CloudWatchError ResourceNotFound */
  get(name: string): Dashboard;
  list(): readonly Dashboard[];
  /** All or none. @throws CloudWatchError ResourceNotFound */
  remove(names: readonly string[]): void;
}

const NAME = /^[A-Za-z0-9_-]{1,255}$/;

/** @param now real epoch milliseconds. @param state keeps them over a restart */
export function createDashboards(now: () => number, state?: State): Dashboards {
  const kept = state && documents<Dashboard>(state, 'dashboards');
  const dashboards = new Map<string, Dashboard>(kept?.entries());

  function get(name: string): Dashboard {
    const dashboard = dashboards.get(name);
    if (dashboard !== undefined) return dashboard;
    throw new CloudWatchError('ResourceNotFound', 'DashboardNotFoundError', `Dashboard ${name} does not exist`, 404);
  }

  return {
    put(name, body) {
      if (!NAME.test(name)) throw invalidInput(`The name "${name}" must have 1 to 255 letters, digits, "-" or "_".`);
      const content = parse(body);
      if (!isObject(content)) throw invalidInput('The DashboardBody must be a JSON object.');
      const problems = bodyProblems(content);
      if (problems.length > 0)
        throw invalidInput(
          `The dashboard body is invalid, there are ${problems.length} validation errors: ${JSON.stringify(problems)}`,
        );
      const dashboard = { name, body, modifiedAt: now() };
      dashboards.set(name, dashboard);
      kept?.put(name, dashboard);
    },
    get,
    list: () => [...dashboards.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    remove(names) {
      for (const name of names) get(name);
      for (const name of names) {
        dashboards.delete(name);
        kept?.delete(name);
      }
    },
  };
}

const invalidInput = (message: string): CloudWatchError =>
  new CloudWatchError('InvalidParameterInput', 'DashboardInvalidInputError', message);

function parse(body: string): Json {
  try {
    return JSON.parse(body) as Json;
  } catch (error) {
    throw invalidInput(`The DashboardBody is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
