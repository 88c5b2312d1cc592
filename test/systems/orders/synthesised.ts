import { Template } from 'aws-cdk-lib/assertions';
import { resolveStage } from '../../../lib/constructs/stages/resolve-stage.ts';
import type { Stage, StageSettings } from '../../../lib/constructs/stages/stage-settings.ts';
import { OrdersStack } from '../../../lib/systems/orders/stack.ts';
import type { TemplateJson } from '../../constructs/template-view.ts';
import { lookAtStack } from '../synthesised.ts';

/** The template of the orders stack in a stage, or in one of this name with these settings. */
export const ordersTemplate = (stage: string | Stage, settings: StageSettings = {}): TemplateJson =>
  ordersApp(stage, (stack) => Template.fromStack(stack).toJSON() as TemplateJson, settings);

/** Looks at the orders stack in a stage. */
export const ordersApp = <T>(given: string | Stage, look: (stack: OrdersStack) => T, settings: StageSettings = {}): T =>
  lookAtStack(
    (...made) => new OrdersStack(...made),
    'orders',
    typeof given === 'string' ? resolveStage(given, settings) : given,
    look,
  );
