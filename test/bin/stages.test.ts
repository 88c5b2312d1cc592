import { App } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { STAGES, stageFromContext } from '../../bin/stages.ts';

const stage = (context: Record<string, unknown>) => stageFromContext(new App({ context }));

describe('the stage of the app', () => {
  it('is dev unless the context names one', () => {
    expect(stage({})).toMatchObject({ name: 'dev', keepsData: false });
    expect(stage({ stage: 'prod' })).toMatchObject({ name: 'prod', keepsData: true });
  });

  it('may be personal: it takes the settings of the name before the hyphen', () => {
    expect(stage({ stage: 'dev-alice' })).toMatchObject({ name: 'dev-alice', keepsData: false });
    expect(stage({ stage: 'prod-us' })).toMatchObject({ name: 'prod-us', keepsData: STAGES.prod.keepsData });
  });

  it('takes an address and a link from the context', () => {
    const given = { alarmEmail: 'ops@example.com', mailFrom: 'shop@example.com', runbooks: 'https://r.example.com/' };
    expect(stage(given)).toMatchObject({
      alarmEmails: { critical: ['ops@example.com'], warning: ['ops@example.com'] },
      mailFrom: 'shop@example.com',
      runbooks: 'https://r.example.com/',
    });
  });

  it.each([
    [
      { stage: 'staging' },
      "there is no stage 'staging': bin/stages.ts has dev, test, prod. Add it there, or take a personal one such as -c stage=dev-staging",
    ],
    [{ stage: 'devil' }, "there is no stage 'devil'"],
    [{ stage: 'Prod' }, "context 'stage' must be 1 to 16 characters"],
    [{ mailFrom: 'shop' }, "stage 'dev': mailFrom must be an e-mail address (given 'shop')"],
    [{ alarmEmail: 'ops' }, "stage 'dev': alarmEmails.critical must be a list of e-mail addresses (given 'ops')"],
  ])('is refused: %j', (context, message) => {
    expect(() => stage(context)).toThrow(message);
  });
});
