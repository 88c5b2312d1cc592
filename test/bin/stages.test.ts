import { App } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { STAGES, stageFromContext, stageNamed } from '../../bin/stages.ts';
import type { StageSettings } from '../../lib/constructs/stages/stage-settings.ts';

const stage = (context: Record<string, unknown>) => stageFromContext(new App({ context }));

const READY = { keepsData: true, alarmEmails: { critical: ['on-call@shop.org'] }, mail: { from: 'orders@shop.org' } };

describe('the stage of the app', () => {
  it('is dev unless the context names one', () => {
    expect(stage({})).toMatchObject({ name: 'dev', keepsData: false, alarms: 'all' });
    expect(stage({ stage: 'test-kept' })).toMatchObject({ name: 'test-kept', keepsData: true });
  });

  it('may be personal: it takes the settings of its family, or of the name before the hyphen', () => {
    expect(stage({ stage: 'dev-alice' })).toMatchObject({
      ...{ name: 'dev-alice', keepsData: false, alarms: 'critical', dashboards: false, mail: 'written' },
      logs: { shards: 1, retention: { seconds: 86_400 } },
    });
    expect(stageNamed('prod-us', { prod: READY })).toMatchObject({ name: 'prod-us', keepsData: true });
    const family: StageSettings = { logs: { shards: 3 } };
    expect(stageNamed('prod-us', { prod: READY, 'prod-*': { ...READY, ...family } })).toMatchObject(family);
    expect(stageNamed('prod-us', { 'prod-us': READY, 'prod-*': { ...READY, ...family } })).toMatchObject({ logs: {} });
    expect(() => stageNamed('prod', { 'prod-*': READY })).toThrow("there is no stage 'prod'");
  });

  it('needs nothing but its name: each that keeps nothing is complete', () => {
    for (const name of Object.keys(STAGES).filter((line) => !line.startsWith('prod')))
      expect(stage({ stage: name.replace('*', 'alice') }).name).toBe(name.replace('*', 'alice'));
  });

  it('that keeps its data is refused before somebody is told, and somebody sends', () => {
    expect(() => stage({ stage: 'prod' })).toThrow(
      "stage 'prod' keeps its data, and the line 'prod' of bin/stages.ts does not say what that needs:\n" +
        "- alarmEmails.critical: without it nobody hears of a critical alarm. Write for example alarmEmails: { critical: ['on-call@shop.org'] }\n" +
        "- mail: who sends e-mails to customers, and where they go. Write for example mail: { from: 'orders@shop.org' } for SES's mailbox simulator, with to: '...' for people, or mail: 'written'",
    );
    const { mail, alarmEmails, ...bare } = READY;
    expect(() => stageNamed('prod', { prod: { ...bare, mail } })).toThrow('alarmEmails.critical');
    expect(() => stageNamed('prod', { prod: { ...bare, mail, alarmEmails: { critical: [] } } })).toThrow(
      'alarmEmails.critical',
    );
    expect(() => stageNamed('prod', { prod: { ...bare, alarmEmails } })).toThrow(/needs:\n- mail: /);
    expect(stageNamed('prod', { prod: { ...bare, alarmEmails, mail: 'written' } })).toMatchObject({ mail: 'written' });
    // Whether it keeps its data is not told by its name.
    expect(() => stageNamed('staging', { staging: { keepsData: true } })).toThrow("stage 'staging' keeps its data");
    expect(stageNamed('prod', { prod: { keepsData: false } })).toMatchObject({ keepsData: false });
  });

  it.each([
    ['alarmEmail', 'alarmEmails'],
    ['mailFrom', 'mail'],
    ['runbooks', 'runbooks'],
  ])('takes no setting from the context: %s', (key, setting) => {
    expect(() => stage({ stage: 'dev', [key]: 'x@shop.org' })).toThrow(
      `context '${key}' is not read (given 'x@shop.org'): a deployment that forgets it would take it away. Write ${setting} in bin/stages.ts`,
    );
  });

  it.each([
    [
      { stage: 'staging' },
      "there is no stage 'staging': bin/stages.ts has dev, dev-*, test, test-kept, prod. Add it there, or take a personal one such as -c stage=dev-staging",
    ],
    [{ stage: 'devil' }, "there is no stage 'devil'"],
    [{ stage: 'Prod' }, "context 'stage' must be 1 to 16 characters"],
  ])('is refused: %j', (context, message) => {
    expect(() => stage(context)).toThrow(message);
  });
});
