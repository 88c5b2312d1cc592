import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';

/** What cdk-nag's AwsSolutions find in a scope: rule and construct path. https://github.com/cdklabs/cdk-nag/blob/main/RULES.md#awssolutions */
export const found = (scope: IConstruct, checks = new AwsSolutionsChecks()): string[] =>
  checks
    .validateScope(scope)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map((resource) => `${ruleName} at ${(resource as { constructPath?: string }).constructPath}`),
    );
