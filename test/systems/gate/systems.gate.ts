import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../bin/demo/demo-report.ts';
import { stageNamed } from '../../../bin/stages.ts';
import { lint } from '../../../lib/lint/lint.ts';
import type { HouseSystem } from '../../../lib/systems/house-system.ts';
import { SYSTEMS } from '../../../lib/systems/systems.ts';
import { found } from '../../compliance/nag.ts';
import { STAGES } from '../../compliance/templates.ts';
import { OPERATIONS_RULES } from '../../constructs/operations-rules.ts';
import { SECURITY_RULES } from '../../constructs/security-rules.ts';
import type { Rule } from '../../constructs/template-view.ts';
import { WATCHING_RULES } from '../../constructs/watching-rules.ts';
import { synthesised } from '../synthesised.ts';
import { cannotGoAndComeBack } from './alarm-drive.ts';
import { isException } from './grants.ts';
import {
  killEach,
  killsMade,
  type Running,
  reconcile,
  run,
  shortenVisibility,
  templateOf,
  unneeded,
  type Watched,
  watched,
} from './running.ts';

/**
 * The gate for systems: whatever is in `lib/systems/systems.ts` goes through all of this, without a line of its own. `npm run test:systems`; one system:
 * `npm run test:systems -- -t orders`. That each check finds what it looks for is shown in `broken.gate.ts`.
 */
describe.each(SYSTEMS.map((system) => [system.name, system] as const))('%s', (_, system) => {
  describe.each(STAGES)('synthesised for %s', (stage) => {
    it.each(rulesOf(stage).map((rule) => [rule.name, rule] as const))('%s', async (_name, { check }) => {
      expect(check(await synthesised(system, stage, templateOf))).toEqual([]);
    });

    it('has nothing that cdk-nag finds and nobody has acknowledged', async () => {
      expect(await synthesised(system, stage, (stack) => found(stack.node.root))).toEqual([]);
    });

    it('has no finding of the linter that nobody has acknowledged', async () => {
      const findings = await synthesised(system, stage, (stack) => lint(stack.node.root));
      expect(findings.filter(({ acknowledged }) => acknowledged === undefined)).toEqual([]);
    });
  });

  describe('on the engine, with every policy enforced', () => runsWell(system));
  describe('while everything goes wrong', () => outlivesFaults(system));
});

/** A small stage has no dashboard and few alarms. */
const rulesOf = (stage: string): readonly Rule[] =>
  (stageNamed(stage).dashboards ? [...SECURITY_RULES, ...OPERATIONS_RULES, ...WATCHING_RULES] : SECURITY_RULES).filter(
    ({ onlyOrders }) => onlyOrders !== true,
  );

const RUN_WITHIN_MS = 300_000;
const DATA_WITHIN_MS = 60_000;
const POLL_MS = 500;

function runsWell(system: HouseSystem): void {
  let running: Running;
  let report: Report;
  let view: Watched;
  beforeAll(async () => {
    running = await run(system);
    report = await reconcile(running);
    view = await watched(running);
  }, RUN_WITHIN_MS);
  afterAll(async () => {
    view?.close();
    await running?.close();
  });

  it('everything that is put in is accounted for, once and in order', () => {
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({ lost: 0, duplicatedEffects: 0, outOfOrder: 0, unread: {} });
  });

  it('every consumer that is deployed is reconciled', () => {
    expect(report.unchecked).toEqual([]);
  });

  it('nothing is refused', () => {
    expect(running.denials.map(({ message }) => message)).toEqual([]);
  });

  it('without any of its grants something is refused', () => {
    const idle = unneeded(running).filter((grant) => !isException(grant));
    expect(idle.map(({ role, action, resource }) => `${role}: ${action} on ${resource}`)).toEqual([]);
  });

  it(
    'every row of its dashboard, and every alarm, has data',
    async () => {
      const deadline = performance.now() + DATA_WITHIN_MS;
      let empty = await view.empty();
      while (empty.length > 0 && performance.now() < deadline) {
        await sleep(POLL_MS);
        empty = await view.empty();
      }
      expect(empty).toEqual([]);
    },
    2 * DATA_WITHIN_MS,
  );

  it(
    'every alarm can go to ALARM and come back, and says what to do',
    () => {
      const stuck = view.alarms.flatMap((alarm) => {
        const why = cannotGoAndComeBack(alarm);
        return why === undefined ? [] : [`${alarm.AlarmName}: ${why}`];
      });
      expect(view.alarms.length).toBeGreaterThan(0);
      expect(stuck).toEqual([]);
      const silent = view.alarms.filter(
        ({ AlarmDescription = '', AlarmActions = [] }) =>
          !AlarmDescription.includes('docs/runbooks/') || AlarmActions.length === 0,
      );
      expect(silent.map(({ AlarmName }) => AlarmName)).toEqual([]);
    },
    RUN_WITHIN_MS,
  );
}

/** More often than anybody would bear. */
const RATES = {
  ...{ throttle: 0.03, latency: 0.03, 'lose-response': 0.02, duplicate: 0.05, reorder: 0.1, kill: 0.004 },
  ...{ 'stop-stream': 0.02, 'skew-clock': 0.3 },
};
const SEED = 20_261_129;
const VISIBILITY_SECONDS = 10;
const KILLS_WITHIN_MS = 600_000;

function outlivesFaults(system: HouseSystem): void {
  let running: Running;
  beforeAll(async () => {
    running = await run(system, { timeScale: 1 });
    await shortenVisibility(running, VISIBILITY_SECONDS);
  }, RUN_WITHIN_MS);
  afterAll(() => running?.close());

  it(
    `reconciles with faults of every kind, seed ${SEED}`,
    async () => {
      killEach(running);
      running.engine.services.faults.randomly({ seed: SEED, rates: RATES });
      const report = await reconcile(running);
      expect(report.problems).toEqual([]);
      expect(report).toMatchObject({ lost: 0, outOfOrder: 0 });
      const died = new Set(killsMade(running).map(({ functionName }) => functionName));
      expect(running.oftenCalled()).not.toEqual([]);
      const spared = running.oftenCalled().filter((name) => !died.has(name));
      expect(spared).toEqual([]);
    },
    KILLS_WITHIN_MS,
  );
}
