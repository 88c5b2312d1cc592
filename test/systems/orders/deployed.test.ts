import { describe, expect, it } from 'vitest';
import { envelope } from '../../../lib/contracts/events/envelope.ts';
import { systemContract } from '../../../lib/contracts/system.ts';
import * as orders from '../../../lib/systems/orders/contract.ts';
import { decide } from '../../../lib/systems/orders/request.ts';
import { listOf, type TemplateJson } from '../../constructs/template-view.ts';
import { request } from './sample-requests.ts';
import { ordersTemplate } from './synthesised.ts';

/**
 * What is declared and deployed, as a page in `kept/`: times, limits, names, who may do what to which. Whoever changes a part on purpose looks at what else
 * has changed (`npx vitest run test/systems/orders/deployed.test.ts -u`).
 */

/** Beside them: roles are their policies, logs and alarms have rules of their own, and the rest is the CDK's. */
const SHOWN =
  /^AWS::(Lambda::(Function|EventSourceMapping|Url)|SQS::Queue|SNS::(Topic|Subscription)|Kinesis::|DynamoDB::|S3::Bucket|IAM::Policy|SES|Scheduler|Events)/;
const LEFT_OUT = ['Tags', 'Code', 'Role', 'Roles', 'PolicyName'];
const shortened = (id: string): string => id.replace(/[0-9A-F]{8}$/, '');

/** References as the name of what they lead to. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Record<string, unknown>;
  if (typeof Ref === 'string') return `<${shortened(Ref)}>`;
  if (Array.isArray(attribute)) return `<${shortened(String(attribute[0]))}.${attribute[1]}>`;
  if (Array.isArray(join)) return listOf(plain(join[1])).join(String(join[0]));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

function pageOf(
  template: TemplateJson & { readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>> },
): string {
  const resources = Object.entries(template.Resources)
    .filter(([, { Type }]) => SHOWN.test(Type) && !/CustomResource|Provider/.test(Type))
    .filter(([id]) => !/^(Custom|AWS)/.test(id))
    .map(([id, { Type, Properties }]) => {
      const properties = Object.entries(Properties ?? {}).filter(([name]) => !LEFT_OUT.includes(name));
      const texts = properties.flatMap(([name, value]) => {
        const made = plain(value) as Record<string, unknown>;
        const parts = made.Variables ?? made.Statement;
        return parts === undefined || parts === null
          ? [`  ${name}: ${JSON.stringify(made)}`]
          : Object.entries(parts).map(([key, part]) => `  ${name} ${key}: ${JSON.stringify(part)}`);
      });
      return `${Type} ${shortened(id)}\n${texts.sort().join('\n')}`;
    });
  const outputs = Object.entries(template.Outputs ?? {}).map(
    ([name, { Value }]) => `${name}: ${JSON.stringify(plain(Value))}`,
  );
  return [...resources.sort(), `Outputs\n${outputs.sort().join('\n')}`].join('\n\n');
}

describe('the orders', () => {
  it('are declared as kept', async () => {
    const { channels, subscriptions, outboxes } = systemContract('orders', orders);
    const declared = [...channels, ...subscriptions, ...outboxes].map((one) => {
      const texts = Object.entries(one).map(([name, value]) => {
        const named = (inner: unknown): unknown =>
          (inner as { name?: string; type?: string }).name ?? (inner as { type?: string }).type;
        const short =
          ['to', 'from'].includes(name) && value !== undefined
            ? named(value)
            : ['events', 'publishes'].includes(name)
              ? listOf(value).map(named)
              : value;
        return `  ${name}: ${JSON.stringify(short) ?? '-'}`;
      });
      return `${one.name}\n${texts.join('\n')}`;
    });
    await expect(`${declared.join('\n\n')}\n`).toMatchFileSnapshot('kept/declared.txt');
  });

  it('are deployed as kept', async () => {
    await expect(`${pageOf(ordersTemplate('dev'))}\n`).toMatchFileSnapshot('kept/deployed.txt');
  });

  it.each([
    ['a customer', '17850', 'customer-17850'],
    ['a guest, whose order is a group of its own', null, 'guest-A1'],
  ])('travel in order for %s', (_, customerId, group) => {
    const { data } = decide(request({ customerId }));
    const event = envelope(orders.OrderPlaced, data, { id: 'e', source: '/test', time: new Date(0) });
    expect(orders.orderTopic.groupBy(event as never)).toBe(group);
    expect([event.subject, event.partitionkey]).toEqual(['A1', 'A1']);
    expect(orders.OrderCancelled.key(data)).toBe('A1');
  });
});
