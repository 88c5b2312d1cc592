import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it, onTestFinished } from 'vitest';
import { resolveStage } from '../../../lib/constructs/stages/resolve-stage.ts';
import { useStage } from '../../../lib/constructs/stages/stage.ts';
import type { StageSettings } from '../../../lib/constructs/stages/stage-settings.ts';
import { ORDERS_ENV } from '../../../lib/systems/orders/contract.ts';
import { OrdersStack, type OrdersStackProps } from '../../../lib/systems/orders/stack.ts';
import { all, FUNCTION, type TemplateJson } from '../../constructs/template-view.ts';

/** What runs in each function of the orders, and what watches them; what is deployed otherwise is in `deployed.test.ts`. */
function synthesised(props: Partial<OrdersStackProps> = {}, settings: StageSettings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-code-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const entries: string[] = [];
  const codeOf = (entry: string): string => {
    entries.push(entry);
    const bundle = join(folder, 'bundles', entry);
    mkdirSync(bundle, { recursive: true });
    writeFileSync(join(bundle, 'index.mjs'), `// ${entry}\nexport const handler = async () => undefined;\n`);
    return bundle;
  };
  const outdir = join(folder, 'cdk.out');
  const app = new App({ outdir });
  useStage(app, resolveStage('dev', settings));
  const stack = new OrdersStack(app, 'sluice-dev-orders', { codeOf, ...props });
  const template = Template.fromStack(stack).toJSON() as TemplateJson & { readonly Description?: string };
  const entryIn = (key: string): string => {
    const file = join(outdir, `asset.${key.replace(/\.zip$/, '')}`, 'index.mjs');
    return /^\/\/ (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  };
  return { template, entries, entryIn };
}

describe('the functions of the orders', () => {
  it('run each their own code, which is bundled once', () => {
    const { template, entries, entryIn } = synthesised();
    const code = all(template, FUNCTION).flatMap(([, { FunctionName, Code }]) =>
      typeof FunctionName === 'string' ? [[FunctionName, entryIn((Code as { S3Key: string }).S3Key)]] : [],
    );
    expect(Object.fromEntries(code)).toEqual({
      'sluice-dev-orders-place-order': 'orders/place-order',
      'sluice-dev-orders-order-outbox-relay': 'orders/outbox-relay',
      'sluice-dev-orders-order-outbox-sweeper': 'orders/outbox-sweeper',
      'sluice-dev-orders-charge-card': 'orders/charge-card',
      'sluice-dev-orders-reserve-stock': 'orders/reserve-stock',
      'sluice-dev-orders-make-invoice': 'orders/make-invoice',
      'sluice-dev-orders-send-email': 'orders/send-email',
      'sluice-dev-orders-sales-totals': 'orders/sales-totals',
    });
    expect(entries).toHaveLength(new Set(entries).size);
  });

  it('have what is given for them: how e-mails go, the behaviour of the provider, a description', () => {
    const environment = (props: Partial<OrdersStackProps>, settings?: StageSettings) => {
      const { template } = synthesised(props, settings);
      const of = (name: string): Record<string, unknown> => {
        const found = all(template, FUNCTION).find(
          ([, { FunctionName }]) => FunctionName === `sluice-dev-orders-${name}`,
        );
        return (found?.[1].Environment as { Variables: Record<string, unknown> } | undefined)?.Variables ?? {};
      };
      const route = JSON.stringify(of('send-email')[ORDERS_ENV.mail]);
      return { route, seed: of('charge-card').PROVIDER_SEED, description: template.Description };
    };
    expect(environment({})).toEqual({
      route: expect.stringContaining('bucket'),
      seed: 'sluice',
      description: 'Sluice: orders',
    });
    expect(
      environment({ providerSeed: 'bad', description: 'mine' }, { mail: { from: 'shop@sluice.example' } }),
    ).toEqual({ route: expect.stringContaining('shop@sluice.example'), seed: 'bad', description: 'mine' });
  });
});

it('all that is not on the page of what is deployed is as kept: alarms, dashboards, roles, logs, tags', async () => {
  const { template } = synthesised();
  const short = (text: string) =>
    text.replaceAll(/([A-Za-z]{4,})[0-9A-F]{8}\b/g, '$1').replaceAll(/[0-9a-f]{64}/g, 'HASH');
  const resources = Object.entries(template.Resources)
    .filter(([, { Type }]) =>
      /^AWS::(CloudWatch|Logs|KMS|IAM::Role|SNS::TopicPolicy|SQS::QueuePolicy|S3::BucketPolicy|EventSchemas)/.test(
        Type,
      ),
    )
    .map(([id, { Type, Properties, ...others }]) => {
      const properties = Object.entries({ ...Properties, ...others }).map(
        ([name, value]) => `  ${name}: ${JSON.stringify(value)}`,
      );
      return short(`${Type} ${id}\n${properties.sort().join('\n')}`);
    });
  await expect(`${resources.sort().join('\n\n')}\n`).toMatchFileSnapshot('kept/deployed-beside.txt');
});
