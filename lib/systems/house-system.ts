import type { Stack, StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { SystemOverview } from '../constructs/dashboards/overview-dashboard.ts';
import type { System } from '../operations/systems/system.ts';

/** What the stack of a system of this house is given. */
export interface HouseStackProps extends StackProps {
  /** Folder of a function's bundle, from `bundleFunctions()`. */
  readonly codeOf: (entry: string) => string;
}

/** A stack, and what the dashboard over all systems shows of it. */
export type HouseStack = new (
  scope: Construct,
  id: string,
  props: HouseStackProps,
) => Stack & { readonly overview: SystemOverview };

/** A reference system: `bin/app.ts` deploys each as a stack of its own. */
export interface HouseSystem extends System {
  readonly stack: () => Promise<HouseStack>;
}
