import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../bin/demo/demo-report.ts';
import { lint } from '../../../lib/lint/lint.ts';
import { found } from '../../compliance/nag.ts';
import { SECURITY_RULES } from '../../constructs/security-rules.ts';
import { synthesised } from '../synthesised.ts';
import { cannotGoAndComeBack } from './alarm-drive.ts';
import { BROKEN_LAMBDAS, BROKEN_SAMPLES, brokenSystem } from './broken/system.ts';
import { isException } from './grants.ts';
import {
  killEach,
  killsMade,
  type Running,
  reconcile,
  run,
  templateOf,
  unneeded,
  type Watched,
  watched,
} from './running.ts';

/** Each check of the gate for systems finds what is wrong with a system that was broken on purpose. The rules over templates have mistakes of their own. */
const system = brokenSystem();
const STAGE = 'test';

describe('synthesised', () => {
  it('the rules find the queue that takes requests without TLS', async () => {
    const template = await synthesised(system, STAGE, templateOf);
    expect(SECURITY_RULES.flatMap(({ check }) => check(template)).join()).toContain('forgotten');
  });

  it('cdk-nag finds it, too', async () => {
    expect((await synthesised(system, STAGE, (stack) => found(stack.node.root))).join()).toContain('forgotten');
  });

  it('the linter finds the alarm that tells nobody', async () => {
    const findings = await synthesised(system, STAGE, (stack) => lint(stack.node.root));
    expect(
      findings
        .filter(({ acknowledged }) => acknowledged === undefined)
        .map(({ path }) => path)
        .join(),
    ).toContain('silent');
  });
});

describe('on the engine', () => {
  let running: Running;
  let report: Report;
  let view: Watched;
  beforeAll(async () => {
    running = await run(system, { lambdas: BROKEN_LAMBDAS });
    killEach(running);
    report = await reconcile(running);
    view = await watched(running);
  }, 300_000);
  afterAll(async () => {
    view?.close();
    await running?.close();
    rmSync(BROKEN_SAMPLES, { force: true });
  });

  it('what is counted twice, or given up by somebody who always fails, is a problem', () => {
    expect(report.problems.join('\n')).toMatch(/counted \d+ of 12 things/);
    expect(report.problems.join('\n')).toMatch(
      /dead letters of throw-things that nobody expects: \d+ attempts-exhausted/,
    );
  });

  it('a consumer that nobody reconciles, and a queue that nobody reads, are named', () => {
    expect(report.unchecked).toEqual(['throw-things']);
    expect(Object.keys(report.unread)).toEqual(['forgotten']);
  });

  it('what is refused is seen, although the function says nothing', () => {
    expect(running.denials.map(({ message }) => message).join()).toContain('dynamodb:PutItem');
  });

  it('a grant that nothing needs is found', () => {
    const idle = unneeded(running).filter((grant) => !isException(grant));
    expect(idle.map(({ action }) => action)).toEqual(['dynamodb:Scan']);
  });

  it('a row and an alarm without data are found', async () => {
    const empty = await view.empty();
    expect(empty).toContain("'Nothing' has no data for Nobody/Nothing");
    expect(empty.filter((text) => text.startsWith('alarm ') && text.includes('silent'))).toHaveLength(1);
  });

  it('an alarm that can never go off is found', () => {
    const stuck = view.alarms.filter((alarm) => cannotGoAndComeBack(alarm) !== undefined);
    expect(stuck.map(({ AlarmName }) => AlarmName)).toEqual([expect.stringContaining('stuck')]);
  });

  it('functions are killed', () => {
    expect(killsMade(running).map(({ functionName }) => functionName)).toContain('sluice-test-broken-count-things');
  });
});
