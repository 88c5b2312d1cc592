import type { JsonObject } from '../json.ts';
import type { Filter } from '../mappings/configuration/filter.ts';
import type { Target, TargetContext } from './targets.ts';
import { sendToTarget } from './targets.ts';

/** A rule with an event pattern. */
export interface EventRule {
  readonly arn: string;
  readonly matches: Filter;
  readonly enabled: boolean;
  readonly targets: readonly EventTarget[];
}

export interface EventTarget extends Target {
  /** Text sent instead of the event. */
  readonly input: string | undefined;
  /** Queue that gets what could not be sent. */
  readonly deadLetterArn?: string | undefined;
}

/** The account's default event bus: hands every event to the targets of the rules that it matches. */
export interface EventBus {
  /** Adds a rule, or puts it in the place of one with its ARN. */
  addRule(rule: EventRule): void;
  removeRule(arn: string): void;
  /** Hands an event to all targets; resolves when they have it, or it was given up. */
  put(event: JsonObject): Promise<void>;
  /** Resolves when what was accepted is delivered or given up. */
  close(): Promise<void>;
}

export function createEventBus(context: TargetContext & { readonly report: (text: string) => void }): EventBus {
  const rules = new Map<string, EventRule>();
  const running = new Set<Promise<void>>();

  async function send({ arn: ruleArn }: EventRule, target: EventTarget, event: JsonObject): Promise<void> {
    const body = target.input ?? JSON.stringify(event);
    context.meter(ruleArn, 'tried');
    try {
      await sendToTarget(ruleArn, target, { body }, context);
    } catch (error) {
      context.meter(ruleArn, 'failed');
      context.meter(ruleArn, target.deadLetterArn === undefined ? 'dropped' : 'dead-lettered');
      if (target.deadLetterArn === undefined) throw error;
      const attributes = {
        RULE_ARN: ruleArn,
        TARGET_ARN: target.arn,
        ERROR_CODE: 'TARGET_FAILED',
        ERROR_MESSAGE: String(error),
      };
      await sendToTarget(ruleArn, { arn: target.deadLetterArn }, { body, attributes }, context);
    }
  }

  return {
    addRule: (rule) => void rules.set(rule.arn, rule),
    removeRule: (arn) => void rules.delete(arn),
    async put(event) {
      const matching = [...rules.values()].filter(({ enabled, matches }) => enabled && matches(event));
      const deliveries = matching.flatMap((rule) =>
        rule.targets.map((target) =>
          send(rule, target, event).catch((error: unknown) =>
            context.report(`Rule ${rule.arn}, target ${target.arn}: ${String(error)}`),
          ),
        ),
      );
      const work = Promise.all(deliveries).then(() => void running.delete(work));
      running.add(work);
      await work;
    },
    async close() {
      await Promise.all(running);
    },
  };
}
