import { Template } from 'aws-cdk-lib/assertions';
import { stageNamed } from '../../../bin/stages.ts';
import { resolveStage } from '../../../lib/constructs/stages/resolve-stage.ts';
import { RemindersStack } from '../../../lib/systems/reminders/stack.ts';
import type { TemplateJson } from '../../constructs/template-view.ts';
import { lookAtStack } from '../synthesised.ts';

export const remindersTemplate = (stage: string): TemplateJson =>
  remindersApp(stage, (stack) => Template.fromStack(stack).toJSON() as TemplateJson);

/** Looks at the stack in a stage. */
export const remindersApp = <T>(name: string, look: (stack: RemindersStack) => T): T =>
  lookAtStack(
    (...made) => new RemindersStack(...made),
    'reminders',
    name === 'prod' ? resolveStage('prod', {}) : stageNamed(name),
    look,
  );
