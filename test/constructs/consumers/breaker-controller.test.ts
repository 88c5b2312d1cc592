import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BreakerController } from '../../../lib/constructs/consumers/breaker-controller.ts';
import { messagingFunction } from '../../../lib/constructs/functions/messaging-function.ts';
import { InboxTable } from '../../../lib/constructs/stores/inbox-table.ts';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { breaker, subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { events } from '../../contracts/sample-declarations.ts';

let code: string;
beforeAll(() => {
  code = mkdtempSync(join(tmpdir(), 'sluice-breakers-'));
  writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => undefined;\n');
});
afterAll(() => rmSync(code, { recursive: true }));

const UUID = '01234567-89ab-cdef-0123-456789abcdef';
const TWO_DIGITS = 10;

/** Controllers that look after so many breakers each, and the first one's environment as Lambda would get it at least. */
function looksAfter(...counts: readonly number[]) {
  const app = new App();
  const stack = new Stack(app, 'shop');
  const inbox = new InboxTable(stack, 'inbox');
  const consumer = messagingFunction(new Construct(stack, 'worker'), 'worker', {
    ...{ code, description: 'worker', timeout: seconds(5) },
  });
  const controllers = counts.map((count, nth) => {
    const controller = new BreakerController(stack, nth === 0 ? 'breakers' : `breakers-${nth + 1}`, { code, inbox });
    for (let i = TWO_DIGITS; i < TWO_DIGITS + count; i++) {
      const name = `charge-card-${i}`;
      const mapping = new CfnEventSourceMapping(stack, `${nth}-${name}`, { functionName: 'worker' });
      const to = queue(`payments-${i}`, { events });
      controller.watch(subscription(name, { to, breaker: breaker(), concurrency: 20 }), consumer, mapping.ref);
    }
    return controller;
  });
  const bytes = (): number => {
    const { environment } = (controllers[0]?.function.node.defaultChild ?? {}) as { environment?: unknown };
    const { variables } = stack.resolve(environment) as { variables: Record<string, unknown> };
    const deployed = (value: unknown): string => {
      if (typeof value === 'string') return value;
      const { Ref: ref, 'Fn::Join': parts } = value as { Ref?: string; 'Fn::Join'?: [string, unknown[]] };
      if (parts !== undefined) return parts[1].map(deployed).join(parts[0]);
      return ref?.includes('charge') ? UUID : '';
    };
    return Object.entries(variables).reduce((sum, [name, value]) => sum + name.length + deployed(value).length, 0);
  };
  return { synth: () => app.synth(), bytes };
}

describe('a breaker controller', () => {
  const most = 39;

  it('looks after as many breakers as fit into 4 KB with the ids of their mappings', () => {
    const { synth, bytes } = looksAfter(most);
    expect(synth).not.toThrow();
    expect(bytes()).toBeLessThanOrEqual(4_096);
  });

  it('says how many are too many, and what to do', () => {
    const { synth, bytes } = looksAfter(most + 1);
    expect(bytes()).toBeGreaterThan(4_096);
    expect(synth).toThrow(
      `breaker controller 'shop/breakers' looks after ${most + 1} subscriptions, more than fit into the 4,096 bytes of its function's environment. ` +
        "Make a second one, new BreakerController(this, 'breakers-2', ...), and pass that as 'breakers' to some of the consumers",
    );
  });

  it('may have a second one beside it', () => {
    expect(looksAfter(most, most).synth).not.toThrow();
  });
});
